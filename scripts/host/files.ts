// Files for real: synchronous, flushed, and never through a link or FIFO that sits where a file should be.

import {
  chmodSync,
  constants,
  copyFileSync,
  fchmodSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statfsSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { refused } from '../model/error.ts';
import { sameContent, sha256 } from './content.ts';
import { O_CLOEXEC } from './libc.ts';
import { takeLock } from './lock.ts';
import type { FileStat, Files, FileWriter } from './port.ts';
import { randomHex } from './random.ts';
import { cannotWrite, errorCode, flush, openRegular, withOpen, writeAll } from './safe-open.ts';
import { inTree, treeEntry, walkTree } from './tree.ts';

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

const bytesOf = (content: string | Uint8Array) =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

/** Like `act`, with undefined for a path that is not there. */
function orUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function readPart(fd: number, offset: number, length: number): Uint8Array {
  const buffer = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return buffer.subarray(0, done);
}

function readBytes(path: string, options: { maxBytes?: number; follow?: boolean } = {}): Uint8Array | undefined {
  const max = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const opened = orUndefined(() => openRegular(path, O_RDONLY, options.follow ? { follow: true } : {}));
  if (opened === undefined) return undefined;
  return withOpen(opened.fd, (fd) => {
    // Files of /proc say size 0, and a file may grow while it is read.
    const parts: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      const part = readPart(fd, total, Math.min(max + 1 - total, Math.max(opened.stat.size + 1 - total, 65_536)));
      if (part.length === 0) break;
      parts.push(part);
      total += part.length;
      if (total > max)
        throw refused({
          what: `${path} is larger than ${max} bytes`,
          hint: 'It is not what it should be; look into it.',
        });
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  });
}

function syncPath(path: string): void {
  withOpen(openSync(path, O_RDONLY | O_CLOEXEC), (fd) => flush(fd, path));
}

function replace(path: string, content: string | Uint8Array, options: { mode?: number } = {}): void {
  const mode = options.mode ?? 0o600;
  const temp = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomHex(6)}.tmp`);
  const fd = openSync(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  try {
    withOpen(fd, () => {
      // The umask took its part of the mode at open.
      fchmodSync(fd, mode);
      writeAll(fd, bytesOf(content), path);
      flush(fd, path);
    });
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
  syncPath(dirname(path));
}

function append(path: string, content: string, options: { truncateTo?: number } = {}): void {
  const isNew = orUndefined(() => lstatSync(path)) === undefined;
  const { fd, stat } = openRegular(path, O_RDWR | O_APPEND | O_CREAT, { mode: 0o600 });
  withOpen(fd, () => {
    if (isNew) fchmodSync(fd, 0o600);
    const start = Math.min(options.truncateTo ?? stat.size, stat.size);
    if (start < stat.size) ftruncateSync(fd, start);
    try {
      writeAll(fd, bytesOf(content), path);
    } catch (error) {
      // A full disk may have taken half a line: what was there before stays whole.
      ftruncateSync(fd, start);
      throw error;
    }
    flush(fd, path);
  });
  if (isNew) syncPath(dirname(path));
}

function statOf(stat: Stats): FileStat {
  const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'other';
  const { size, mode, uid, gid, mtimeMs, dev, ino } = stat;
  return { kind, size, mode: mode & 0o7777, uid, gid, mtimeMs, dev, ino };
}

function freeBytes(path: string): number {
  for (let at = path; ; at = dirname(at)) {
    const fs = orUndefined(() => statfsSync(at));
    if (fs !== undefined) return fs.bavail * fs.bsize;
    if (at === dirname(at)) throw cannotWrite(path, new Error('no file system there'));
  }
}

function writer(path: string): FileWriter {
  const fd = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600);
  fchmodSync(fd, 0o600);
  return {
    write: (content) => writeAll(fd, content, path),
    close: () => withOpen(fd, () => flush(fd, path)),
  };
}

function remove(path: string | Uint8Array): void {
  const all = () => rmSync(path as string, { recursive: true, force: true });
  try {
    all();
  } catch (error) {
    // A copy of a folder that its owner may not write to cannot be emptied before its mode is changed.
    if (errorCode(error) !== 'EACCES' || typeof path !== 'string') throw error;
    for (const entry of walkTree(path))
      if (entry.kind === 'folder') chmodSync(inTree(path, entry.path) as Buffer, 0o700);
    all();
  }
}

export function openFiles(): Files {
  return {
    readBytes,
    readText(path, options) {
      const bytes = readBytes(path, options);
      return bytes === undefined ? undefined : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    },
    readRange: (path, offset, length) => withOpen(openRegular(path).fd, (fd) => readPart(fd, offset, length)),
    replace,
    append,
    stat(path) {
      const stat = orUndefined(() => lstatSync(path));
      return stat === undefined ? undefined : statOf(stat);
    },
    list: (path) => (orUndefined(() => readdirSync(path)) ?? []).sort(),
    mkdir(path, options) {
      mkdirSync(path, { recursive: true, mode: options?.mode ?? 0o700 });
    },
    rename: renameSync,
    sync: syncPath,
    remove,
    copy: (from, to) => copyFileSync(from, to, constants.COPYFILE_FICLONE),
    link: linkSync,
    symlink: (target, path) => symlinkSync(target, path),
    readlink: (path) => readlinkSync(path),
    realpath: (path) => realpathSync(path),
    chmod: chmodSync,
    tempFolder: (below, prefix) => mkdtempSync(join(below, prefix)),
    freeBytes,
    sha256,
    sameContent,
    walk: walkTree,
    entry: treeEntry,
    writer,
    lock: takeLock,
  };
}
