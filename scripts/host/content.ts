// What plain files hold: hashed, or compared byte by byte. Streamed; the end of a file is read without a thread.
import { closeSync, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { refused } from '../model/error.ts';
import { O_CLOEXEC } from './libc.ts';

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | O_CLOEXEC;
const CHUNK = 1024 * 1024;
/** So much at the end of a file is read without a thread. */
const SHORT = 128 * 1024;

// Buffers of this size are not to be left to the collector, file by file.
const spare: Uint8Array[] = [];
const borrow = () => spare.pop() ?? new Uint8Array(CHUNK);

/** Without node's util, which every program would load for it. */
const readByThread = (fd: number, buffer: Uint8Array, offset: number, length: number, position: number) =>
  new Promise<number>((resolve, reject) => {
    read(fd, buffer, offset, length, position, (error, count) => (error === null ? resolve(count) : reject(error)));
  });

/** @throws refused for what is no plain file. */
function openPlain(path: string | Uint8Array): number {
  const fd = openSync(path as string, FLAGS);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw refused({
    what: `${typeof path === 'string' ? path : Buffer.from(path)} is no plain file, so it has no content`,
  });
}

/** @returns how many bytes there were from `at` on: fewer than the buffer holds only where the file ends. */
async function fill(fd: number, buffer: Uint8Array, at: number): Promise<number> {
  const { size } = fstatSync(fd);
  let count = 0;
  const left = () => buffer.length - count;
  while (left() > 0) {
    const bytes =
      size - at - count <= SHORT
        ? readSync(fd, buffer, count, left(), at + count)
        : await readByThread(fd, buffer, count, left(), at + count);
    if (bytes === 0) break;
    count += bytes;
  }
  return count;
}

/** See Files.sha256. */
export async function sha256(path: string | Uint8Array, signal?: AbortSignal): Promise<string> {
  const fd = openPlain(path);
  const buffer = borrow();
  try {
    const hasher = new Bun.CryptoHasher('sha256');
    for (let at = 0; ; ) {
      signal?.throwIfAborted();
      const count = await fill(fd, buffer, at);
      hasher.update(buffer.subarray(0, count));
      if (count < buffer.length) return hasher.digest('hex');
      at += count;
    }
  } finally {
    closeSync(fd);
    spare.push(buffer);
  }
}

/** See Files.sameContent. */
export async function sameContent(a: Uint8Array, b: Uint8Array, signal?: AbortSignal): Promise<boolean> {
  const fds: number[] = [];
  const buffers = [borrow(), borrow()] as const;
  try {
    for (const path of [a, b]) fds.push(openPlain(path));
    for (let at = 0; ; ) {
      signal?.throwIfAborted();
      // Both are waited for: what still reads must not lose its buffer or its file to another.
      const reads = await Promise.allSettled(fds.map((fd, n) => fill(fd, buffers[n] as Uint8Array, at)));
      const [one = 0, other = 0] = reads.map((read) => {
        if (read.status === 'rejected') throw read.reason;
        return read.value;
      });
      if (one !== other || Buffer.compare(buffers[0].subarray(0, one), buffers[1].subarray(0, one)) !== 0) return false;
      if (one < CHUNK) return true;
      at += one;
    }
  } finally {
    for (const fd of fds) closeSync(fd);
    spare.push(...buffers);
  }
}
