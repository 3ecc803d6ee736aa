// Everything that writes does so under the host's one lock.
import { join } from 'node:path';
import { removeStages } from '../host/git/stage.ts';
import { type ReleaseLock, takeLock } from '../journal/lock.ts';
import { listReleases, type ReleaseEntry } from '../journal/records.ts';
import { secureWorkspace } from '../journal/workspace.ts';
import { messageOf, ReleaseError } from '../model/error.ts';
import type { ReleaseConfig } from '../model/service.ts';
import { startStopped } from '../runtimes/compose/stopped.ts';
import { awaitHelpers } from '../runtimes/quiet-helper.ts';
import { noticesGone, tellLeft } from './announce.ts';
import { type Context, openContext } from './context.ts';
import type { World } from './world.ts';

export interface LockWish {
  /** Its deadline is the verb's own business. */
  unswept?: string;
  /** Settings that hold, whatever the file says now. */
  config?: ReleaseConfig;
  /** How long a lock that another holds is waited for, in milliseconds; default 0. */
  patienceMs?: number;
}

/**
 * First of all, deadlines that have passed and decisions that were made are acted on.
 * @param ticket empty for verbs without one. @throws locked where another release holds it.
 */
export async function locked<T>(
  world: World,
  ticket: string,
  command: string,
  act: (context: Context, lock: ReleaseLock) => Promise<T>,
  wish: LockWish = {},
): Promise<T> {
  const open = () => openContext(world, { holder: true, ...(wish.config ? { config: wish.config } : {}) });
  let context = await open();
  secureWorkspace(context.host, context.paths);
  const lock = await takeSoon(context, { ticket, command }, wish.patienceMs ?? 0);
  try {
    // A holder that was killed may have left a hook or a compose command running: the lock is ours, so they are nobody's.
    await context.host.exec.endMarked(context.mark);
    await awaitHelpers(context.host, context.mark);
    tellLeft(context);
    await startLeft(context);
    const releases = pruneEngines(context);
    if (isGuarded(context, releases)) {
      const { sweepGuards } = await import('./guard/sweep.ts');
      if (await sweepGuards(context, lock, wish.unswept)) context = await open();
    }
    return await act(context, lock);
  } finally {
    await cleanUp(context);
    // What could not be sent goes to the log, which is written under the lock.
    await noticesGone(world.host);
    lock.release();
  }
}

const LOOK_AGAIN_MS = 200;

async function takeSoon(
  { host, paths }: Context,
  asked: { ticket: string; command: string },
  patienceMs: number,
): Promise<ReleaseLock> {
  for (const end = host.clock.monotonicMs() + patienceMs; ; await host.clock.sleep(LOOK_AGAIN_MS)) {
    try {
      return takeLock(host, paths, asked);
    } catch (error) {
      const waits = error instanceof ReleaseError && error.kind === 'locked' && host.clock.monotonicMs() < end;
      if (!waits) throw error;
    }
  }
}

const isGuarded = ({ host, paths }: Context, releases: readonly ReleaseEntry[]): boolean =>
  host.files.list(paths.guard).length > 0 ||
  releases.some((entry) => entry.state?.releaseStatus === 'awaiting-confirm');

/** Engines that were frozen so recently may belong to somebody who waits for the lock. */
const KEEP_ENGINE_MS = 3_600_000;

/** Frozen engines that no record names go. */
function pruneEngines({ host, paths }: Context): ReleaseEntry[] {
  const releases = listReleases(host, paths, { archives: true });
  const named = new Set(releases.map((entry) => entry.state?.engine));
  for (const name of host.files.list(paths.engines)) {
    const folder = join(paths.engines, name);
    const age = host.clock.now().getTime() - (host.files.stat(folder)?.mtimeMs ?? 0);
    if (name !== host.own.engineHash && !named.has(name) && age > KEEP_ENGINE_MS) host.files.remove(folder);
  }
  return releases.filter(({ archive }) => archive === undefined);
}

/** What a power cut left stopped in the middle of a backup. Where Docker does not answer, the verb itself says so where it needs it. */
async function startLeft(context: Context): Promise<void> {
  try {
    await startStopped(context);
  } catch (error) {
    const why = messageOf(error);
    context.terminal.warn(`A service that was stopped for a backup may still be stopped: ${why}`);
  }
}

/** Stages go in the end, whatever happened, also those that a killed run left. Where one cannot, the outcome is still the release's. */
async function cleanUp(context: Context): Promise<void> {
  try {
    // Under the lock, none is in use by another.
    await removeStages(context.repo, context.paths.stage);
  } catch (error) {
    const why = messageOf(error);
    context.terminal.warn(`The stage could not be taken away; it does no harm. ${context.paths.stage}: ${why}`);
  }
}
