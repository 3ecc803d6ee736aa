// Extended attributes of a file, access lists among them, as the kernel lists them: node:fs has no call for these.
import { dlopen, FFIType, ptr, read } from 'bun:ffi';

const pointer = FFIType.ptr;
const { u64, i64 } = FFIType;
const { symbols: libc } = dlopen('libc.so.6', {
  llistxattr: { args: [pointer, pointer, u64], returns: i64 },
  lgetxattr: { args: [pointer, pointer, pointer, u64], returns: i64 },
  __errno_location: { args: [], returns: pointer },
});

// Linux: no name and no value is longer (xattr(7)).
const room = new Uint8Array(65_536);
/** Not supported by the file system; of a name: gone since it was listed. */
const NONE = new Set([61, 95]);

/** @returns how many bytes of `room` were filled. */
function filled(call: string, length: bigint | number): number {
  const bytes = Number(length);
  if (bytes >= 0) return bytes;
  const place = libc.__errno_location();
  const errno = place === null ? 0 : read.i32(place);
  if (NONE.has(errno)) return 0;
  throw new Error(`${call} failed with errno ${errno}`);
}

/** @param path its bytes. A link is not followed. @returns 32 hex digits over all names and values; empty where there are none. @throws Error. */
export function attributesOf(path: Uint8Array): string {
  const c = Buffer.concat([path, new Uint8Array(1)]);
  const length = filled('llistxattr', libc.llistxattr(ptr(c), ptr(room), BigInt(room.length)));
  if (length === 0) return '';
  const names = Buffer.from(room.subarray(0, length)).toString('latin1').split('\0').slice(0, -1).sort();
  const hasher = new Bun.CryptoHasher('sha256');
  for (const name of names) {
    const word = Buffer.from(`${name}\0`, 'latin1');
    const bytes = filled('lgetxattr', libc.lgetxattr(ptr(c), ptr(word), ptr(room), BigInt(room.length)));
    hasher.update(`${word.length} ${bytes} `);
    hasher.update(word);
    hasher.update(room.subarray(0, bytes));
  }
  return hasher.digest('hex').slice(0, 32);
}
