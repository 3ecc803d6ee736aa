import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openSandbox, type Sandbox } from '../host/git/sandbox.ts';
import { sha256 } from '../host/keyed-hash.ts';
import { type HostPaths, hostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { openFacts } from './manifest-facts.ts';
import { readManifests } from './manifests.ts';

const CHECKOUT = join(import.meta.dir, '..', '..');
const COUNT = 220;
const name = (at: number) => `s${at}`;
const manifest = (at: number, more = '') =>
  `name: ${name(at)}\nruntime: pm2\nrequirements: { port_env: [ { env: P${at}, default: ${1000 + at} } ] }\nrelease: { watch: ['w${at}/**'] }\n${more}`;

let box: Sandbox;
let engine: string;
let paths: HostPaths;
let file: string;
let base: string;
let target: string;
let expected: Awaited<ReturnType<typeof found>>;

beforeAll(async () => {
  const first = Array.from({ length: COUNT }, (_, at) => [`packages/${name(at)}/manifest.yaml`, manifest(at)]);
  box = openSandbox({ ...Object.fromEntries(first), 'packages/none/x': '' });
  base = box.git(box.origin, 'rev-parse', 'HEAD');
  target = box.push({
    'packages/s1/manifest.yaml': manifest(1, 'installation: { status: inactive }\n'),
    'packages/s2/manifest.yaml': null,
    'packages/s3/other': 'x',
    'packages/none/y': '',
    'packages/new/manifest.yaml': manifest(999, '"description": x\n').replace('s999', 'new'),
    'packages/s4/manifest.yaml': manifest(4).replace('w4', 'elsewhere').replace('1004', '1005'),
  });
  engine = join(box.folder, 'engine');
  for (const one of ['scripts/manifest', 'scripts/release/manifests.ts', 'package.json', 'bunfig.toml', 'bun.lock'])
    cpSync(join(CHECKOUT, one), join(engine, one), { recursive: true });
  paths = hostPaths(box.root, engine, 'backups');
  file = join(paths.cache, 'manifests');
  expected = await found(base, target, undefined);
});
afterAll(() => box.close());

/** All that a plan takes from the manifests. */
async function found(from: string, to: string, at: HostPaths | undefined) {
  const { host } = box;
  const store = at === undefined ? undefined : openFacts(host, at);
  const read = await readManifests({ host, root: box.origin }, from, to, {}, store === undefined ? {} : { store });
  const names = [...read.ends.keys()];
  return {
    ends: [...read.ends],
    claims: [...read.claims()],
    before: await read.parse(names, 'before'),
    after: await read.parse(names, 'after'),
  };
}

const known = (host: Host = box.host, at = paths) => openFacts(host, at).read().size;
/** What a release to `base` leaves behind. */
async function fill(): Promise<void> {
  rmSync(paths.cache, { recursive: true, force: true });
  await readManifests({ host: box.host, root: box.origin }, base, base, {}, { store: openFacts(box.host, paths) });
  expect(known()).toBe(COUNT);
}

test('what is known changes nothing of what is found, whichever commits it is from', async () => {
  const [back, same] = [await found(target, base, undefined), await found(target, target, undefined)];
  await fill();
  expect(await found(base, target, paths)).toEqual(expected);
  expect(await found(target, base, paths)).toEqual(back);
  expect(await found(target, target, paths)).toEqual(same);
});

test('what did not change is taken from it', async () => {
  await fill();
  const [line = '', rest = ''] = readFileSync(file, 'utf8').split('\n');
  const lie = rest.replace('w7/**', 'w8/**');
  writeFileSync(file, `${line.split(' ')[0]} ${sha256(lie)}\n${lie}`);
  const { ends } = await found(base, target, paths);
  expect(ends.find(([one]) => one === 's7')?.[1].after?.watch).toEqual(['w8/**']);
});

const edit = (change: (text: string) => string) => writeFileSync(file, change(readFileSync(file, 'utf8')));

test.each<[string, () => void]>([
  ['torn', () => edit((text) => text.slice(0, -100))],
  ['only its first line', () => edit((text) => text.slice(0, text.indexOf('\n') + 1))],
  ['without a line', () => edit((text) => text.replace('\n', ' '))],
  ['one byte is another', () => edit((text) => text.replace('w7/**', 'w8/**'))],
  ['something after it', () => appendFileSync(file, ' ')],
  ['empty', () => writeFileSync(file, '')],
  ['of another reader', () => edit((text) => text.replace(/^./, (digit) => (digit === '0' ? '1' : '0')))],
  ['too large', () => writeFileSync(file, 'x'.repeat(9 * 1024 * 1024))],
  ['readable by others', () => chmodSync(file, 0o644)],
  ['writable by others', () => chmodSync(file, 0o602)],
  ['in a folder that others can write to', () => chmodSync(paths.cache, 0o777)],
  [
    'a link',
    () => {
      renameSync(file, `${file}.real`);
      symlinkSync(`${file}.real`, file);
    },
  ],
  [
    'a folder',
    () => {
      rmSync(file);
      mkdirSync(file);
    },
  ],
])('it counts for nothing where it is: %s', async (_, harm) => {
  await fill();
  harm();
  expect(known()).toBe(0);
  expect(await found(base, target, paths)).toEqual(expected);
});

test("somebody else's counts for nothing", async () => {
  await fill();
  const stat: Host['files']['stat'] = (path) => {
    const real = box.host.files.stat(path);
    return real && path === file ? { ...real, uid: real.uid + 1 } : real;
  };
  expect(known({ ...box.host, files: { ...box.host.files, stat } })).toBe(0);
});

test('an engine that reads manifests otherwise does not believe it', async () => {
  await fill();
  for (const one of ['scripts/manifest/glance.ts', 'scripts/release/manifests.ts', 'bun.lock']) {
    const other = { ...paths, engine: join(box.folder, 'other') };
    rmSync(other.engine, { recursive: true, force: true });
    cpSync(engine, other.engine, { recursive: true });
    expect(known(box.host, other)).toBe(COUNT);
    appendFileSync(join(other.engine, one), '\n');
    expect(known(box.host, other)).toBe(0);
  }
});

test('it is ours alone, whole, and written only where it is worth it', async () => {
  await fill();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(paths.cache)).toEqual(['manifests']);
  const written = readFileSync(file, 'utf8');
  await found(base, target, paths);
  expect(readFileSync(file, 'utf8')).toBe(written);
});

test('folders with odd names are packages like the others', async () => {
  const first = box.push({ 'packages/o dd/manifest.yaml': manifest(1), 'packages/ü/manifest.yaml': manifest(2) });
  const second = box.push({ 'packages/o dd/x': '', 'packages/ü/manifest.yaml': null });
  const third = box.push({ 'packages/o dd/manifest.yaml': null });
  const watched = async (from: string, to: string, name: string) => {
    const found = (await readManifests({ host: box.host, root: box.origin }, from, to, {})).ends.get(name);
    return [found?.before?.watch[0], found?.after?.watch[0]];
  };
  expect(await watched(first, second, 'o dd')).toEqual(['w1/**', 'w1/**']);
  expect(await watched(first, second, 'ü')).toEqual(['w2/**', undefined]);
  expect(await watched(second, third, 'o dd')).toEqual(['w1/**', undefined]);
  expect(await watched(second, first, 'ü')).toEqual([undefined, 'w2/**']);
});

test('two at once, and a place that cannot be written to, do no harm', async () => {
  rmSync(paths.cache, { recursive: true, force: true });
  expect(await Promise.all([1, 2, 3].map(() => found(base, target, paths)))).toEqual([expected, expected, expected]);
  expect(known()).toBe(COUNT);
  rmSync(paths.cache, { recursive: true });
  writeFileSync(paths.cache, '');
  expect(await found(base, target, paths)).toEqual(expected);
  rmSync(paths.cache);
});

test('a manifest whose facts are long is not kept', () => {
  const store = openFacts(box.host, paths);
  const facts = (claims: string) => ({ installed: true, watch: [], claims });
  store.write([
    ['a', facts('x'.repeat(5000))],
    ['b', facts('x')],
  ]);
  expect([...store.read().keys()]).toEqual(['b']);
});
