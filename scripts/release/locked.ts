// Everything that writes does so under the host's one lock.
import { basename, dirname, join } from 'node:path';
import { type ReleaseLock, takeLock } from '../journal/lock.ts';
import { listReleases } from '../journal/records.ts';
import { secureWorkspace } from '../journal/workspace.ts';
import { type Context, openContext } from './context.ts';
import { dropStage } from './stage.ts';
import type { World } from './world.ts';

/** @param ticket empty for verbs without one. @throws locked where another release holds it. */
export async function locked<T>(
  world: World,
  ticket: string,
  command: string,
  act: (context: Context, lock: ReleaseLock) => Promise<T>,
): Promise<T> {
  const context = await openContext(world.host, world.terminal, world.engine);
  secureWorkspace(context.host, context.paths);
  const lock = takeLock(context.host, context.paths, { ticket, command });
  try {
    // A holder that was killed may have left a hook or a compose command running: the lock is ours, so they are nobody's.
    await context.host.exec.endMarked(context.mark);
    pruneEngines(context);
    return await act(context, lock);
  } finally {
    if (ticket !== '') await cleanUp(context, ticket);
    lock.release();
  }
}

/** Engines that were frozen so recently may belong to somebody who waits for the lock. */
const KEEP_ENGINE_MS = 3_600_000;

/** Frozen engines that no record names go. */
function pruneEngines({ host, paths }: Context): void {
  const named = new Set(listReleases(host, paths, { archives: true }).map((entry) => entry.state?.engine));
  const own = basename(dirname(Bun.main));
  for (const name of host.files.list(paths.engines)) {
    const folder = join(paths.engines, name);
    const age = host.clock.now().getTime() - (host.files.stat(folder)?.mtimeMs ?? 0);
    if (name !== own && !named.has(name) && age > KEEP_ENGINE_MS) host.files.remove(folder);
  }
}

/** The stage goes in the end, whatever happened. */
async function cleanUp(context: Context, ticket: string): Promise<void> {
  await dropStage(context, ticket);
  context.host.files.remove(`${context.paths.stage}/${ticket}.base`);
}
