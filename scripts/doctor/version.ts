// Versions of programs, and the command by which this kind of host installs one.
import { cleanEnvironment } from '../host/environment.ts';
import { ReleaseError } from '../model/error.ts';
import { type Mend, mend } from './check.ts';
import type { Patient } from './patient.ts';

const VERSION_MS = 10_000;

/** The first thing that looks like a version in what the command prints; undefined where it does not run. */
export async function versionOf({ host }: Patient, argv: readonly string[]): Promise<string | undefined> {
  try {
    const result = await host.exec.run(argv, {
      cwd: '/',
      env: cleanEnvironment(host.machine.env),
      timeoutMs: VERSION_MS,
      maxStdoutBytes: 64 * 1024,
      truncate: true,
    });
    return result.code === 0 ? /\d+\.\d+(?:\.\d+)*/.exec(result.stdout)?.[0] : undefined;
  } catch (error) {
    // It cannot even be started.
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}

/** Whether a version is the wanted one or newer, number by number. */
export function atLeast(version: string, wanted: string): boolean {
  const [have, need] = [version, wanted].map((text) => text.split('.').map(Number));
  for (const [index, number] of (need ?? []).entries()) {
    const own = have?.[index] ?? 0;
    if (own !== number) return own > number;
  }
  return true;
}

const MANAGERS: ReadonlyArray<readonly [program: string, command: string]> = [
  ['apt-get', 'apt-get install --yes'],
  ['dnf', 'dnf install --assumeyes'],
  ['apk', 'apk add'],
  ['pacman', 'pacman --sync --noconfirm'],
  ['zypper', 'zypper --non-interactive install'],
];

/** @param name of the package, as Debian calls it. */
export function installing({ host }: Patient, name: string): Mend {
  const known = MANAGERS.find(([program]) => host.exec.which(program) !== undefined) ?? MANAGERS[0];
  return mend(`${known?.[1]} ${name}`, `install ${name}`);
}
