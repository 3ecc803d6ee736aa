import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sameContent, sha256 } from './content.ts';

const folder = mkdtempSync(join(tmpdir(), 'content-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MIB = 1024 * 1024;
const END = 128 * 1024;
/** Around what is read at once, and what is read without a thread. */
const SIZES = [0, 1, END - 1, END, END + 1, MIB - 1, MIB, MIB + 1, MIB + END, MIB + END + 1, 3 * MIB + 7];

function put(name: string, bytes: Uint8Array): Uint8Array {
  writeFileSync(join(folder, name), bytes);
  return Buffer.from(join(folder, name));
}

function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65_536)));
  return bytes;
}

const openFiles = () => readdirSync('/proc/self/fd').length;

describe.each(SIZES)('a file of %i bytes', (size) => {
  const bytes = noise(size);
  const path = put(`one-${size}`, bytes);

  test('has the checksum of all of it', async () => {
    expect(await sha256(path)).toBe(new Bun.CryptoHasher('sha256').update(bytes).digest('hex'));
  });

  test('is the same as its copy, and no other', async () => {
    expect(await sameContent(path, put('copy', bytes))).toBe(true);
    expect(await sameContent(path, put('longer', Buffer.concat([bytes, new Uint8Array(1)])))).toBe(false);
    if (size === 0) return;
    expect(await sameContent(path, put('shorter', bytes.subarray(0, size - 1)))).toBe(false);
    for (const at of [0, size >> 1, size - 1]) {
      const other = bytes.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      expect(await sameContent(path, put('other', other))).toBe(false);
    }
  });
});

describe('what cannot be read', () => {
  const path = put('plain', noise(2 * MIB));

  test('is refused, and no file stays open', async () => {
    const before = openFiles();
    await expect(sameContent(path, Buffer.from(folder))).rejects.toThrow('is no plain file');
    await expect(sameContent(path, Buffer.from(join(folder, 'none')))).rejects.toThrow('ENOENT');
    await expect(sha256(folder)).rejects.toThrow('is no plain file');
    expect(openFiles()).toBe(before);
  });

  test('an abort ends it, and no file stays open', async () => {
    const before = openFiles();
    const over = AbortSignal.abort();
    await expect(sha256(path, over)).rejects.toThrow('aborted');
    await expect(sameContent(path, path, over)).rejects.toThrow('aborted');
    expect(openFiles()).toBe(before);
  });
});
