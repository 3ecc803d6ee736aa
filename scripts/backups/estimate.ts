// How big a backup will be before compression: du's answer where it comes quickly, else unknown.

import { toolOptions } from './archive.ts';
import type { BackupContext, BackupItem } from './kind.ts';

const PATIENCE_MS = 2000;

/** Disk usage in bytes (holes do not count); undefined after two seconds, or where there is no path to look at. */
export async function estimateBytes(context: BackupContext, item: BackupItem): Promise<number | undefined> {
  if (item.bytes !== undefined || item.path === undefined) return item.bytes;
  const argv = ['du', '--summarize', '--block-size=1', '--', item.path];
  const result = await context.host.exec.run(argv, { ...toolOptions(context), timeoutMs: PATIENCE_MS, graceMs: 100 });
  const size = result.stdout.match(/^(\d+)\t/)?.[1];
  return result.timedOut || size === undefined ? undefined : Number(size);
}
