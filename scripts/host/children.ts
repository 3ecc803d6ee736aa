// Starting a child that leads a session and group of its own, and ending it with everything that it started.
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { badInput, refused } from '../model/error.ts';
import type { Enclosure } from './enclosure.ts';
import { allPids, isAlive, processStat, readProc } from './proc.ts';
import { errorCode } from './safe-open.ts';

const MARK = 'ASD_MARK';
const POLL_MS = 15;
const SWEEPS = 50;

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EPERM'].includes(errorCode(error) ?? ''))
      return false;
    throw error;
  }
}

/** Absolute path of a program; one with a slash is taken from the folder. */
export function findProgram(program: string, path: string, cwd?: string): string | undefined {
  if (program === '') return undefined;
  if (program.includes('/')) {
    const file = resolve(cwd ?? '.', program);
    return isProgram(file) ? file : undefined;
  }
  for (const folder of path.split(delimiter)) {
    if (!folder.startsWith('/')) continue;
    const file = join(folder, program);
    if (isProgram(file)) return file;
  }
  return undefined;
}

export interface ChildOptions {
  cwd?: string;
  env: Record<string, string>;
  mark?: string;
  enclosure?: Enclosure;
}

/** Open file descriptors that the child gets as 0, 1 and 2. They stay the caller's to close. */
export interface ChildStreams {
  stdin: number | 'ignore';
  stdout: number | 'ignore';
  stderr: number | 'ignore';
}

export interface Child {
  readonly pid: number;
  readonly exited: Promise<{ code: number | undefined; signal: string | undefined }>;
  /** It does not keep us alive any more. */
  forget(): void;
}

/** @throws refused where program or folder are not there or it cannot be started, bad-input for a NUL in an argument. */
export function startChild(argv: readonly string[], options: ChildOptions, streams: ChildStreams): Child {
  const [program = ''] = argv;
  const env = options.mark === undefined ? options.env : { ...options.env, [MARK]: options.mark };
  if ([...argv, ...Object.entries(env).flat()].some((text) => text.includes('\0'))) {
    throw badInput({ what: `an argument or environment value of ${JSON.stringify(program)} contains a NUL character` });
  }
  if (options.cwd !== undefined && !statSync(options.cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw refused({ what: `the folder ${options.cwd}, in which ${program} was to run, is not there` });
  }
  const file = findProgram(program, env.PATH ?? '', options.cwd);
  if (file === undefined) {
    throw refused({
      what: `the program ${JSON.stringify(program)} is not there or not executable`,
      hint: program.includes('/')
        ? `Look at its mode: ls -l ${program}`
        : `Install it, or put its folder on PATH (now: ${env.PATH ?? ''}).`,
    });
  }
  try {
    const { stdin, stdout, stderr } = streams;
    const command = [file, ...argv.slice(1)];
    const child = Bun.spawn(options.enclosure?.command(command) ?? command, {
      argv0: options.enclosure === undefined ? program : 'sh',
      env,
      stdio: [stdin, stdout, stderr],
      // setsid: a hang-up of our terminal does not reach it, and its group has its pid.
      detached: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const exited = child.exited.then(() => ({
      code: child.exitCode ?? undefined,
      signal: child.signalCode === null ? undefined : String(child.signalCode),
    }));
    return { pid: child.pid, exited, forget: () => child.unref() };
  } catch (error) {
    const why =
      errorCode(error) === 'E2BIG'
        ? 'its arguments and environment are too long'
        : error instanceof Error
          ? error.message
          : String(error);
    throw refused({ what: `${program} could not be started: ${why}`, where: file }, error);
  }
}

/** Sends a signal to a process or, with a negative number, a group. @returns false where there is none. */
export function send(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
    // Somebody else's by now, or setuid: there, but not ours to end.
    if (errorCode(error) === 'EPERM') return true;
    throw error;
  }
}

/** Something of its group runs. Zombies do not count: whoever adopted them may take its time to reap them. */
function runs(child: Child): boolean {
  if (isAlive(processStat(child.pid))) return true;
  if (!send(-child.pid, 0)) return false;
  return allPids()
    .map(processStat)
    .some((stat) => stat?.group === child.pid && isAlive(stat));
}

/** TERM to the child's group, and KILL to what is left of it after `graceMs`. Resolves when the group is empty or was killed. */
export async function endGroup(child: Child, graceMs: number): Promise<void> {
  if (!send(-child.pid, 'SIGTERM')) return;
  for (const end = performance.now() + graceMs; performance.now() < end; await Bun.sleep(POLL_MS)) {
    if (!runs(child)) return;
  }
  send(-child.pid, 'SIGKILL');
  await child.exited;
}

/** Processes that carry the mark in their environment, wherever they went; without this one. */
export function marked(mark: string): number[] {
  const entry = `\0${MARK}=${mark}\0`;
  return allPids().filter(
    (pid) => pid !== process.pid && `\0${readProc(pid, 'environ')?.toString('latin1')}`.includes(entry),
  );
}

/** Processes whose mark is the given one, or begins with it and a dot; without this one. */
export function markedBelow(session: string): number[] {
  const exact = `\0${MARK}=${session}\0`;
  const below = `\0${MARK}=${session}.`;
  return allPids().filter((pid) => {
    const environ = `\0${readProc(pid, 'environ')?.toString('latin1')}`;
    return pid !== process.pid && (environ.includes(exact) || environ.includes(below));
  });
}

/** Kills every process whose mark is the given one, or begins with it and a dot. @returns how many there were. */
export async function endMarked(session: string): Promise<number> {
  const killed = new Set<number>();
  const find = (): number[] => markedBelow(session);
  for (let sweep = 0, pids = find(); sweep < SWEEPS && pids.length > 0; sweep += 1, pids = find()) {
    for (const pid of pids) {
      killed.add(pid);
      send(pid, 'SIGKILL');
    }
    await Bun.sleep(POLL_MS);
  }
  return killed.size;
}

/** Kills the group's rest and whatever carries the mark, until nothing is left. @returns how many had to be killed. */
export async function killStragglers(child: Child, mark: string | undefined): Promise<number> {
  const killed = new Set<number>();
  send(-child.pid, 'SIGKILL');
  if (mark === undefined) return 0;
  // Again and again, since one of them may have forked between our look and our signal.
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const pids = marked(mark);
    if (pids.length === 0) break;
    for (const pid of pids) {
      killed.add(pid);
      send(pid, 'SIGKILL');
    }
    await Bun.sleep(sweep === 0 ? 1 : POLL_MS);
  }
  return killed.size;
}
