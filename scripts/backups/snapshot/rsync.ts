// The one program that copies for snapshots: rsync, with everything that a copy has to keep, and never in place.
import { ReleaseError, stepFailed } from '../../model/error.ts';
import { toolOptions } from '../archive.ts';
import type { BackupContext } from '../kind.ts';

/**
 * Owners by number, modes, times, hard links, access lists, attributes, holes, devices and pipes. Without the window, times count by seconds;
 * with the list of files in pieces, rsync 3.5.0 loses hard links of what it found elsewhere, and ends.
 */
export const RSYNC_KEEPS = [
  '--archive',
  '--hard-links',
  '--acls',
  '--xattrs',
  '--sparse',
  '--numeric-ids',
  '--modify-window=-1',
  '--no-inc-recursive',
] as const;
/** Its exit code for files that went while it looked. */
const VANISHED = 24;
/** How long others wait for their turn. */
const BREATH_MS = 50;

export interface Copy {
  /** What is done, for the sentence of a failure. */
  what: string;
  /** The content of this folder goes ... */
  from: string;
  /** ... into this one. */
  to: string;
  options: readonly string[];
  /** What is read may change meanwhile. */
  mayChange?: boolean;
}

/** @returns rsync's standard output. @throws step-failed. */
export async function rsync(context: BackupContext, copy: Copy): Promise<string> {
  const argv = ['rsync', ...RSYNC_KEEPS, ...copy.options, '--', `${copy.from}/`, `${copy.to}/`];
  const result = await context.host.exec.run(argv, toolOptions(context));
  if (result.code === 0 || (copy.mayChange && result.code === VANISHED)) return result.stdout;
  if (result.timedOut) throw stepFailed({ what: `${copy.what} took too long and was ended`, where: copy.to });
  throw stepFailed({
    what: `${copy.what} failed`,
    where: copy.to,
    details: result.tail.slice(-10),
    ...(result.code === undefined ? {} : { rc: result.code }),
  });
}

/** What takes long is ended by this, as a program is by its time-out. */
export function patience(context: BackupContext): AbortSignal {
  const deadline = context.host.clock.deadline(context.timeoutMs);
  return context.signal === undefined ? deadline : AbortSignal.any([context.signal, deadline]);
}

/** Lets others have their turn while many entries are looked at; @throws step-failed where the time is over. */
export function breather(context: BackupContext, signal: AbortSignal, what: string): () => Promise<void> {
  const { clock } = context.host;
  let last = clock.monotonicMs();
  return async () => {
    if (signal.aborted) throw stepFailed({ what: `${what} took too long or was stopped` });
    if (clock.monotonicMs() - last < BREATH_MS) return;
    await clock.sleep(0);
    last = clock.monotonicMs();
  };
}

/** An abort in the words of a failure. */
export const orTooLong = (error: unknown, signal: AbortSignal, what: string): unknown =>
  signal.aborted && !(error instanceof ReleaseError)
    ? stepFailed({ what: `${what} took too long or was stopped` }, error)
    : error;

/** By size and time, so that it is quick. @param have a folder that has most of it. @returns undefined where it takes longer than `patienceMs`, or cannot be told. */
export async function bytesToCopy(
  context: BackupContext,
  from: string,
  have: string,
  patienceMs: number,
): Promise<number | undefined> {
  const argv = ['rsync', ...RSYNC_KEEPS, '--dry-run', '--stats', '--', `${from}/`, `${have}/`];
  const result = await context.host.exec.run(argv, { ...toolOptions(context), timeoutMs: patienceMs, graceMs: 100 });
  const size = result.stdout.match(/^Total transferred file size: ([\d,.]+) bytes/m)?.[1];
  return result.code !== 0 || size === undefined ? undefined : Number(size.replaceAll(/[,.]/g, ''));
}
