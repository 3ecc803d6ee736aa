// The release lock: a kernel lock on one file that also says who holds it.
import type { HostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { ReleaseError } from '../model/error.ts';
import { formatPairs, parsePairs, plain } from './keyvalue.ts';
import { regularFile } from './place.ts';
import { utcSeconds } from './time.ts';

export interface LockHolder {
  pid: number;
  /** In ticks since boot, as /proc says it. */
  startTime: string;
  bootId: string;
  ticket: string;
  command: string;
  host: string;
  by: string;
  /** UTC, whole seconds. */
  since: string;
}

export interface ReleaseLock {
  readonly holder: LockHolder;
  /** @throws in-doubt where the lock file's path no longer names the file that we hold. */
  assertHeld(): void;
  /** Gives it back; the kernel does so too when the process ends. */
  release(): void;
}

/**
 * Takes the host's one lock. The workspace folder has to be there.
 * @param asked.ticket empty for verbs without one. @param asked.command for people: `release-run 1234`.
 * @throws locked, naming the holder; refused where a link, FIFO or folder is in the lock file's place.
 */
export function takeLock(
  host: Host,
  paths: Pick<HostPaths, 'lock'>,
  asked: { ticket: string; command: string },
): ReleaseLock {
  regularFile(host, paths.lock);
  const lock = host.files.lock(paths.lock);
  if (!lock) throw locked(readHolder(host, paths), paths);
  const { machine } = host;
  const holder: LockHolder = {
    pid: machine.pid,
    startTime: machine.startTime(machine.pid) ?? '',
    bootId: machine.bootId,
    ticket: asked.ticket,
    command: plain(asked.command),
    host: plain(machine.hostname),
    by: plain(machine.user),
    since: utcSeconds(host.clock.now()),
  };
  try {
    lock.write(formatHolder(holder, paths.lock));
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    holder,
    assertHeld() {
      if (lock.stillHeld()) return;
      throw new ReleaseError('in-doubt', {
        what: 'The lock file was removed or replaced while this release held it: another release may be running',
        where: paths.lock,
        hint: ['just release-list', `just release-state${asked.ticket ? ` ${asked.ticket}` : ''}`],
      });
    },
    release: () => lock.release(),
  };
}

/**
 * Who holds the lock, told from what the lock file says of a process that is alive now; the lock itself is not touched.
 * @returns undefined where nobody does. @throws refused where a link, FIFO or folder is in its place.
 */
export function readHolder(host: Host, paths: Pick<HostPaths, 'lock'>): LockHolder | undefined {
  if (!regularFile(host, paths.lock)) return undefined;
  const pairs = parsePairs(host.files.readText(paths.lock, { maxBytes: 64 * 1024 }) ?? '');
  const pid = Number(pairs.PID);
  if (!Number.isSafeInteger(pid) || pid <= 0 || pairs.BOOT_ID !== host.machine.bootId) return undefined;
  // A pid is used again; together with its start time it is not.
  if (!host.machine.alive(pid) || host.machine.startTime(pid) !== pairs.START_TIME) return undefined;
  const { START_TIME = '', BOOT_ID = '', TICKET = '', COMMAND = '', HOST = '', BY = '', SINCE = '' } = pairs;
  return {
    pid,
    startTime: START_TIME,
    bootId: BOOT_ID,
    ticket: TICKET,
    command: COMMAND,
    host: HOST,
    by: BY,
    since: SINCE,
  };
}

function formatHolder(holder: LockHolder, file: string): string {
  const pairs: Array<[string, string]> = [
    ['PID', String(holder.pid)],
    ['START_TIME', holder.startTime],
    ['BOOT_ID', holder.bootId],
    ['TICKET', holder.ticket],
    ['COMMAND', holder.command],
    ['HOST', holder.host],
    ['BY', holder.by],
    ['SINCE', holder.since],
  ];
  return formatPairs(pairs, file);
}

function locked(holder: LockHolder | undefined, paths: Pick<HostPaths, 'lock'>): ReleaseError {
  if (!holder) {
    return new ReleaseError('locked', {
      what: 'Another release holds the lock; it is just beginning or ending, so its name is not known',
      where: paths.lock,
      hint: ['Try again in a moment, or see:', 'just release-list'],
    });
  }
  const { pid, ticket, command, by, since } = holder;
  const whose = ticket ? `release ${ticket}` : 'another command';
  return new ReleaseError('locked', {
    what: `The lock is held by ${whose}: ${command}, process ${pid} of ${by}, since ${since}`,
    where: paths.lock,
    hint: ticket
      ? [`just release-log ${ticket} --follow`, `just release-state ${ticket}`]
      : ['Wait until it has ended.'],
  });
}
