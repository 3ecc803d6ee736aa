// How much work zstd is given. Its threads pay where there is much to compress; where there is little, they and their buffers cost more
// processor time than the compression itself (50 MB: 0.10 s against 0.06 s).
import { join } from 'node:path';
import type { Host } from '../host/port.ts';

const LEVEL = ['-3', '-q', '-c'] as const;
const SMALL_BYTES = 64 * 1024 * 1024;
const FEW_ENTRIES = 500;
/** A folder that is larger itself has too many names to look at. */
const FOLDER_BYTES = 64 * 1024;
/** The oldest whose reading and writing in threads of its own can be switched off. */
const CAN_DO_WITHOUT = [1, 5, 4] as const;

/** @param version what `zstd --version` says. @param small what is compressed is small. @returns the command, from standard input to standard output. */
export function compressor(version: string, small: boolean): readonly string[] {
  return ['zstd', small ? '--single-thread' : '-T0', ...plain(version), ...LEVEL];
}

/** Pipes and files of the page cache are always ready: threads that wait for them only cost. */
function plain(version: string): string[] {
  const found = version
    .match(/v(\d+)\.(\d+)\.(\d+)/)
    ?.slice(1)
    .map(Number);
  if (found === undefined) return [];
  const at = CAN_DO_WITHOUT.findIndex((wanted, index) => wanted !== found[index]);
  return at < 0 || (found[at] ?? 0) > (CAN_DO_WITHOUT[at] ?? 0) ? ['--no-asyncio'] : [];
}

/** Whether a file, or the files of a folder, are few and small; looks at a few hundred names at most. */
export function isSmall(host: Host, path: string): boolean {
  let bytes = 0;
  let entries = 0;
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const stat = host.files.stat(next);
    if (stat === undefined) continue;
    entries += 1;
    if (stat.kind === 'file') bytes += stat.size;
    if (stat.kind === 'folder') {
      if (stat.size > FOLDER_BYTES) return false;
      for (const name of host.files.list(next)) waiting.push(join(next, name));
    }
    if (bytes > SMALL_BYTES || entries + waiting.length > FEW_ENTRIES) return false;
  }
  return true;
}
