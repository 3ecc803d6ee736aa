import { afterEach, beforeEach, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSandbox, type Sandbox } from './sandbox.ts';
import { workingTree } from './working-tree.ts';

let box: Sandbox;
beforeEach(() => {
  box = openSandbox({ a: '1\n', 'b c': '1\n', gone: '1\n', '.gitignore': '.env\n' });
});
afterEach(() => box.close());

test('a clean checkout', async () => {
  box.write(box.root, { '.env': 'A=1\n', untracked: 'x' });
  expect(await workingTree(box.repo)).toEqual({
    root: box.root,
    head: box.git(box.root, 'rev-parse', 'HEAD'),
    branch: 'main',
    dirty: [],
    inProgress: undefined,
    indexLock: false,
    identity: true,
    shallow: false,
    submodules: false,
    lfs: false,
    remote: `file://${box.origin}`,
  });
});

test('tracked changes are named with their status, odd names too', async () => {
  box.write(box.root, { 'b c': '2\n', gone: null, 'new\nline': 'x' });
  box.git(box.root, 'add', 'new\nline');
  const { dirty } = await workingTree(box.repo);
  expect(dirty).toEqual([
    { path: 'b c', status: '.M' },
    { path: 'gone', status: '.D' },
    { path: 'new\nline', status: 'A.' },
  ]);
});

test('detached, mid-merge with a conflict, index.lock, no identity, no remote', async () => {
  box.push({ a: 'theirs\n' });
  box.git(box.root, 'fetch', '--quiet');
  box.write(box.root, { a: 'ours\n' });
  box.git(box.root, 'commit', '--quiet', '-am', 'ours');
  expect(() => box.git(box.root, 'merge', 'origin/main')).toThrow();
  const merging = await workingTree(box.repo);
  expect(merging.inProgress).toBe('merge');
  expect(merging.dirty).toEqual([{ path: 'a', status: 'UU' }]);

  box.git(box.root, 'merge', '--abort');
  expect(() => box.git(box.root, 'rebase', 'origin/main')).toThrow();
  expect((await workingTree(box.repo)).inProgress).toBe('rebase');
  box.git(box.root, 'rebase', '--abort');

  box.git(box.root, 'switch', '--quiet', '--detach');
  box.git(box.root, 'remote', 'remove', 'origin');
  writeFileSync(join(box.root, '.git/index.lock'), '');
  writeFileSync(join(box.folder, 'home/.gitconfig'), '');
  const tree = await workingTree(box.repo);
  expect(tree).toMatchObject({
    branch: undefined,
    indexLock: true,
    identity: false,
    remote: undefined,
    inProgress: undefined,
  });
});

test('shallow, submodules, lfs and a masked remote are seen', async () => {
  box.push({ '.gitmodules': '[submodule "s"]\n\tpath = s\n\turl = ./s\n', '.gitattributes': '*.bin filter=lfs\n' });
  const clone = join(box.folder, 'shallow');
  box.git(box.folder, 'clone', '--quiet', '--depth=1', `file://${box.origin}`, clone);
  box.git(clone, 'remote', 'set-url', 'origin', 'https://bob:pw@git.example.org/x.git');
  const tree = await workingTree({ host: box.host, root: clone });
  expect(tree).toMatchObject({
    shallow: true,
    submodules: true,
    lfs: true,
    remote: 'https://***@git.example.org/x.git',
  });
});

test('a checkout without a commit is refused', async () => {
  const empty = join(box.folder, 'empty');
  box.git(box.folder, 'init', '--quiet', empty);
  expect(workingTree({ host: box.host, root: empty })).rejects.toThrow('no commit yet');
});
