// All that the next command can find on a host, as one name: disk, containers and boot, but not the hour, which only grows.
import { createHash } from 'node:crypto';
import type { World } from './world.ts';

/** Of disk and containers alone, whoever has looked at them. */
export function hostOf({ disk, containers }: World): string {
  const hash = createHash('sha256');
  disk.describe((told) => void hash.update(told));
  hash.update(containers.describe());
  return hash.digest('base64');
}

/** Equal names: the same commands do the same on both, but for the times that they write down. */
export const everythingOn = (world: World): string => `${hostOf(world)} ${world.bootId} ${world.pid}`;
