// The login that a registry is asked with, as Docker's engine reads it.
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import { registryAuth } from './credentials.ts';

const folder = mkdtempSync(join(tmpdir(), 'belay-login-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('whatever the length of user and password, the value has its padding and is read back whole', async () => {
  const real = openHost();
  const host = { ...real, machine: { ...real.machine, env: { DOCKER_CONFIG: folder } } };
  const context = { host, paths: hostPaths(folder, folder, 'b'), env: {}, secrets: [], ticket: '', timeoutMs: 1_000 };
  for (const password of ['a', 'ab', 'abc', 'ÿ>?'.repeat(5)]) {
    const auth = Buffer.from(`operator:${password}`).toString('base64');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { 'registry.example:5000': { auth } } }));
    const value = (await registryAuth(context, 'registry.example:5000/a/b:1')) ?? '';
    expect(value.length % 4).toBe(0);
    expect(value).toMatch(/^[A-Za-z0-9_-]+=*$/);
    expect(JSON.parse(Buffer.from(value, 'base64url').toString())).toEqual({
      username: 'operator',
      password,
      serveraddress: 'registry.example:5000',
    });
  }
});
