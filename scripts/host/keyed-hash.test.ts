import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKeyedHash, readKeyedHash, sha256 } from './keyed-hash.ts';
import { hostPaths } from './paths.ts';
import { openHost } from './real.ts';

const host = openHost();

function withFolder(use: (paths: ReturnType<typeof hostPaths>) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'keyed-'));
  const paths = hostPaths(root, root, 'backups');
  host.files.mkdir(paths.workspace);
  try {
    use(paths);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('the same text has the same hash on one host, and another one elsewhere', () => {
  withFolder((here) => {
    const hash = openKeyedHash(host, here);
    expect(hash('secret')).toBe(openKeyedHash(host, here)('secret'));
    expect(hash('secret')).not.toBe(hash('secreT'));
    expect(hash('secret')).toMatch(/^[0-9a-f]{32}$/);
    expect(statSync(here.hostKey).mode & 0o777).toBe(0o600);
    withFolder((there) => expect(openKeyedHash(host, there)('secret')).not.toBe(hash('secret')));
  });
});

test('it is HMAC-SHA-256 (RFC 4231, test case 2), cut to 32 digits', () => {
  // A key of 64 characters or more is used as it is written.
  const key = '0b'.repeat(32);
  const known = new Bun.CryptoHasher('sha256', key).update('x').digest('hex').slice(0, 32);
  withFolder((paths) => {
    writeFileSync(paths.hostKey, `${key}\n`);
    expect(readKeyedHash(host, paths)?.('x')).toBe(known);
  });
  expect(new Bun.CryptoHasher('sha256', 'Jefe').update('what do ya want for nothing?').digest('hex')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

test('looking makes no key, and one that was cut off is no key', () => {
  withFolder((paths) => {
    expect(readKeyedHash(host, paths)).toBeUndefined();
    expect(host.files.stat(paths.hostKey)).toBeUndefined();
    writeFileSync(paths.hostKey, 'abc\n');
    expect(readKeyedHash(host, paths)).toBeUndefined();
    openKeyedHash(host, paths);
    expect(readKeyedHash(host, paths)).toBeDefined();
  });
});

test('a plain hash is SHA-256', () => {
  expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
