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

type Manager = 'apt-get' | 'dnf' | 'apk' | 'pacman' | 'zypper';

const INSTALLS: Record<Manager, string> = {
  'apt-get': 'apt-get install --yes',
  dnf: 'dnf install --assumeyes',
  apk: 'apk add',
  pacman: 'pacman --sync --noconfirm',
  zypper: 'zypper --non-interactive install',
};

/** Packages that distributions call differently; a list is tried one after the other. Any other is called as its program. */
const NAMES: Record<string, Record<Manager, readonly string[]>> = {
  docker: { 'apt-get': ['docker.io'], dnf: ['moby-engine'], apk: ['docker'], pacman: ['docker'], zypper: ['docker'] },
  // The first is of Docker's own repository, the second of Ubuntu.
  compose: {
    'apt-get': ['docker-compose-plugin', 'docker-compose-v2', 'docker-compose'],
    dnf: ['docker-compose-plugin', 'docker-compose'],
    apk: ['docker-cli-compose'],
    pacman: ['docker-compose'],
    zypper: ['docker-compose'],
  },
};

/** By this host's own package manager. @param program what is lacking. */
export function installing({ host }: Patient, program: string): Mend {
  const managers = Object.keys(INSTALLS) as Manager[];
  const manager = managers.find((each) => host.exec.which(each) !== undefined) ?? 'apt-get';
  const names = NAMES[program]?.[manager] ?? [program];
  return mend(names.map((name) => `${INSTALLS[manager]} ${name}`).join(' || '), `install ${program}`);
}
