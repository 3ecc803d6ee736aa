// --fix: runs the mends that are marked safe, one after the other, with everything of their output said.
import { cleanEnvironment } from '../host/environment.ts';
import type { Mend } from './check.ts';
import type { Result } from './examine.ts';
import type { Patient } from './patient.ts';

const MEND_MS = 60_000;

export interface Mended {
  command: string;
  ok: boolean;
  /** Its last lines. */
  tail: string[];
}

/** Safe mends of what failed or was warned of, each once. */
export function safeMends(results: readonly Result[]): Mend[] {
  const all = results.flatMap(({ findings }) => findings.flatMap(({ mends }) => mends.filter(({ safe }) => safe)));
  return [...new Map(all.map((mend) => [mend.command, mend])).values()];
}

/** Never throws for a mend that fails: the checks that follow say what is still wrong. */
export async function runMends({ host, paths, secrets }: Patient, mends: readonly Mend[]): Promise<Mended[]> {
  const done: Mended[] = [];
  for (const { command } of mends) {
    const { code, tail } = await host.exec.run(['sh', '-c', command], {
      cwd: paths.root,
      env: cleanEnvironment(host.machine.env),
      timeoutMs: MEND_MS,
      secrets,
      truncate: true,
    });
    done.push({ command, ok: code === 0, tail: tail.slice(-5) });
  }
  return done;
}
