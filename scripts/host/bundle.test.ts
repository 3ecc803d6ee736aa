import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './bundle.ts';

const CHECKOUT = join(import.meta.dir, '..', '..');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belay-bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(script: string, ...args: string[]) {
  const argv = [process.execPath, '--no-env-file', '--no-install', join(folder, script), ...args];
  const env = { BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0', BUN_JSC_verboseDiskCache: '1' };
  const child = Bun.spawn(argv, { cwd: folder, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, said: stdout + stderr };
}

test('the engine starts from what was compiled beforehand, and without it', async () => {
  const { script, compiled } = await bundle(CHECKOUT, 'scripts/release/main.ts', folder);
  expect(readdirSync(folder)).toEqual([]);
  writeFileSync(join(folder, 'engine.js'), script);
  const plain = await run('engine.js', 'release-run', '--help');
  writeFileSync(join(folder, 'engine.js.jsc'), compiled);
  const quick = await run('engine.js', 'release-run', '--help');
  expect([plain.code, quick.code]).toEqual([0, 0]);
  expect(plain.said).not.toContain('Cache hit');
  expect(quick.said).toContain('Cache hit');
  expect(quick.said).toContain('just release-run TICKET');
});

test('a program that has nothing more to wait for before it is over has failed', async () => {
  writeFileSync(join(folder, 'main.ts'), 'export const main = () => new Promise(() => {});\n');
  for (const name of ['package.json', 'bun.lock', 'bunfig.toml']) writeFileSync(join(folder, name), '');
  const { script } = await bundle(folder, 'main.ts', folder);
  writeFileSync(join(folder, 'engine.js'), script);
  expect((await run('engine.js')).code).toBe(1);
});
