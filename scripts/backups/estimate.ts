// How much a backup will have to write, before compression: where that is known quickly, else unknown.
import { toolOptions } from './archive.ts';
import type { BackupContext, BackupItem, Basis } from './kind.ts';
import { bytesToCopy } from './snapshot/rsync.ts';

const PATIENCE_MS = 2000;

/**
 * Disk usage in bytes (holes do not count); of a snapshot, what differs from the last one by size and time.
 * @returns undefined after two seconds, or where there is no path to look at.
 */
export async function estimateBytes(
  context: BackupContext,
  item: BackupItem,
  basis?: Basis,
): Promise<number | undefined> {
  if (item.bytes !== undefined || item.path === undefined) return item.bytes;
  if (basis !== undefined) return await bytesToCopy(context, item.path, basis.tree, PATIENCE_MS);
  const argv = ['du', '--summarize', '--block-size=1', '--', item.path];
  const result = await context.host.exec.run(argv, { ...toolOptions(context), timeoutMs: PATIENCE_MS, graceMs: 100 });
  const size = result.stdout.match(/^(\d+)\t/)?.[1];
  return result.timedOut || size === undefined ? undefined : Number(size);
}
