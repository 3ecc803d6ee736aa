// Everything that writes does so under the host's one lock.
import { type ReleaseLock, takeLock } from '../journal/lock.ts';
import { secureWorkspace } from '../journal/workspace.ts';
import { type Context, openContext } from './context.ts';
import { dropStage } from './stage.ts';
import type { World } from './verb.ts';

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
    return await act(context, lock);
  } finally {
    if (ticket !== '') await cleanUp(context, ticket);
    lock.release();
  }
}

/** The stage goes in the end, whatever happened. */
async function cleanUp(context: Context, ticket: string): Promise<void> {
  await dropStage(context, ticket);
  context.host.files.remove(`${context.paths.stage}/${ticket}.base`);
}
