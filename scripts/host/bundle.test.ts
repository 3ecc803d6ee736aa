import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
  const built = await bundle(CHECKOUT, 'scripts/release/main.ts', folder, 'engine.js');
  expect(readdirSync(folder)).toEqual([]);
  const write = (wanted: RegExp) => {
    for (const [file, content] of built) if (wanted.test(file)) writeFileSync(join(folder, file), content);
  };
  write(/\.js$/);
  const plain = await run('engine.js', 'release-run', '--help');
  write(/\.jsc$/);
  const quick = await run('engine.js', 'release-run', '--help');
  expect([plain.code, quick.code]).toEqual([0, 0]);
  expect(plain.said).not.toContain('Cache hit');
  expect(quick.said).toContain('Cache hit');
  expect(quick.said).toContain('just release-run TICKET');
});

test('what is apart is the real thing, compiled beforehand too, and read only where it is asked for', async () => {
  const engine = join(folder, 'engine');
  mkdirSync(engine);
  writeFileSync(
    join(engine, 'ask.ts'),
    `export const main = async (name) => {
  if (name === 'yaml') console.log(JSON.stringify((await import('yaml')).parse('a: 1')));
  if (name === 'undici') console.log((await import('undici/index.js')).Agent.prototype.dispatch.length);
  return 0;
};
`,
  );
  for (const name of ['package.json', 'bun.lock', 'bunfig.toml']) writeFileSync(join(engine, name), '');
  symlinkSync(join(CHECKOUT, 'node_modules'), join(engine, 'node_modules'));
  for (const [file, content] of await bundle(engine, 'ask.ts', folder, 'ask.js'))
    writeFileSync(join(folder, file), content);
  renameSync(engine, `${engine}.gone`);
  const hits = ({ said }: { said: string }) => said.split('Cache hit').length - 1;
  const [none, yaml, undici] = [await run('ask.js', ''), await run('ask.js', 'yaml'), await run('ask.js', 'undici')];
  expect([none.code, yaml.code, undici.code]).toEqual([0, 0, 0]);
  expect(yaml.said).toContain('{"a":1}');
  expect(undici.said).toMatch(/^2$/m);
  expect([none, yaml, undici].map(hits)).toEqual([1, 2, 2]);
});

test('a program that has nothing more to wait for before it is over has failed', async () => {
  writeFileSync(join(folder, 'main.ts'), 'export const main = () => new Promise(() => {});\n');
  for (const name of ['package.json', 'bun.lock', 'bunfig.toml']) writeFileSync(join(folder, name), '');
  const built = await bundle(folder, 'main.ts', folder, 'engine.js');
  writeFileSync(join(folder, 'engine.js'), built.get('engine.js') ?? '');
  expect((await run('engine.js')).code).toBe(1);
});
