import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHost } from '../host/real.ts';
import { compressor, isSmall } from './compress.ts';

const MEGABYTE = 1 << 20;
const host = openHost();

function inFolder(act: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'belay-compress-'));
  try {
    act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('threads where there is much to compress, none where there is little', () => {
  expect(compressor('Zstandard CLI (64-bit) v1.5.4', true)).toContain('--single-thread');
  expect(compressor('Zstandard CLI (64-bit) v1.5.4', false)).toContain('-T0');
});

test('an older zstd is not given a flag that it does not know', () => {
  const flag = '--no-asyncio';
  for (const version of ['v1.4.8', 'v1.5.2', 'v0.9.9', 'no version'])
    expect(compressor(version, false)).not.toContain(flag);
  for (const version of ['v1.5.4', 'v1.5.10', 'v1.6.0', 'v2.0.0']) expect(compressor(version, false)).toContain(flag);
});

test('sizes of all files count together, in folders below, too', () => {
  inFolder((folder) => {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    writeFileSync(join(folder, 'one'), '');
    writeFileSync(join(folder, 'a', 'b', 'two'), '');
    truncateSync(join(folder, 'one'), 40 * MEGABYTE);
    expect([isSmall(host, folder), isSmall(host, join(folder, 'one'))]).toEqual([true, true]);
    truncateSync(join(folder, 'a', 'b', 'two'), 40 * MEGABYTE);
    expect(isSmall(host, folder)).toBe(false);
  });
});

test('many names are not few, and a link leads nowhere', () => {
  inFolder((folder) => {
    symlinkSync('/', join(folder, 'link'));
    expect(isSmall(host, folder)).toBe(true);
    for (let at = 0; at < 600; at += 1) writeFileSync(join(folder, String(at)), '');
    expect(isSmall(host, folder)).toBe(false);
  });
});
