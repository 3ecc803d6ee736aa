// A control group of its own for what people wrote: nothing that it starts gets out of it by a new session or an empty environment.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { send } from './children.ts';
import { errorCode } from './safe-open.ts';

const PREFIX = 'belay-hook-';
const POLL_MS = 5;
const POLLS = 400;
const DEEPEST = 8;
/** The kernel does not offer it, or it is not ours to use: then there is only the mark. */
const NOT_TO_BE_HAD = [
  'ENOENT',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTDIR',
  'ENODEV',
  'ENOSPC',
  'EAGAIN',
  'EOPNOTSUPP',
  'EBUSY',
];
/** It goes in before it becomes the program. Where it may not, it runs all the same. */
const ENTER = 'echo $$ 2>/dev/null >"$0"; exec "$@"';

function orUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (NOT_TO_BE_HAD.includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

const readText = (path: string): string => orUndefined(() => readFileSync(path, 'latin1')) ?? '';

/** Where control groups of version 2 are; undefined where there are none. */
function mounted(): string | undefined {
  return /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(readText('/proc/self/mountinfo'))?.[1];
}

export interface Enclosure {
  /** Runs in it. @param argv its program is an absolute path. */
  command(argv: readonly string[]): string[];
  /** Kills what is still in it, and takes it away. @returns how many there were. */
  end(): Promise<number>;
}

/** @returns undefined where this machine offers none to this user. */
export function openEnclosure(mark: string): Enclosure | undefined {
  const mount = mounted();
  const own = /^0::(\/.*)$/m.exec(readText('/proc/self/cgroup'))?.[1];
  if (mount === undefined || own === undefined) return undefined;
  const folder = join(mount, own, `${PREFIX}${mark}`);
  if (orUndefined(() => mkdirSync(folder, { recursive: true }) ?? true) === undefined) return undefined;
  return {
    command: (argv) => ['/bin/sh', '-c', ENTER, join(folder, 'cgroup.procs'), ...argv],
    end: () => endGroup(folder),
  };
}

const pidsIn = (folder: string): number[] =>
  readText(join(folder, 'cgroup.procs'))
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);

async function endGroup(folder: string): Promise<number> {
  const killed = new Set<number>();
  for (let polls = 0; polls < POLLS; polls += 1) {
    if (orUndefined(() => rmdirSync(folder) ?? true) === true || !existsSync(folder)) break;
    const pids = pidsIn(folder);
    for (const pid of pids) killed.add(pid);
    // All at once, so that nobody forks in between; kernels before 5.14 have no such file.
    if (orUndefined(() => writeFileSync(join(folder, 'cgroup.kill'), '1', { flag: 'r+' }) ?? true) === undefined)
      for (const pid of pids) send(pid, 'SIGKILL');
    await Bun.sleep(POLL_MS);
  }
  return killed.size;
}

/** Ends what an earlier process left in the enclosures of a mark, or of one that begins with it and a dot. @returns how many. */
export async function endEnclosures(session: string): Promise<number> {
  const mount = mounted();
  if (mount === undefined) return 0;
  let killed = 0;
  for (const folder of foldersBelow(mount, DEEPEST)) {
    const name = folder.slice(folder.lastIndexOf('/') + 1);
    if (name === `${PREFIX}${session}` || name.startsWith(`${PREFIX}${session}.`)) killed += await endGroup(folder);
  }
  return killed;
}

function foldersBelow(folder: string, depth: number): string[] {
  if (depth === 0) return [];
  const entries = orUndefined(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  return folders.flatMap((each) => [...foldersBelow(each, depth - 1), each]);
}
