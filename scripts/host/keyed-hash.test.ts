import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeyedHash, readKeyedHash } from './keyed-hash.ts';
import { hostPaths } from './paths.ts';
import { openHost } from './real.ts';

const root = mkdtempSync(join(tmpdir(), 'keyed-'));
afterAll(() => rmSync(root, { recursive: true }));
const host = openHost();

test('the key is made once, 0600, and a look alone makes none', () => {
  const paths = { ...hostPaths(root, root, 'b'), hostKey: join(root, 'host.key') };
  expect(readKeyedHash(host, paths)).toBeUndefined();
  expect(readdirSync(root)).toEqual([]);
  const first = openKeyedHash(host, paths)('value');
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(readKeyedHash(host, paths)?.('value')).toBe(first);
  expect(openKeyedHash(host, paths)('value')).toBe(first);
  expect(openKeyedHash(host, paths)('other')).not.toBe(first);
  expect(statSync(paths.hostKey).mode & 0o777).toBe(0o600);
});

test('two hosts hash one value differently', () => {
  const of = (name: string) => openKeyedHash(host, { ...hostPaths(root, root, 'b'), hostKey: join(root, name) });
  expect(of('a.key')('value')).not.toBe(of('b.key')('value'));
});
