// A folder as lines, one an entry: everything that may not differ after a restore. Own code, from the kernel up; nothing of the engine's.
import { dlopen, FFIType, ptr } from 'bun:ffi';
import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

const libc = dlopen('libc.so.6', {
  llistxattr: { args: [FFIType.ptr, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
  lgetxattr: { args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
});
const BLOCK = 512;

export interface TreeOptions {
  /** Times of files and links. False for a checkout: git writes files anew. */
  times: boolean;
  /** Relative paths that are passed over, with everything in them. */
  without?: readonly string[];
}

/** Paths are bytes: names need not be UTF-8. */
const join = (...parts: Buffer[]): Buffer =>
  Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [Buffer.from('/'), part])));

/** Control characters and bytes that are not ASCII, as escapes. */
const shown = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replaceAll(/[^\x21-\x5b\x5d-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);

function attributes(path: Buffer): string {
  const name = Buffer.concat([path, Buffer.of(0)]);
  const list = Buffer.alloc(65_536);
  const length = Number(libc.symbols.llistxattr(ptr(name), ptr(list), list.length));
  if (length <= 0) return '';
  const names = list
    .subarray(0, length - 1)
    .toString('latin1')
    .split('\0')
    .sort();
  return names
    .map((each) => {
      const [key, value] = [Buffer.from(`${each}\0`, 'latin1'), Buffer.alloc(65_536)];
      const size = Number(libc.symbols.lgetxattr(ptr(name), ptr(key), ptr(value), value.length));
      return ` ${each}=${value.subarray(0, Math.max(size, 0)).toString('hex')}`;
    })
    .join('');
}

function sha256(path: Buffer): string {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(1 << 20);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) hash.update(buffer.subarray(0, read));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}

/** Sorted by name; the folder itself is `.`. Empty where there is none. */
export function tree(path: string, options: TreeOptions): string[] {
  const lines: string[] = [];
  const first = new Map<string, string>();
  const without = new Set(options.without);
  const entry = (full: Buffer, name: string): void => {
    const stat = lstatSync(full, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined || without.has(name)) return;
    const mode = `${(Number(stat.mode) & 0o7777).toString(8).padStart(4, '0')} ${stat.uid}:${stat.gid}`;
    const rest = attributes(full);
    if (stat.isDirectory()) {
      lines.push(`${name} folder ${mode}${rest}`);
      const names = readdirSync(full, { encoding: 'buffer' }).sort(Buffer.compare);
      for (const each of names) entry(join(full, each), name === '.' ? shown(each) : `${name}/${shown(each)}`);
      return;
    }
    const time = options.times ? ` ${stat.mtimeNs}` : '';
    const key = `${stat.dev} ${stat.ino}`;
    const link = first.get(key);
    if (stat.nlink > 1n) first.set(key, link ?? name);
    const same = link === undefined ? '' : ` is ${link}`;
    const what = stat.isSymbolicLink()
      ? `link -> ${shown(readlinkSync(full, { encoding: 'buffer' }))}`
      : stat.isFile()
        ? `file ${stat.size} ${sha256(full)}${stat.blocks * BigInt(BLOCK) * 2n < stat.size ? ' sparse' : ''}`
        : `other ${(Number(stat.mode) & constants.S_IFMT).toString(8)}`;
    lines.push(`${name} ${what} ${mode}${time}${same}${rest}`);
  };
  entry(Buffer.from(path), '.');
  return lines;
}
