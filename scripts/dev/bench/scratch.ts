// A temporary folder for one bench, and the environment that everything in it runs with.
import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_PATH } from '../engine/packages.ts';
import { CHECKOUT } from './program.ts';

const ENGINE = ['scripts', 'package.json', 'bun.lock', 'bunfig.toml', 'justfile'];

export interface Scratch {
  folder: string;
  /** A copy of this checkout's engine: an edit in the middle of a bench changes nothing of it. */
  engine: string;
  /** Programs of the system, the engine's own just, a git identity, nothing of the caller's. */
  env: Record<string, string>;
  /** Closes what a signal would leave behind. */
  closeLater(close: () => Promise<void>): void;
  /** For a bench that was interrupted: closes all that was opened. */
  closeAll(): Promise<void>;
  remove(): void;
}

export function openScratch(): Scratch {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-bench-')));
  const engine = join(folder, 'engine');
  for (const name of ENGINE) cpSync(join(CHECKOUT, name), join(engine, name), { recursive: true });
  symlinkSync(join(CHECKOUT, 'node_modules'), join(engine, 'node_modules'));
  const closers: Array<() => Promise<void>> = [];
  const identity = { NAME: 'Bench', EMAIL: 'bench@example.org' };
  return {
    folder,
    engine,
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
    closeLater: (close) => void closers.push(close),
    closeAll: async () => void (await Promise.allSettled(closers.map((close) => close()))),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
