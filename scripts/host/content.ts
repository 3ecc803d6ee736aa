// What plain files hold: hashed, or compared byte by byte. Streamed; short files in one go, without a thread for each read.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { refused } from '../model/error.ts';
import { O_CLOEXEC } from './libc.ts';

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | O_CLOEXEC;
const CHUNK = 1024 * 1024;
/** So much is read without a thread. */
const SHORT = 128 * 1024;

// Buffers of this size are not to be left to the collector, file by file.
const spare: Uint8Array[] = [];
const borrow = () => spare.pop() ?? new Uint8Array(CHUNK);

/** @returns the file's first SHORT bytes at most, and whether these are all. @throws refused for what is no plain file. */
function readShort(path: string | Uint8Array, buffer: Uint8Array): { count: number; all: boolean } {
  const fd = openSync(path as string, FLAGS);
  try {
    if (!fstatSync(fd).isFile())
      throw refused({
        what: `${typeof path === 'string' ? path : Buffer.from(path)} is no plain file, so it has no content`,
      });
    let count = 0;
    while (count < SHORT) {
      const read = readSync(fd, buffer, count, SHORT - count, count);
      if (read === 0) return { count, all: true };
      count += read;
    }
    return { count, all: false };
  } finally {
    closeSync(fd);
  }
}

/** See Files.sha256. */
export async function sha256(path: string | Uint8Array, signal?: AbortSignal): Promise<string> {
  const buffer = borrow();
  try {
    const hasher = new Bun.CryptoHasher('sha256');
    const { count, all } = readShort(path, buffer);
    hasher.update(buffer.subarray(0, count));
    if (all) return hasher.digest('hex');
    const file = await open(path as string, FLAGS);
    try {
      for (let at = SHORT; ; ) {
        signal?.throwIfAborted();
        const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
        if (bytesRead === 0) return hasher.digest('hex');
        hasher.update(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
    } finally {
      await file.close();
    }
  } finally {
    spare.push(buffer);
  }
}

/** See Files.sameContent. */
export async function sameContent(a: Uint8Array, b: Uint8Array, signal?: AbortSignal): Promise<boolean> {
  const [bufferA, bufferB] = [borrow(), borrow()];
  const same = (countA: number, countB: number) =>
    countA === countB && Buffer.compare(bufferA.subarray(0, countA), bufferB.subarray(0, countB)) === 0;
  try {
    const [one, other] = [readShort(a, bufferA), readShort(b, bufferB)];
    if (one.all !== other.all || !same(one.count, other.count)) return false;
    if (one.all) return true;
    const files = await Promise.all([open(a as Buffer, FLAGS), open(b as Buffer, FLAGS)]);
    try {
      for (let at = SHORT; ; ) {
        signal?.throwIfAborted();
        const [left, right] = await Promise.all([
          files[0].read(bufferA, 0, CHUNK, at),
          files[1].read(bufferB, 0, CHUNK, at),
        ]);
        if (!same(left.bytesRead, right.bytesRead)) return false;
        if (left.bytesRead === 0) return true;
        at += left.bytesRead;
      }
    } finally {
      await Promise.all(files.map((file) => file.close()));
    }
  } finally {
    spare.push(bufferA, bufferB);
  }
}
