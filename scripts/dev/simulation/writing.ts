// write(2) in a loop, as everybody who writes has to call it: it may take less than it is given.
import { type Inode, osError } from './disk.ts';
import { die, type Struck, type World } from './world.ts';

/**
 * Writes content behind what is kept of a file.
 * @param effect the world's own, or a program's step. @throws ENOSPC where only half of it was taken, what the effect throws.
 */
export function writeAll(
  world: World,
  effect: (what: string, path: string) => Struck | undefined,
  { what, path, inode }: { what: string; path: string; inode: Inode },
  content: Uint8Array,
  kept: Uint8Array = new Uint8Array(),
): void {
  const struck = effect(what, path);
  const short = struck?.kind === 'short';
  const taken = short ? content.subarray(0, Math.floor(content.length / 2)) : content;
  world.disk.write(inode, kept.length === 0 ? taken : Buffer.concat([kept, taken]));
  if (!short) return;
  if (struck.then === 'killed') die(world, `the rest of ${what} ${path}`);
  throw osError('ENOSPC', 'write', path);
}
