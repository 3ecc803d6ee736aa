// System calls of a real release that a real kernel refuses: `strace -e inject`, one call after the other. What the port's own files miss shows here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endAll, startCommand } from '../../../../tests/scenarios/harness/process.ts';
import { SYSTEM_PATH } from '../../engine/packages.ts';
import { seeded } from '../../simulation/world.ts';
import type { Wish } from '../long-form.ts';
import { folderCopies } from './folder.ts';
import { type RealHosts, realForm } from './form.ts';
import { openRealHost, type RealHost, T } from './host.ts';
import { prepare, recover } from './recover.ts';

const WRITES = ['ENOSPC', 'EIO', 'EDQUOT'] as const;
const NAMES = [...WRITES, 'EROFS'] as const;
/** What each call can be refused with. */
const ERRORS: Record<string, readonly string[]> = {
  openat: [...NAMES, 'EMFILE'],
  write: WRITES,
  pwrite64: WRITES,
  fsync: WRITES,
  fdatasync: WRITES,
  ftruncate: WRITES,
  rename: NAMES,
  renameat2: NAMES,
  mkdir: NAMES,
  mkdirat: NAMES,
  link: NAMES,
  symlink: NAMES,
  unlink: ['EIO', 'EROFS'],
  unlinkat: ['EIO', 'EROFS'],
  rmdir: ['EIO', 'EROFS'],
  chmod: ['EIO', 'EROFS'],
  fchmod: ['EIO', 'EROFS'],
};

interface Call {
  call: string;
  /** Its number among the calls of this name of its thread: strace counts each thread's own. */
  nth: number;
  path: string;
}

const strace = (host: RealHost, options: readonly string[]) => {
  const argv = ['strace', '-f', '--seccomp-bpf', '-qq', '-y', '-s', '0', '-o', join(host.folder, 'trace'), ...options];
  return startCommand([...argv, '--', ...host.command('release-run', [T])], host.prod, host.env).ended;
};

/** Calls on files of the host, each once, from a run that nothing disturbs. */
function callsOf(trace: string, prod: string): Call[] {
  const counted = new Map<string, number>();
  const found = new Map<string, Call>();
  /** Calls of the engine's own first thread that are on no file of the host: without them Bun would not even start. */
  const outside = new Set<string>();
  let first: string | undefined;
  for (const line of trace.split('\n')) {
    const [, pid, call, rest] = /^(\d+) +(\w+)\((.*)/.exec(line) ?? [];
    if (pid === undefined || call === undefined || rest === undefined) continue;
    first ??= pid;
    const nth = (counted.get(`${pid} ${call}`) ?? 0) + 1;
    counted.set(`${pid} ${call}`, nth);
    const path = rest.includes(`${prod}/`) ? /[^"<>]*/.exec(rest.slice(rest.indexOf(`${prod}/`)))?.[0] : undefined;
    const inside = path !== undefined && !path.includes('/.asd/workspace/engine/');
    if (inside) found.set(`${call} ${nth}`, { call, nth, path: path.slice(prod.length + 1) });
    else if (pid === first) outside.add(`${call} ${nth}`);
  }
  return [...found].filter(([key]) => !outside.has(key)).map(([, call]) => call);
}

async function open({ seed }: Wish): Promise<RealHosts> {
  const host = await openRealHost();
  try {
    const copies = folderCopies(host);
    const expected = await prepare(host, copies);
    await copies.load('begin');
    await strace(host, ['-e', `trace=${Object.keys(ERRORS).join(',')}`]);
    const calls = callsOf(readFileSync(join(host.folder, 'trace'), 'utf8'), host.prod);
    const random = seeded(seed);
    const points = calls
      .toSorted((a, b) => (a.call === b.call ? a.nth - b.nth : a.call < b.call ? -1 : 1))
      .flatMap((call) => (ERRORS[call.call] ?? []).map((error) => ({ ...call, error, order: random() })))
      .toSorted((a, b) => a.order - b.order);
    const visit: RealHosts['visit'] = async (at) => {
      const point = points[at];
      if (point === undefined) return 'missed';
      await copies.load('begin');
      const { call, nth, error, path } = point;
      const ended = await strace(host, ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${nth}`]);
      // The number of calls differs a little from run to run.
      const struck = /^\d+ +\w+\((.*)\(INJECTED\)/m.exec(readFileSync(join(host.folder, 'trace'), 'utf8'))?.[1];
      if (struck === undefined) return 'missed';
      await endAll(host.folder);
      const was = struck.replaceAll(host.prod, '').slice(0, 160);
      const where = `${call} ${nth} (${path}) refused with ${error}, it was ${was}`;
      return { where, what: await recover(host, copies, expected, ended) };
    };
    return { visit, close: host.close };
  } catch (error) {
    await host.close();
    throw error;
  }
}

export const STRACE = realForm({
  kind: 'strace',
  what: 'real kernel: a system call of a release refused through strace',
  count: 200,
  lacks: () => (Bun.which('strace', { PATH: SYSTEM_PATH }) === null ? 'strace is not installed' : undefined),
  open,
});
