import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followFile } from './followed-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'followed-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('hashes what was written, early and late', async () => {
  const file = await followFile(join(folder, 'whole'));
  const hasher = new Bun.CryptoHasher('sha256');
  for (let i = 0; i < 5; i += 1) {
    const part = Buffer.alloc(700_000, i);
    hasher.update(part);
    writeSync(file.fd, part);
    await Bun.sleep(i);
  }
  expect(await file.finish()).toEqual({ bytes: 3_500_000, sha256: hasher.digest('hex') });
  await file.close();
});

test('a file that something still writes to is no result', async () => {
  const file = await followFile(join(folder, 'growing'));
  const child = Bun.spawn(['yes'], { stdio: ['ignore', file.fd, 'ignore'] });
  while (statSync(join(folder, 'growing')).size === 0) await Bun.sleep(5);
  const outcome = await file.finish().catch((error: unknown) => error);
  child.kill('SIGKILL');
  await child.exited;
  await file.close();
  expect(outcome).toMatchObject({ kind: 'step-failed', message: expect.stringContaining('still grew') });
});
