// A host that has a few files in memory and reads them as the real one does: for readers that are called a hundred thousand times.
import type { FileStat, Host } from '../../host/port.ts';
import { refused } from '../../model/error.ts';

export const NOW = '2026-05-18T15:29:00Z';

const stat = (kind: FileStat['kind'], size: number): FileStat => ({
  kind,
  size,
  mode: 0o600,
  uid: 0,
  gid: 0,
  mtimeMs: 0,
  dev: 1,
  ino: 1,
});

/** @param files content by path; folders are where files are. */
export function readHost(files: ReadonlyMap<string, Uint8Array>): Host {
  const below = (path: string) =>
    [...files.keys()].filter((each) => each.startsWith(`${path}/`)).map((each) => each.slice(path.length + 1));
  const part: Partial<Host['files']> = {
    stat(path) {
      const content = files.get(path);
      if (content !== undefined) return stat('file', content.length);
      return below(path).length > 0 ? stat('folder', 0) : undefined;
    },
    readText(path, options) {
      const content = files.get(path);
      if (content !== undefined && content.length > (options?.maxBytes ?? 16 * 1024 * 1024))
        throw refused({ what: `${path} is too large` });
      return content === undefined ? undefined : new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
    },
    readRange: (path, offset, length) => (files.get(path) ?? new Uint8Array()).subarray(offset, offset + length),
    list: (path) => [...new Set(below(path).map((each) => each.split('/')[0] ?? ''))].sort(),
  };
  const machine: Partial<Host['machine']> = {
    pid: 7,
    bootId: 'boot',
    alive: (pid) => pid === 7,
    startTime: () => '70',
  };
  const clock: Partial<Host['clock']> = { now: () => new Date(NOW), monotonicMs: () => 1_000_000 };
  return { files: part, machine, clock } as Host;
}
