// Commands of a scenario, in the foreground and in the background, and the processes that belong to its folder.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Result {
  /** Exit code; 128 where a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
  /** Both streams, for messages that may be on either. */
  text: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<Result>;
}

/** Starts a command with its output captured. @param env the whole environment. */
export function startCommand(argv: readonly string[], cwd: string, env: Record<string, string>): Started {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '', text: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8');
    child[name].on('data', (chunk: string) => {
      out[name] += chunk;
      out.text += chunk;
    });
  }
  const ended = new Promise<Result>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 128, ...out }));
  });
  return { child, pid: child.pid ?? 0, ended };
}

export const runCommand = (argv: readonly string[], cwd: string, env: Record<string, string>): Promise<Result> =>
  startCommand(argv, cwd, env).ended;

/** @throws Error with what it printed where the command does not exit 0. @returns its standard output, trimmed. */
export async function mustRun(argv: readonly string[], cwd: string, env: Record<string, string>): Promise<string> {
  const { code, stdout, text } = await runCommand(argv, cwd, env);
  if (code !== 0) throw new Error(`${argv.join(' ')} exited ${code}: ${text}`);
  return stdout.trim();
}

/** @returns undefined where the process is gone or a zombie. */
function stat(pid: number): { parent: number; state: string } | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' || fields[0] === 'Z' ? undefined : { parent: Number(fields[1]), state: fields[0] ?? '' };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // It ended while we looked, or is somebody else's.
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}

function folderOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}

const pids = (): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);

export const isAlive = (pid: number): boolean => stat(pid) !== undefined;

/** Held by SIGSTOP. */
export const isHeld = (pid: number): boolean => stat(pid)?.state === 'T';

export const commandLine = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();

/** Children, their children and so on, deepest last. */
export function descendants(pid: number): number[] {
  const parents = new Map(pids().map((each) => [each, stat(each)?.parent]));
  const below = (of: number): number[] =>
    [...parents].filter(([, parent]) => parent === of).flatMap(([each]) => [each, ...below(each)]);
  return below(pid);
}

/** Processes that have the folder in their working directory, environment or arguments. */
export function processesOf(folder: string): number[] {
  return pids().filter((pid) => {
    if (stat(pid) === undefined) return false;
    if (`${folderOf(pid)}/`.startsWith(`${folder}/`)) return true;
    return ['environ', 'cmdline'].some((file) => read(`/proc/${pid}/${file}`).includes(folder));
  });
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** TERM, then KILL, to every process of the folder. @returns what stayed. */
export async function endAll(folder: string): Promise<string[]> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of processesOf(folder)) kill(pid, signal);
    for (let waited = 0; waited < 3_000 && processesOf(folder).length > 0; waited += 25) await Bun.sleep(25);
  }
  return processesOf(folder).map((pid) => `process ${pid}: ${commandLine(pid)}`);
}

/** Polls until `look` gives something. @throws Error with `what` after `withinMs`. */
export async function until<T>(
  what: string | (() => string),
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 90_000,
): Promise<T> {
  for (const end = performance.now() + withinMs; performance.now() < end; await Bun.sleep(5)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`not within ${withinMs / 1000} s: ${typeof what === 'string' ? what : what()}`);
}
