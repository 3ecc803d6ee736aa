// A verb in the background: its signals, the frozen engine that works for it, and its sudden end.
import { commandLine, descendants, kill, type Result, startCommand, until } from './process.ts';

export interface Background {
  readonly pid: number;
  readonly ended: Promise<Result>;
  signal(signal: NodeJS.Signals): void;
  /** pid of the frozen engine that does the work. */
  engine(): Promise<number>;
  /** kill -9 of the engine; `all`: of whatever it started, too (a power cut). */
  crash(all?: 'all'): Promise<Result>;
}

/** @param keepers pids that a crash of everything spares. */
export function startVerb(
  argv: readonly string[],
  cwd: string,
  env: Record<string, string>,
  keepers: () => number[],
): Background {
  const { pid, ended } = startCommand(argv, cwd, env);
  const engine = () =>
    until(`the engine of ${argv.join(' ')}`, () =>
      descendants(pid).find((each) => /\/engine\/[0-9a-f]{16}\/engine\.js /.test(commandLine(each))),
    );
  return {
    pid,
    ended,
    signal: (signal) => kill(pid, signal),
    engine,
    async crash(all) {
      const own = await engine();
      const below = all === 'all' ? descendants(own).filter((each) => !keepers().includes(each)) : [];
      for (const each of [own, ...below]) kill(each, 'SIGKILL');
      return await ended;
    },
  };
}
