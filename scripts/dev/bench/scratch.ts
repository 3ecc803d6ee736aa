// A temporary folder for one bench, and the environment that everything in it runs with.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_PATH } from '../engine/packages.ts';
import { CHECKOUT } from './program.ts';

export interface Scratch {
  folder: string;
  /** Programs of the system, the engine's own just, a git identity, nothing of the caller's. */
  env: Record<string, string>;
  remove(): void;
}

export function openScratch(): Scratch {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-bench-')));
  const identity = { NAME: 'Bench', EMAIL: 'bench@example.org' };
  return {
    folder,
    env: {
      PATH: [join(CHECKOUT, 'node_modules', `rust-just-linux-${process.arch}`, 'bin'), SYSTEM_PATH].join(':'),
      HOME: folder,
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      ...Object.fromEntries(
        ['AUTHOR', 'COMMITTER'].flatMap((who) =>
          Object.entries(identity).map(([key, value]) => [`GIT_${who}_${key}`, value]),
        ),
      ),
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
