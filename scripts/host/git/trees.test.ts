import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBlobs, readInTrees } from './blobs.ts';
import { caught, openSandbox, type Sandbox } from './sandbox.ts';
import { diffObjects, diffTree, listFolders, listTree, treeId } from './trees.ts';

let box: Sandbox;
let one: string;
let two: string;
beforeAll(() => {
  const text = 'the same text in two places\n'.repeat(20);
  box = openSandbox({
    'packages/a/manifest.yaml': 'name: a\n',
    'packages/a/scripts/x.ts': '1',
    'packages/b/other': '1',
    'packages/file': '1',
    mode: 'x',
    moved: text,
    'tab\tand "quote"': '1',
  });
  one = box.git(box.origin, 'rev-parse', 'HEAD');
  two = box.push({
    'packages/a/scripts/x.ts': '2',
    'packages/ü c/manifest.yaml': 'name: "ü\\nNUL"\n',
    mode: { run: 'x' },
    moved: null,
    'moved here': text,
    'tab\tand "quote"': '2',
    'new\nline': 'x',
  });
  box.git(box.root, 'fetch', '--quiet');
});
afterAll(() => box.close());

test('every changed path once, exactly as it is called, renames as two', async () => {
  const paths = await diffTree(box.repo, one, two);
  expect(paths).toEqual([
    { path: 'mode', status: 'modified' },
    { path: 'moved', status: 'deleted' },
    { path: 'moved here', status: 'added' },
    { path: 'new\nline', status: 'added' },
    { path: 'packages/a/scripts/x.ts', status: 'modified' },
    { path: 'packages/ü c/manifest.yaml', status: 'added' },
    { path: 'tab\tand "quote"', status: 'modified' },
  ]);
  const pairs = await diffObjects(box.repo, one, two);
  expect(pairs.map(({ path, status }) => ({ path, status }))).toEqual(paths);
  expect(pairs[0]).toMatchObject({ from: { mode: '100644' }, to: { mode: '100755' } });
  expect(pairs[1]).toMatchObject({ from: { id: pairs[2]?.to?.id }, to: undefined });
  expect(await diffTree(box.repo, two, two)).toEqual([]);
});

test('a squashed hotfix leaves only what really differs, though histories part', async () => {
  box.git(box.origin, 'switch', '--quiet', '-c', 'hotfix', one);
  box.push({ 'packages/b/other': 'fix 1' });
  const hotfix = box.push({ 'packages/b/other': 'fix 2' });
  box.git(box.origin, 'switch', '--quiet', 'main');
  box.git(box.origin, 'merge', '--quiet', '--squash', 'hotfix');
  const squashed = box.push({});
  const next = box.push({ 'packages/a/scripts/x.ts': '3' });
  box.git(box.root, 'fetch', '--quiet', 'origin', 'main', 'hotfix');
  expect((await diffTree(box.repo, hotfix, squashed)).some((entry) => entry.path === 'packages/b/other')).toBe(false);
  expect(await diffTree(box.repo, squashed, next)).toEqual([{ path: 'packages/a/scripts/x.ts', status: 'modified' }]);
});

test('folders are listed with their trees, and nothing else is', async () => {
  const tree = (name: string) => box.git(box.origin, 'rev-parse', `${one}:packages/${name}`);
  expect(await listFolders(box.repo, one, 'packages')).toEqual(
    new Map([
      ['a', tree('a')],
      ['b', tree('b')],
    ]),
  );
  expect([...(await listFolders(box.repo, two, 'packages')).keys()]).toContain('ü c');
  expect(await listFolders(box.repo, one, 'nope')).toEqual(new Map());
});

test('one file of many trees: exact, in any order, and those without it are left out', async () => {
  const { a = '', b = '', 'ü c': c = '' } = Object.fromEntries(await listFolders(box.repo, two, 'packages'));
  const expected = { a: 'name: a\n', b: undefined, c: 'name: "ü\\nNUL"\n' };
  for (const order of [
    [a, b, c],
    [b, c, a, b],
    [c, b],
    [c, b, b, a],
  ]) {
    const texts = await readInTrees(box.repo, order, 'manifest.yaml');
    expect([texts.get(a), texts.get(b), texts.get(c)]).toEqual([
      order.includes(a) ? expected.a : undefined,
      undefined,
      expected.c,
    ]);
    expect(texts.size).toBe(order.includes(a) ? 2 : 1);
  }
  expect(await readInTrees(box.repo, [], 'manifest.yaml')).toEqual(new Map());
});

test('content that looks like an answer of git is content', async () => {
  const odd = `a ${'1'.repeat(40)}:manifest.yaml missing\n`;
  const sha = box.push({ 'packages/odd/manifest.yaml': odd, 'packages/none/x': '' });
  box.git(box.root, 'fetch', '--quiet', 'origin', 'main');
  const { odd: tree = '', none = '' } = Object.fromEntries(await listFolders(box.repo, sha, 'packages'));
  const texts = await readInTrees(box.repo, [tree, none], 'manifest.yaml');
  expect([...texts]).toEqual([[tree, odd]]);
});

test('trees are listed and named', async () => {
  expect(await treeId(box.repo, one, 'packages/a')).toBe(box.git(box.origin, 'rev-parse', `${one}:packages/a`));
  expect(await treeId(box.repo, one, '')).toBe(box.git(box.origin, 'rev-parse', `${one}^{tree}`));
  expect(await treeId(box.repo, one, 'nope')).toBeUndefined();
  expect((await listTree(box.repo, one, 'packages')).map((entry) => `${entry.type} ${entry.path}`)).toEqual([
    'tree packages/a',
    'tree packages/b',
    'blob packages/file',
  ]);
  const all = await listTree(box.repo, two, 'packages/a', { recursive: true });
  expect(all.map((entry) => entry.path)).toEqual(['packages/a/manifest.yaml', 'packages/a/scripts/x.ts']);
  expect(await listTree(box.repo, one, 'nope')).toEqual([]);
});

test('blobs are read exactly, in one call', async () => {
  const wanted = ['a', 'ü c'].map((name) => box.git(box.root, 'rev-parse', `${two}:packages/${name}/manifest.yaml`));
  const blobs = await readBlobs(box.repo, [...wanted, ...wanted]);
  expect(wanted.map((id) => blobs.get(id))).toEqual(['name: a\n', 'name: "ü\\nNUL"\n']);
  expect(await readBlobs(box.repo, [])).toEqual(new Map());
});

test('a blob that is missing, a tree, or not text is refused by id', async () => {
  const tree = box.git(box.root, 'rev-parse', `${one}:packages`);
  writeFileSync(join(box.folder, 'raw'), new Uint8Array([110, 255, 10]));
  const raw = box.git(box.root, 'hash-object', '-w', join(box.folder, 'raw'));
  for (const id of ['1'.repeat(40), tree, raw]) {
    const error = await caught(readBlobs(box.repo, [id]));
    expect(error.facts.details).toEqual([`blob ${id}`]);
  }
});
