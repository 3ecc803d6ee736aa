// A disk that knows what was flushed and what was not: contents by file, names by folder, as POSIX promises it and not more.
import { basename, dirname, join, normalize } from 'node:path';

export type Kind = 'file' | 'folder' | 'link';

export interface Inode {
  id: number;
  kind: Kind;
  mode: number;
  uid: number;
  gid: number;
  mtimeMs: number;
  /** Never changed in place. A link's is its target. */
  data: Uint8Array;
  /** What a power cut leaves of the data. */
  flushed: Uint8Array;
  entries: Map<string, number>;
  flushedEntries: Map<string, number>;
  /** Changes of names since the last flush of the folder, in their order. */
  pending: NameChange[];
}

/** A rename is one change: its two halves come together, or not at all. */
export interface NameChange {
  folder: number;
  remove?: string;
  /** Where a rename takes the name to. */
  put?: { folder: number; name: string; inode: number };
}

export type Cut = 'lost' | 'kept' | 'mixed';

const EMPTY = new Uint8Array();
const ROOT = 1;

/** An error as the operating system gives it. */
export function osError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}

export class Disk {
  private readonly inodes = new Map<number, Inode>();
  private last = ROOT;
  /** Wall time for new files, set by the world. */
  nowMs = 0;

  constructor() {
    this.inodes.set(ROOT, this.blank(ROOT, 'folder', 0o755));
  }

  /** Another disk with the same content; nothing that is done to one is seen on the other. */
  copy(): Disk {
    const other = new Disk();
    for (const [id, inode] of this.inodes) {
      other.inodes.set(id, {
        ...inode,
        entries: new Map(inode.entries),
        flushedEntries: new Map(inode.flushedEntries),
        pending: [...inode.pending],
      });
    }
    other.last = this.last;
    other.nowMs = this.nowMs;
    return other;
  }

  /** What is there after the power went: only what was flushed, everything, or any part of the rest that a disk may have written. */
  cut(how: Cut, random: () => number): void {
    if (how === 'lost') {
      for (const inode of this.inodes.values()) {
        inode.data = inode.flushed;
        inode.entries = new Map(inode.flushedEntries);
      }
    } else if (how === 'mixed') {
      const changes = new Set([...this.inodes.values()].flatMap((inode) => inode.pending));
      for (const inode of this.inodes.values()) {
        inode.entries = new Map(inode.flushedEntries);
        if (inode.data !== inode.flushed && random() < 0.5) inode.data = partly(inode, random);
      }
      for (const change of changes) if (random() < 0.5) this.applyTo('entries', change);
    }
    for (const inode of this.inodes.values()) {
      inode.flushed = inode.data;
      inode.flushedEntries = new Map(inode.entries);
      inode.pending = [];
    }
    this.collect();
  }

  /** Everything that was written so far is on the disk. */
  settle(): void {
    this.cut('kept', () => 0);
  }

  /** Follows links in all parts but, unless told, the last. @throws ENOENT, ENOTDIR, ELOOP. @returns undefined where the last part is not there. */
  find(path: string, options: { follow?: boolean } = {}, depth = 0): Inode | undefined {
    if (depth > 20) throw osError('ELOOP', 'open', path);
    let at = this.inode(ROOT);
    const parts = normalize(path).split('/').filter(Boolean);
    for (const [index, part] of parts.entries()) {
      if (at.kind !== 'folder') throw osError('ENOTDIR', 'open', path);
      const id = at.entries.get(part);
      if (id === undefined) return undefined;
      const next = this.inode(id);
      if (next.kind === 'link' && (index < parts.length - 1 || options.follow)) {
        const folder = `/${parts.slice(0, index).join('/')}`;
        const target = new TextDecoder().decode(next.data);
        const rest = parts.slice(index + 1);
        return this.find(join(target.startsWith('/') ? target : join(folder, target), ...rest), options, depth + 1);
      }
      at = next;
    }
    return at;
  }

  /** @throws ENOENT. */
  get(path: string, options: { follow?: boolean } = {}): Inode {
    const found = this.find(path, options);
    if (found === undefined) throw osError('ENOENT', 'open', path);
    return found;
  }

  realpath(path: string): string {
    let real = '/';
    for (const part of normalize(path).split('/').filter(Boolean)) {
      const inode = this.get(join(real, part));
      const target = inode.kind === 'link' ? new TextDecoder().decode(inode.data) : undefined;
      real =
        target === undefined ? join(real, part) : this.realpath(target.startsWith('/') ? target : join(real, target));
    }
    return real;
  }

  list(path: string): string[] {
    const folder = this.find(path, { follow: true });
    if (folder === undefined) return [];
    if (folder.kind !== 'folder') throw osError('ENOTDIR', 'scandir', path);
    return [...folder.entries.keys()].sort();
  }

  /** A new inode under a name. @throws EEXIST, ENOENT. */
  create(path: string, kind: Kind, mode: number, data: Uint8Array = EMPTY): Inode {
    const folder = this.folderOf(path);
    if (folder.entries.has(basename(path))) throw osError('EEXIST', 'open', path);
    this.last += 1;
    const inode = this.blank(this.last, kind, mode);
    inode.data = data;
    // A link's target and a folder's being are written with the name.
    if (kind !== 'file') inode.flushed = data;
    this.inodes.set(inode.id, inode);
    this.apply({ folder: folder.id, put: { folder: folder.id, name: basename(path), inode: inode.id } });
    return inode;
  }

  /** A second name for a file. */
  link(from: string, to: string): void {
    const folder = this.folderOf(to);
    if (folder.entries.has(basename(to))) throw osError('EEXIST', 'link', to);
    this.apply({ folder: folder.id, put: { folder: folder.id, name: basename(to), inode: this.get(from).id } });
  }

  write(inode: Inode, data: Uint8Array): void {
    inode.data = data;
    inode.mtimeMs = this.nowMs;
  }

  /** @throws ENOENT, EISDIR, ENOTDIR, ENOTEMPTY. */
  rename(from: string, to: string): void {
    const moved = this.get(from);
    const there = this.find(to);
    if (there !== undefined && there.id !== moved.id) {
      if (there.kind === 'folder' && moved.kind !== 'folder') throw osError('EISDIR', 'rename', to);
      if (there.kind !== 'folder' && moved.kind === 'folder') throw osError('ENOTDIR', 'rename', to);
      if (there.kind === 'folder' && there.entries.size > 0) throw osError('ENOTEMPTY', 'rename', to);
    }
    if (`${normalize(to)}/`.startsWith(`${normalize(from)}/`) && normalize(to) !== normalize(from))
      throw osError('EINVAL', 'rename', to);
    this.apply({
      folder: this.folderOf(from).id,
      remove: basename(from),
      put: { folder: this.folderOf(to).id, name: basename(to), inode: moved.id },
    });
  }

  /** One name. @throws ENOTEMPTY for a folder that has something in it. */
  unlink(path: string): void {
    const gone = this.get(path);
    if (gone.kind === 'folder' && gone.entries.size > 0) throw osError('ENOTEMPTY', 'rmdir', path);
    this.apply({ folder: this.folderOf(path).id, remove: basename(path) });
  }

  /** fsync: the content of a file, the names in a folder. */
  flush(inode: Inode): void {
    if (inode.kind !== 'folder') {
      inode.flushed = inode.data;
      return;
    }
    for (const change of inode.pending) {
      this.applyTo('flushedEntries', change);
      const other = this.inodes.get(change.folder === inode.id ? (change.put?.folder ?? 0) : change.folder);
      if (other !== undefined && other !== inode) other.pending = other.pending.filter((each) => each !== change);
    }
    inode.pending = [];
  }

  /** Everything that is there, but not what of it was flushed: no later cut can tell. Inodes keep their numbers. */
  describe(tell: (text: string, data: Uint8Array) => void): void {
    for (const { id, kind, mode, uid, gid, mtimeMs, entries, data } of this.inodes.values()) {
      // The time of a folder is no part of what anybody looks at.
      const time = kind === 'folder' ? 0 : mtimeMs;
      tell(JSON.stringify([id, kind, mode, uid, gid, time, data.length, [...entries]]), data);
    }
  }

  /** Paths below a folder, parents first, itself not among them. */
  below(path: string): string[] {
    return this.list(path).flatMap((name) => {
      const each = join(path, name);
      return this.get(each).kind === 'folder' ? [each, ...this.below(each)] : [each];
    });
  }

  private apply(change: NameChange): void {
    this.applyTo('entries', change);
    const folders = new Set([change.folder, change.put?.folder ?? change.folder]);
    for (const id of folders) {
      const folder = this.inode(id);
      folder.pending.push(change);
      folder.mtimeMs = this.nowMs;
    }
  }

  private applyTo(which: 'entries' | 'flushedEntries', { folder, remove, put }: NameChange): void {
    if (remove !== undefined) this.inodes.get(folder)?.[which].delete(remove);
    if (put !== undefined) this.inodes.get(put.folder)?.[which].set(put.name, put.inode);
  }

  private blank(id: number, kind: Kind, mode: number): Inode {
    return {
      id,
      kind,
      mode,
      uid: 0,
      gid: 0,
      mtimeMs: this.nowMs,
      data: EMPTY,
      flushed: EMPTY,
      entries: new Map(),
      flushedEntries: new Map(),
      pending: [],
    };
  }

  private inode(id: number): Inode {
    const found = this.inodes.get(id);
    if (found === undefined) throw new Error(`no inode ${id}`);
    return found;
  }

  private folderOf(path: string): Inode {
    const folder = this.get(dirname(normalize(path)), { follow: true });
    if (folder.kind !== 'folder') throw osError('ENOTDIR', 'open', path);
    return folder;
  }

  /** Forgets what no name leads to. */
  private collect(): void {
    const reached = new Set<number>();
    const visit = (id: number): void => {
      if (reached.has(id)) return;
      reached.add(id);
      for (const each of this.inodes.get(id)?.entries.values() ?? []) visit(each);
    };
    visit(ROOT);
    for (const id of [...this.inodes.keys()]) if (!reached.has(id)) this.inodes.delete(id);
  }
}

/** A file that was being written when the power went: whole, or the beginning of it. */
function partly(inode: Inode, random: () => number): Uint8Array {
  if (inode.kind !== 'file' || random() < 0.5) return inode.data;
  const { data, flushed } = inode;
  // What is appended to comes in its order; something new is cut anywhere.
  const from =
    data.length > flushed.length && Buffer.from(data.subarray(0, flushed.length)).equals(flushed) ? flushed.length : 0;
  return data.subarray(0, from + Math.floor(random() * (data.length - from)));
}
