// The watchdog over one release. It looks often, and acts only under the lock; what counts is on disk, so that it may be killed at any time.
import { type HostPaths, ticketPaths } from '../../host/paths.ts';
import type { Host } from '../../host/port.ts';
import { decide, type Guard, guardFiles, momentNow, readGuard } from '../../journal/guard.ts';
import { type ReleaseLock, readHolder, takeLock } from '../../journal/lock.ts';
import { readLog } from '../../journal/log.ts';
import { readRelease } from '../../journal/records.ts';
import { hasStepped, leftMs, type Moment } from '../../model/deadline.ts';
import { EXIT, ReleaseError } from '../../model/error.ts';
import type { ReleaseState } from '../../model/release.ts';
import { isFinished } from '../../plan/next.ts';
import { announce } from '../announce.ts';
import { type Context, openContext } from '../context.ts';
import { locked } from '../locked.ts';
import { openRecords } from '../records-context.ts';
import type { World } from '../world.ts';
import { hands } from './hands.ts';
import { type HealthWatch, openHealthWatch } from './health-watch.ts';
import { openGuardLog } from './journal.ts';
import { failedTries, isLeftToPeople, type Settled, settleGuard } from './settle.ts';

const LOOK_EVERY_MS = 500;
const PROBE_EVERY_MS = 10_000;
/** Before the second, third and fourth try of a revert. */
const BACK_OFF_MS = [5_000, 20_000, 60_000];

/** Whether the lock is worth taking; a look at the disk, nothing else. */
export function isDue(guard: Guard, state: ReleaseState | undefined, now: Moment): boolean {
  const { armed, verdict } = guard;
  if (verdict || !armed || !state) return true;
  if (leftMs(armed, now) <= 0 || hasStepped(armed, now) || isFinished(state)) return true;
  if (state.releaseStatus === 'halted' && state.mergeSha !== state.targetSha) return true;
  return armed.stage === 'window' && state.releaseStatus !== 'awaiting-confirm';
}

/** Until nothing waits any more, or only a person can go on. @returns the exit code; 0 also where another one watches already. */
export async function keepWatch(world: World, ticket: string): Promise<number> {
  const { host } = world;
  const paths = await openRecords(world);
  const files = guardFiles(paths, ticket);
  if (!readGuard(host, paths, ticket)) return EXIT.ok;
  const own = watchLock(host, files.watch, ticket);
  if (!own) return EXIT.ok;
  const stop = new AbortController();
  const unlisten = host.own.onStop(() => stop.abort());
  const lookout = openLookout(world, paths, ticket);
  try {
    while (!stop.signal.aborted) {
      const settled = await lookout.look();
      if (settled !== 'open' && settled !== 'failed') return EXIT.ok;
      await host.clock.sleep(settled === 'failed' ? lookout.backOffMs() : LOOK_EVERY_MS, stop.signal);
    }
    return EXIT.stopped;
  } finally {
    unlisten();
    own.release();
  }
}

/** undefined where another one has it. */
function watchLock(host: Host, lock: string, ticket: string): ReleaseLock | undefined {
  try {
    return takeLock(host, { lock }, { ticket, command: `release-sweep ${ticket} --stay` });
  } catch (error) {
    if (error instanceof ReleaseError && error.kind === 'locked') return undefined;
    throw error;
  }
}

interface Lookout {
  look(): Promise<Settled>;
  /** After a revert that failed. */
  backOffMs(): number;
}

function openLookout(world: World, paths: HostPaths, ticket: string): Lookout {
  const { host } = world;
  const files = ticketPaths(paths, ticket);
  const id = readGuard(host, paths, ticket)?.armed?.id;
  let watch: HealthWatch | undefined;
  let probedMs = Number.NEGATIVE_INFINITY;

  /** With the settings that the release began with: what is there now may not even parse. */
  const underLock = async <T>(act: (context: Context, lock: ReleaseLock) => Promise<T>): Promise<T | undefined> => {
    const config = readGuard(host, paths, ticket)?.armed?.config;
    try {
      return await locked(world, ticket, `release-sweep ${ticket}`, act, {
        unswept: ticket,
        ...(config ? { config } : {}),
      });
    } catch (error) {
      if (error instanceof ReleaseError && error.kind === 'locked') return undefined;
      throw error;
    }
  };

  const probe = async (guard: Guard): Promise<void> => {
    probedMs = host.clock.monotonicMs();
    const config = guard.armed?.config;
    const context = await openContext(world, { holder: false, ...(config ? { config } : {}) });
    watch ??= await openHealthWatch(context, ticket);
    const changes = (await watch?.probe()) ?? [];
    const ill = changes.find(({ problem }) => problem !== undefined);
    if (changes.length === 0 || readHolder(host, paths)) return;
    await underLock(async (held, lock) => {
      const { log } = openGuardLog(held, lock, ticket, undefined);
      for (const { service, problem } of changes)
        await announce(held, log, 'confirm', problem === undefined ? 'healthy' : 'unhealthy', {
          service,
          ...(problem === undefined ? {} : { reason: problem.slice(0, 500) }),
        });
    });
    if (ill && guard.armed?.watch === 'revert')
      decide(host, paths, ticket, { kind: 'revert', cause: `${ill.service} is not healthy`, by: '', manual: false });
  };

  return {
    async look() {
      const guard = readGuard(host, paths, ticket);
      if (!guard || (guard.armed && guard.armed.id !== id)) return 'final';
      // Whoever holds the lock is at work on this host, and may hold its services still.
      if (readHolder(host, paths)) return 'open';
      const { state } = readRelease(host, files, ticket);
      if (guard.verdict && state && isLeftToPeople(guard.verdict, state, readLog(host, files.log).events))
        return 'over';
      if (isDue(guard, state, momentNow(host)))
        return (await underLock((context, lock) => settleGuard(context, lock, ticket, hands))) ?? 'open';
      const waits = guard.armed?.stage === 'window' && host.clock.monotonicMs() - probedMs >= PROBE_EVERY_MS;
      if (waits) await probe(guard);
      return 'open';
    },
    backOffMs: () => BACK_OFF_MS[failedTries(readLog(host, files.log).events) - 1] ?? 0,
  };
}
