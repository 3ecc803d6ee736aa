// A whole folder as it is on the disk, entry by entry in one fixed order. Names are bytes, whatever they say.
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { attributesOf } from './attributes.ts';
import type { TreeEntry } from './port.ts';
import { errorCode } from './safe-open.ts';

/** The absolute path, in bytes, of what a tree's entry names. @param path as in TreeEntry. */
export const inTree = (root: string, path: string): Uint8Array =>
  path === '' ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);

type BigStats = ReturnType<typeof bigStat>;
const bigStat = (path: Uint8Array) => lstatSync(path as Buffer, { bigint: true });

function kindOf(stat: BigStats): TreeEntry['kind'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'folder';
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isFIFO()) return 'pipe';
  if (stat.isSocket()) return 'socket';
  return stat.isBlockDevice() ? 'block' : 'char';
}

function entryOf(root: string, path: string): TreeEntry {
  const bytes = inTree(root, path);
  const stat = bigStat(bytes);
  const kind = kindOf(stat);
  return {
    path,
    kind,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: kind === 'file' ? Number(stat.size) : 0,
    mtimeNs: stat.mtimeNs,
    attributes: attributesOf(bytes),
    target: kind === 'link' ? (readlinkSync(bytes as Buffer, { encoding: 'buffer' }) as Buffer).toString('latin1') : '',
    device: kind === 'char' || kind === 'block' ? String(stat.rdev) : '',
    id: (stat.dev << 64n) | stat.ino,
    links: Number(stat.nlink),
  };
}

/** See Files.entry. */
export function treeEntry(root: string, path: string): TreeEntry | undefined {
  try {
    return entryOf(root, path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** See Files.walk. */
export function* walkTree(root: string, path = ''): Generator<TreeEntry> {
  // What goes meanwhile is not there; that it was expected is for the caller to say.
  const entry = treeEntry(root, path);
  if (entry === undefined) return;
  yield entry;
  if (entry.kind !== 'folder') return;
  for (const name of namesIn(inTree(root, path))) yield* walkTree(root, path === '' ? name : `${path}/${name}`);
}

function namesIn(folder: Uint8Array): string[] {
  try {
    const names = readdirSync(folder as Buffer, { encoding: 'buffer' }) as unknown as Buffer[];
    return names.map((name) => Buffer.from(name).toString('latin1')).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
