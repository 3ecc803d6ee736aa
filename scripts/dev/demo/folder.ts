// The demo's temporary folder, the commands run in it, and their end: whatever still has to do with the folder is ended with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { output, typed } from './show.ts';

export interface Folder {
  readonly path: string;
  readonly engine: string;
  /** For everything that the demo starts. Kinds add to it (PM2_HOME, DOCKER_HOST). */
  readonly env: Record<string, string>;
  /** Runs a command, showing it and its output. `shown` is what is printed instead of argv, `most` how many lines of output. @returns exit code and output. */
  run(
    argv: readonly string[],
    options: { cwd: string; shown?: string; env?: Record<string, string>; quiet?: boolean; most?: number },
  ): Promise<{ code: number; lines: string[] }>;
  /** Ends the command that runs now; no other begins. */
  interrupt(): void;
  readonly interrupted: boolean;
  /** Ends everything that has to do with the folder, and removes it. @returns what could not be taken away. */
  close(): Promise<string[]>;
}

export function openFolder(): Folder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'belay-demo-')));
  const engine = realpathSync(join(import.meta.dir, '..', '..', '..'));
  const just = join(engine, 'node_modules', `rust-just-linux-${process.arch}`, 'bin');
  const env: Record<string, string> = {
    PATH: [just, join(engine, 'node_modules', '.bin'), process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'].join(':'),
    HOME: process.env.HOME ?? path,
    LANG: process.env.LANG ?? 'C.UTF-8',
    USER: process.env.USER ?? userInfo().username,
    TERM: 'dumb',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  let child: ChildProcess | undefined;
  let over = false;
  const folder: Folder = {
    path,
    engine,
    env,
    run: async (argv, { cwd, shown, env: more, quiet, most = Number.POSITIVE_INFINITY }) => {
      if (over) throw new Error('interrupted');
      if (!quiet) typed(shown ?? argv.join(' '));
      const [program = '', ...args] = argv;
      child = spawn(program, args, { cwd, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
      const lines: string[] = [];
      const read = async (stream: NodeJS.ReadableStream | null) => {
        if (!stream) return;
        for await (const line of createInterface({ input: stream })) {
          lines.push(line);
          if (!quiet && lines.length <= most) output(line);
        }
      };
      const ended = new Promise<number>((resolve, reject) => {
        child?.once('error', reject);
        child?.once('exit', (code, signal) => resolve(code ?? (signal ? 128 : 1)));
      });
      const [code] = await Promise.all([ended, read(child.stdout), read(child.stderr)]);
      if (!quiet && lines.length > most) output(`... and ${lines.length - most} more lines`);
      return { code, lines };
    },
    get interrupted() {
      return over;
    },
    interrupt: () => {
      over = true;
      if (child && child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    },
    close: async () => {
      const left = await endAll(path);
      rmSync(path, { recursive: true, force: true });
      if (existsSync(path)) left.push(path);
      return left;
    },
  };
  return folder;
}

/** Ends whatever has the folder (whose name nobody else uses) in its working directory, environment or arguments. @returns what stayed. */
async function endAll(path: string): Promise<string[]> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of processesOf(path)) kill(pid, signal);
    for (let waited = 0; waited < 3_000 && processesOf(path).length > 0; waited += 50) await Bun.sleep(50);
  }
  return processesOf(path).map((pid) => `process ${pid}`);
}

const processesOf = (path: string): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && belongs(pid, path));

function belongs(pid: number, path: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    if (stat.slice(stat.lastIndexOf(')')).startsWith(') Z')) return false;
    if (`${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${path}/`)) return true;
    return ['environ', 'cmdline'].some((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
