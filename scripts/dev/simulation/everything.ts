// All that the next command can find on a host, as one name: disk, containers and boot, but not the hour, which only grows.
import { createHash } from 'node:crypto';
import type { World } from './world.ts';

/** Equal names: the same commands do the same on both, but for the times that they write down. */
export function everythingOn({ disk, containers, bootId, pid }: World): string {
  const hash = createHash('sha256').update(`${bootId} ${pid}\n`);
  disk.describe((text, data) => void hash.update(text).update(data));
  hash.update(containers.describe());
  return hash.digest('hex');
}
