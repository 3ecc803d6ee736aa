// The port's files on the simulated disk. Every system call that changes something is an effect of its own.
import { createHash } from 'node:crypto';
import { basename, dirname, join, normalize } from 'node:path';
import type { FileLock, FileStat, Files } from '../../host/port.ts';
import { cannotWrite } from '../../host/safe-open.ts';
import { refused } from '../../model/error.ts';
import { type Inode, osError } from './disk.ts';
import { textOf } from './program.ts';
import { Killed, type World } from './world.ts';
import { writeAll } from './writing.ts';

const FREE_BYTES = 100 * 1024 ** 3;

const encoder = new TextEncoder();

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? encoder.encode(content) : content;

const statOf = (inode: Inode): FileStat => ({
  kind: inode.kind,
  size: inode.data.length,
  mode: inode.mode,
  uid: inode.uid,
  gid: inode.gid,
  mtimeMs: inode.mtimeMs,
  dev: 1,
  ino: inode.id,
});

const nameOf = (path: string | Uint8Array): string => (typeof path === 'string' ? path : textOf(path));

/** Snapshots are rsync's work as much as ours; their own suite kills them. */
function noSnapshots(): never {
  throw new Error('the simulated disk takes no snapshots');
}

export function simFiles(world: World): Files {
  const { disk } = world;
  const alive = (): void => {
    if (world.dead) throw new Killed('killed before a look');
  };
  /** A write or flush that the system refuses has the same words as the real one. */
  const written = (path: string, act: () => void): void => {
    try {
      act();
    } catch (error) {
      throw error instanceof Killed ? error : cannotWrite(path, error);
    }
  };
  const regular = (path: string, follow: boolean): Inode | undefined => {
    alive();
    const found = disk.find(path, { follow });
    if (found === undefined || found.kind === 'file') return found;
    throw refused({
      what: `${path} is ${found.kind === 'link' ? 'a symbolic link' : 'a folder'}, where a plain file should be`,
      hint: 'Look who put it there; move it away, then try again.',
    });
  };
  const readBytes: Files['readBytes'] = (path, options = {}) => regular(path, options.follow ?? false)?.data;
  const flush = (path: string, inode: Inode, what: string): void => {
    world.effect(what, path);
    disk.flush(inode);
  };
  const removeTree = (path: string): void => {
    const found = disk.find(path);
    if (found === undefined) return;
    if (found.kind === 'folder') for (const name of disk.list(path)) removeTree(join(path, name));
    world.effect('unlink', path);
    disk.unlink(path);
  };
  const mkdir = (path: string, mode: number): void => {
    const found = disk.find(path, { follow: true });
    if (found?.kind === 'folder') return;
    if (found !== undefined) throw osError('EEXIST', 'mkdir', path);
    mkdir(dirname(path), mode);
    world.effect('mkdir', path);
    disk.create(path, 'folder', mode);
  };

  return {
    readBytes,
    readText: (path, options) => {
      const bytes = readBytes(path, options);
      return bytes === undefined ? undefined : textOf(bytes);
    },
    readRange(path, offset, length) {
      const found = regular(path, false);
      if (found === undefined) throw osError('ENOENT', 'open', path);
      return found.data.subarray(offset, offset + length);
    },
    replace(path, content, options = {}) {
      const temp = join(dirname(path), `.${basename(path)}.${Math.floor(world.random() * 2 ** 32).toString(16)}.tmp`);
      world.effect('replace.create', path);
      const inode = disk.create(temp, 'file', options.mode ?? 0o600);
      try {
        written(path, () => {
          writeAll(world, world.effect, { what: 'replace.write', path, inode }, bytesOf(content));
          flush(path, inode, 'replace.flush');
        });
        world.effect('replace.rename', path);
        disk.rename(temp, path);
      } catch (error) {
        if (!(error instanceof Killed)) disk.unlink(temp);
        throw error;
      }
      written(dirname(path), () =>
        flush(dirname(path), disk.get(dirname(path), { follow: true }), 'replace.flush-folder'),
      );
    },
    append(path, content, options = {}) {
      const there = regular(path, false);
      if (there === undefined) world.effect('append.create', path);
      const inode = there ?? disk.create(path, 'file', 0o600);
      const start = Math.min(options.truncateTo ?? inode.data.length, inode.data.length);
      const before = inode.data.subarray(0, start);
      written(path, () => {
        if (start < inode.data.length) {
          world.effect('append.truncate', path);
          disk.write(inode, before);
        }
        try {
          writeAll(world, world.effect, { what: 'append.write', path, inode }, bytesOf(content), before);
        } catch (error) {
          if (!(error instanceof Killed)) disk.write(inode, before);
          throw error;
        }
        flush(path, inode, 'append.flush');
      });
      if (there === undefined)
        written(path, () => flush(dirname(path), disk.get(dirname(path)), 'append.flush-folder'));
    },
    stat(path) {
      alive();
      const found = disk.find(path);
      return found === undefined ? undefined : statOf(found);
    },
    list(path) {
      alive();
      return disk.list(path);
    },
    mkdir: (path, options) => mkdir(normalize(path), options?.mode ?? 0o700),
    rename(from, to) {
      world.effect('rename', to);
      disk.rename(from, to);
    },
    sync(path) {
      const inode = disk.get(path, { follow: true });
      written(path, () => flush(path, inode, 'sync'));
    },
    remove: (path) => removeTree(nameOf(path)),
    copy(from, to) {
      const { data, mode } = disk.get(from, { follow: true });
      world.effect('copy.create', to);
      const made = disk.find(to) ?? disk.create(to, 'file', mode);
      writeAll(world, world.effect, { what: 'copy.write', path: to, inode: made }, data);
    },
    link(from, to) {
      world.effect('link', to);
      disk.link(from, to);
    },
    symlink(target, path) {
      world.effect('symlink', path);
      disk.create(path, 'link', 0o777, bytesOf(target));
    },
    readlink: (path) => textOf(disk.get(path).data),
    realpath: (path) => disk.realpath(path),
    chmod(path, mode) {
      world.effect('chmod', path);
      disk.attribute(disk.get(path, { follow: true }), { mode });
    },
    tempFolder(below, prefix) {
      const path = join(below, `${prefix}${Math.floor(world.random() * 2 ** 32).toString(16)}`);
      world.effect('mkdir', path);
      disk.create(path, 'folder', 0o700);
      return path;
    },
    freeBytes: () => FREE_BYTES,
    async sha256(given) {
      const path = nameOf(given);
      const found = regular(path, false);
      if (found === undefined) throw osError('ENOENT', 'open', path);
      return createHash('sha256').update(found.data).digest('hex');
    },
    lock: (path) => lockFile(world, path),
    sameContent: noSnapshots,
    walk: noSnapshots,
    entry: noSnapshots,
    writer: noSnapshots,
  };
}

function lockFile(world: World, path: string): FileLock | undefined {
  const { disk } = world;
  if (world.locks.has(path)) return undefined;
  if (disk.find(path) === undefined) {
    world.effect('lock.create', path);
    disk.create(path, 'file', 0o600);
  }
  const inode = disk.get(path);
  const { pid } = world;
  world.locks.set(path, pid);
  const held = () => world.locks.get(path) === pid && disk.find(path)?.id === inode.id;
  return {
    write(content) {
      writeAll(world, world.effect, { what: 'lock.write', path, inode }, bytesOf(content));
      disk.flush(inode);
    },
    stillHeld: held,
    release() {
      if (!held()) return;
      if (world.dead) throw new Killed('killed before the lock was given back');
      world.locks.delete(path);
      disk.write(inode, new Uint8Array());
    },
  };
}
