// Everything that writes does so under the host's one lock.
import { join } from 'node:path';
import { type ReleaseLock, takeLock } from '../journal/lock.ts';
import { listReleases } from '../journal/records.ts';
import { secureWorkspace } from '../journal/workspace.ts';
import { type Context, openContext } from './context.ts';
import { dropStages } from './stage.ts';
import type { World } from './world.ts';

/** @param ticket empty for verbs without one. @throws locked where another release holds it. */
export async function locked<T>(
  world: World,
  ticket: string,
  command: string,
  act: (context: Context, lock: ReleaseLock) => Promise<T>,
): Promise<T> {
  const context = await openContext(world, { holder: true });
  secureWorkspace(context.host, context.paths);
  const lock = takeLock(context.host, context.paths, { ticket, command });
  try {
    // A holder that was killed may have left a hook or a compose command running: the lock is ours, so they are nobody's.
    await context.host.exec.endMarked(context.mark);
    pruneEngines(context);
    return await act(context, lock);
  } finally {
    await cleanUp(context);
    lock.release();
  }
}

/** Engines that were frozen so recently may belong to somebody who waits for the lock. */
const KEEP_ENGINE_MS = 3_600_000;

/** Frozen engines that no record names go. */
function pruneEngines({ host, paths }: Context): void {
  const named = new Set(listReleases(host, paths, { archives: true }).map((entry) => entry.state?.engine));
  for (const name of host.files.list(paths.engines)) {
    const folder = join(paths.engines, name);
    const age = host.clock.now().getTime() - (host.files.stat(folder)?.mtimeMs ?? 0);
    if (name !== host.own.engineHash && !named.has(name) && age > KEEP_ENGINE_MS) host.files.remove(folder);
  }
}

/** Stages go in the end, whatever happened, also those that a killed run left. Where one cannot, the outcome is still the release's. */
async function cleanUp(context: Context): Promise<void> {
  try {
    await dropStages(context);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    context.terminal.warn(`The stage could not be taken away; it does no harm. ${context.paths.stage}: ${why}`);
  }
}
