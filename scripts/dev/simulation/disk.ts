// A disk that knows what was flushed and what was not: contents by file, names by folder, as POSIX promises it and not more.
import { basename, dirname, join, normalize } from 'node:path';
import { remembering } from '../../model/remember.ts';
import {
  blankInode,
  copyInode,
  hashOf,
  type Inode,
  type Kind,
  type NameChange,
  type OwnInode,
  partly,
} from './inode.ts';

export type { Inode, Kind } from './inode.ts';

export type Cut = 'lost' | 'kept' | 'mixed';

const ROOT = 1;

const partsOf = remembering(20_000, (path): readonly string[] => normalize(path).split('/').filter(Boolean));

/** An error as the operating system gives it. */
export function osError(code: string, call: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path });
}

export class Disk {
  private inodes = new Map<number, OwnInode>();
  /** Which of them no copy shares. */
  private readonly own = new Set<number>();
  private last = ROOT;
  /** Wall time for new files, set by the world. */
  nowMs = 0;

  constructor() {
    this.add(blankInode(ROOT, 'folder', 0o755, 0));
  }

  /** Another disk with the same content; nothing that is done to one is seen on the other. */
  copy(): Disk {
    const other = new Disk();
    other.inodes = new Map(this.inodes);
    other.own.clear();
    this.own.clear();
    other.last = this.last;
    other.nowMs = this.nowMs;
    return other;
  }

  /** What is there after the power went: only what was flushed, everything, or any part of the rest that a disk may have written. */
  cut(how: Cut, random: () => number): void {
    const open = [...this.inodes.values()].filter(
      ({ data, flushed, pending }) => data !== flushed || pending.length > 0,
    );
    if (how !== 'kept') {
      const changes = new Set(open.flatMap(({ pending }) => pending));
      for (const { id } of open) {
        const inode = this.change(id);
        if (inode.kind === 'folder') inode.entries = new Map(inode.flushedEntries);
        if (inode.data === inode.flushed) continue;
        if (how === 'lost') inode.data = inode.flushed;
        else if (random() < 0.5) inode.data = partly(inode, random);
      }
      if (how === 'mixed') for (const change of changes) if (random() < 0.5) this.applyTo('entries', change);
    }
    for (const { id } of open) {
      const inode = this.change(id);
      inode.flushed = inode.data;
      if (inode.kind !== 'folder') continue;
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
    const parts = partsOf(path);
    const last = parts.length - 1;
    for (let index = 0; index <= last; index += 1) {
      if (at.kind !== 'folder') throw osError('ENOTDIR', 'open', path);
      const id = at.entries.get(parts[index] ?? '');
      if (id === undefined) return undefined;
      const next = this.inode(id);
      if (next.kind === 'link' && (index < last || options.follow)) {
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
  create(path: string, kind: Kind, mode: number, data: Uint8Array = new Uint8Array()): Inode {
    const folder = this.folderOf(path);
    if (folder.entries.has(basename(path))) throw osError('EEXIST', 'open', path);
    this.last += 1;
    const inode = blankInode(this.last, kind, mode, this.nowMs);
    inode.data = data;
    // A link's target and a folder's being are written with the name.
    if (kind !== 'file') inode.flushed = data;
    this.add(inode);
    this.apply({ folder: folder.id, put: { folder: folder.id, name: basename(path), inode: inode.id } });
    return inode;
  }

  /** A second name for a file. */
  link(from: string, to: string): void {
    const folder = this.folderOf(to);
    if (folder.entries.has(basename(to))) throw osError('EEXIST', 'link', to);
    this.apply({ folder: folder.id, put: { folder: folder.id, name: basename(to), inode: this.get(from).id } });
  }

  write({ id }: Inode, data: Uint8Array): void {
    const inode = this.change(id);
    inode.data = data;
    inode.mtimeMs = this.nowMs;
  }

  /** chmod, chown, utimes. */
  attribute({ id }: Inode, attributes: Partial<Pick<Inode, 'mode' | 'uid' | 'gid' | 'mtimeMs'>>): void {
    Object.assign(this.change(id), attributes);
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
  flush({ id }: Inode): void {
    const inode = this.change(id);
    if (inode.kind !== 'folder') {
      inode.flushed = inode.data;
      return;
    }
    const { pending } = inode;
    inode.flushedEntries = new Map(inode.entries);
    inode.pending = [];
    // Of a rename from or to another folder, that one's half comes with it.
    for (const change of pending) {
      const other = change.folder === id ? (change.put?.folder ?? id) : change.folder;
      if (other === id || !this.inodes.has(other)) continue;
      const half = this.change(other);
      if (other === change.folder) half.flushedEntries.delete(change.remove ?? '');
      else if (change.put !== undefined) half.flushedEntries.set(change.put.name, change.put.inode);
      half.pending = half.pending.filter((each) => each !== change);
    }
  }

  /** Everything that is there, but not what of it was flushed: no later cut can tell. Inodes keep their numbers. @param tell is given a hash for each. */
  describe(tell: (hash: string) => void): void {
    for (const inode of this.inodes.values()) {
      inode.told ??= hashOf(inode);
      tell(inode.told);
    }
  }

  /** Paths below a folder, parents first, itself not among them. */
  below(path: string): string[] {
    const folder = this.find(path, { follow: true });
    if (folder === undefined) return [];
    if (folder.kind !== 'folder') throw osError('ENOTDIR', 'scandir', path);
    const found: string[] = [];
    const visit = ({ entries }: Inode, at: string): void => {
      for (const name of [...entries.keys()].sort()) {
        const inode = this.inode(entries.get(name) ?? 0);
        found.push(`${at}/${name}`);
        if (inode.kind === 'folder') visit(inode, `${at}/${name}`);
      }
    };
    visit(folder, `/${partsOf(path).join('/')}`);
    return found;
  }

  private apply(change: NameChange): void {
    this.applyTo('entries', change);
    const folders = new Set([change.folder, change.put?.folder ?? change.folder]);
    for (const id of folders) {
      const folder = this.change(id);
      folder.pending.push(change);
      folder.mtimeMs = this.nowMs;
    }
  }

  private applyTo(which: 'entries' | 'flushedEntries', { folder, remove, put }: NameChange): void {
    if (remove !== undefined && this.inodes.has(folder)) this.change(folder)[which].delete(remove);
    if (put !== undefined && this.inodes.has(put.folder)) this.change(put.folder)[which].set(put.name, put.inode);
  }

  private add(inode: OwnInode): void {
    this.inodes.set(inode.id, inode);
    this.own.add(inode.id);
  }

  /** An inode that may be changed where it is: the first change of what a copy shares makes another one. */
  private change(id: number): OwnInode {
    const found = this.inode(id);
    if (this.own.has(id)) {
      found.told = undefined;
      return found;
    }
    const made = copyInode(found);
    this.add(made);
    return made;
  }

  private inode(id: number): OwnInode {
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
