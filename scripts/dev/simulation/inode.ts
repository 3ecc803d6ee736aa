// What a disk is made of: inodes, and changes of names that are not flushed yet.
import { createHash } from 'node:crypto';

export type Kind = 'file' | 'folder' | 'link';

/** Read it, and change it through its disk alone: copies of a disk share what neither has changed since. */
export interface Inode {
  readonly id: number;
  readonly kind: Kind;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  /** Never changed in place. A link's is its target. */
  readonly data: Uint8Array;
  /** What a power cut leaves of the data. */
  readonly flushed: Uint8Array;
  readonly entries: ReadonlyMap<string, number>;
  readonly flushedEntries: ReadonlyMap<string, number>;
  /** Changes of names since the last flush of the folder, in their order. */
  readonly pending: readonly NameChange[];
}

/** One that may be changed where it is. */
export interface OwnInode {
  id: number;
  kind: Kind;
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  data: Uint8Array;
  flushed: Uint8Array;
  entries: Map<string, number>;
  flushedEntries: Map<string, number>;
  pending: NameChange[];
  /** What `describe` told of it, until it is changed. */
  told: string | undefined;
}

/** A rename is one change: its two halves come together, or not at all. */
export interface NameChange {
  folder: number;
  remove?: string;
  /** Where a rename takes the name to. */
  put?: { folder: number; name: string; inode: number };
}

const EMPTY = new Uint8Array();
/** Of what is no folder. */
const NO_NAMES = new Map<string, number>();
const NO_CHANGES: NameChange[] = [];

export function blankInode(id: number, kind: Kind, mode: number, mtimeMs: number): OwnInode {
  const folder = kind === 'folder';
  return {
    id,
    kind,
    mode,
    uid: 0,
    gid: 0,
    mtimeMs,
    data: EMPTY,
    flushed: EMPTY,
    entries: folder ? new Map() : NO_NAMES,
    flushedEntries: folder ? new Map() : NO_NAMES,
    pending: folder ? [] : NO_CHANGES,
    told: undefined,
  };
}

/** Another one with the same content, of which nothing is shared that is ever changed. */
export function copyInode(inode: OwnInode): OwnInode {
  const folder = inode.kind === 'folder';
  return {
    ...inode,
    entries: folder ? new Map(inode.entries) : NO_NAMES,
    flushedEntries: folder ? new Map(inode.flushedEntries) : NO_NAMES,
    pending: folder ? [...inode.pending] : NO_CHANGES,
    told: undefined,
  };
}

/** A file that was being written when the power went: whole, or the beginning of it. */
export function partly(inode: OwnInode, random: () => number): Uint8Array {
  if (inode.kind !== 'file' || random() < 0.5) return inode.data;
  const { data, flushed } = inode;
  // What is appended to comes in its order; something new is cut anywhere.
  const from =
    data.length > flushed.length && Buffer.from(data.subarray(0, flushed.length)).equals(flushed) ? flushed.length : 0;
  return data.subarray(0, from + Math.floor(random() * (data.length - from)));
}

/** A name for everything of it, but not for what of it was flushed. */
export function hashOf({ id, kind, mode, uid, gid, mtimeMs, entries, data }: Inode): string {
  // The time of a folder is no part of what anybody looks at.
  const time = kind === 'folder' ? 0 : mtimeMs;
  const text = JSON.stringify([id, kind, mode, uid, gid, time, data.length, [...entries]]);
  return createHash('sha256').update(text).update(data).digest('base64');
}
