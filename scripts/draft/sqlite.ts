// SQLite databases in a folder, found by how their files begin.
import { join } from 'node:path';
import type { Files } from '../host/port.ts';

const MAGIC = new TextEncoder().encode('SQLite format 3\0');
/** A draft is a look: what lies deeper, or behind so many others, is not found. */
const MOST_ENTRIES = 5_000;
const DEEPEST = 5;
const SMALLEST_PAGE = 512;

/** @returns paths below the folder, the largest file first. */
export function sqliteFiles(files: Pick<Files, 'list' | 'stat' | 'readRange'>, folder: string): string[] {
  const found: Array<{ path: string; size: number }> = [];
  let left = MOST_ENTRIES;
  const walk = (below: string, depth: number): void => {
    for (const name of files.list(join(folder, below))) {
      if (left-- <= 0) return;
      const path = join(below, name);
      const stat = files.stat(join(folder, path));
      if (stat?.kind === 'folder' && depth < DEEPEST) walk(path, depth + 1);
      // Whole pages, so most other files need not be opened.
      else if (stat?.kind === 'file' && stat.size > 0 && stat.size % SMALLEST_PAGE === 0 && begins(join(folder, path)))
        found.push({ path, size: stat.size });
    }
  };
  const begins = (path: string) => Buffer.from(files.readRange(path, 0, MAGIC.length)).equals(MAGIC);
  walk('', 0);
  return found.toSorted((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1)).map(({ path }) => path);
}
