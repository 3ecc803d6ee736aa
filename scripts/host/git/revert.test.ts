import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { tryRevert } from './revert.ts';
import { isReverted, revertLanded } from './revert-landed.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const lines = (from: number, to: number, text = 'line') =>
  Array.from({ length: to - from + 1 }, (_, at) => `${text} ${from + at}\n`).join('');

let box: Sandbox;
let base: string;
beforeEach(() => {
  box = openSandbox({ app: lines(1, 30), other: '1\n', gone: '1\n', 'dir/x': 'x\n', run: '#!/bin/sh\n' });
  base = at('HEAD');
});
afterEach(() => box.close());

const at = (ref: string) => box.git(box.origin, 'rev-parse', ref);
const folder = () => join(box.folder, 'aside');
const attempt = (mergeSha: string, baseSha = base) =>
  tryRevert(box.repo, { baseSha, mergeSha, branch: 'main', folder: folder() });
/** A branch of origin with commits on it; main is checked out again. */
function branch(name: string, from: string, ...commits: Array<Parameters<Sandbox['push']>[0]>) {
  box.git(box.origin, 'checkout', '--quiet', '-B', name, from);
  for (const [index, changes] of commits.entries()) box.push(changes, `${name} ${index + 1}`);
  box.git(box.origin, 'checkout', '--quiet', 'main');
}
const merge = (...names: string[]) => {
  box.git(box.origin, 'merge', '--quiet', '--no-ff', '-m', `Merge ${names.join(' and ')}`, ...names);
  return at('HEAD');
};

const SHAPES: Record<string, () => void> = {
  'a merge commit': () => {
    branch('one', base, { app: lines(1, 29), gone: null }, { 'dir/new': 'new\n', run: { run: '#!/bin/sh\necho\n' } });
    merge('one');
  },
  'several merges in one pull': () => {
    branch('one', base, { gone: null });
    branch('two', base, { app: lines(2, 30) });
    merge('one');
    merge('two');
  },
  squash: () => {
    branch('one', base, { app: lines(2, 30) }, { dir: 'a file now\n' });
    box.git(box.origin, 'merge', '--quiet', '--squash', 'one');
    box.git(box.origin, 'commit', '--quiet', '-m', 'one (#1)');
  },
  'a plain fast-forward of several commits': () => {
    box.push({ app: lines(2, 30) });
    box.push({ app: lines(2, 29), gone: { link: 'other' } });
    box.push({ gone: null, 'größe \t"x"': 'odd name\n' });
  },
  'a merge of merges': () => {
    branch('inner', base, { gone: null });
    branch('outer', base, { 'dir/new': '1\n' });
    box.git(box.origin, 'checkout', '--quiet', 'outer');
    merge('inner');
    box.git(box.origin, 'checkout', '--quiet', 'main');
    box.push({ other: '2\n' });
    merge('outer');
  },
  'an octopus': () => {
    branch('one', base, { gone: null });
    branch('two', base, { 'dir/new': '1\n' });
    branch('three', base, { app: lines(3, 30) });
    merge('one', 'two', 'three');
  },
};

for (const [shape, make] of Object.entries(SHAPES)) {
  test(`${shape}: the revert takes it back whole, and newer commits stay`, async () => {
    make();
    const mergeSha = at('HEAD');
    const newer = box.push({ fresh: 'fresh\n' }, 'fresh one');
    const onTop = await attempt(mergeSha);
    expect(onTop).toMatchObject({ conflicts: [], treeEqualsBase: true, originSha: newer, newerCount: 1 });
    expect(onTop.newer).toEqual([{ sha: newer, subject: 'fresh one' }]);
    expect(box.git(box.root, 'diff', '--name-status', base, onTop.revertSha ?? '')).toBe('A\tfresh');
    const change = { baseSha: base, mergeSha };
    expect(await isReverted(box.repo, { ...change, originSha: onTop.revertSha ?? '' })).toBe(true);
    expect(await isReverted(box.repo, { ...change, originSha: newer })).toBe(false);
    expect(await revertLanded(box.repo, { ...change, tip: newer })).toBe(false);
  });
}

test('message, tree and conflicts are those of git revert -m 1', async () => {
  branch('one', base, { app: lines(1, 10) + lines(11, 30, 'new'), gone: null });
  box.push({ other: 'main moved\n' });
  const [first, mergeSha] = [at('HEAD'), merge('one')];
  // Another hunk of the same file: no conflict, and what came later stays.
  box.push({ app: `newer\n${lines(1, 10)}${lines(11, 30, 'new')}` });
  const ours = await attempt(mergeSha, first);
  expect(ours).toMatchObject({ conflicts: [], treeEqualsBase: false });
  box.git(box.root, 'checkout', '--quiet', '-B', 'by-hand', 'origin/main');
  box.git(box.root, 'revert', '--no-edit', '-m', '1', mergeSha);
  expect(box.git(box.root, 'log', '-1', '--format=%T %B', ours.revertSha ?? '')).toBe(
    box.git(box.root, 'log', '-1', '--format=%T %B'),
  );
  expect(box.git(box.root, 'show', `${ours.revertSha}:app`)).toStartWith('newer\nline 1\n');
  expect(await revertLanded(box.repo, { baseSha: first, mergeSha, tip: ours.revertSha ?? '' })).toBe(true);
  expect(await revertLanded(box.repo, { baseSha: first, mergeSha, tip: ours.originSha })).toBe(false);

  box.push({ app: lines(1, 30, 'rewritten'), gone: 'there again\n' });
  const clash = await attempt(mergeSha, first);
  expect(clash).toMatchObject({ revertSha: undefined, landed: false, conflicts: ['app', 'gone'] });
  box.git(box.root, 'reset', '--quiet', '--hard', 'origin/main');
  expect(() => box.git(box.root, 'revert', '--no-edit', '-m', '1', mergeSha)).toThrow('could not revert');
  expect(box.git(box.root, 'diff', '--name-only', '--diff-filter=U')).toBe('app\ngone');
});

test('nothing of the live checkout is touched, no folder and no ref is left', async () => {
  box.write(box.root, { mine: 'untracked\n', other: 'dirty\n' });
  const mergeSha = box.push({ other: '2\n', app: null });
  box.git(box.root, 'fetch', '--quiet');
  const look = () => [
    box.git(box.root, 'status', '--porcelain'),
    box.git(box.root, 'for-each-ref'),
    box.git(box.root, 'worktree', 'list'),
    box.git(box.root, 'log', '-g', '--format=%H'),
    readdirSync(join(box.root, '.git')).sort().join(),
  ];
  const before = look();
  const made = await attempt(mergeSha);
  expect(made).toMatchObject({ newer: [], treeEqualsBase: true });
  expect(box.git(box.root, 'rev-parse', `${made.revertSha}^{tree}`, `${made.revertSha}^`)).toBe(
    `${at(`${base}^{tree}`)}\n${mergeSha}`,
  );
  expect(look()).toEqual(before);
  expect(box.git(box.root, 'branch', '--all', '--contains', made.revertSha ?? '')).toBe('');
  expect(existsSync(folder())).toBe(false);
});

test('whatever writes an object flushes it: one that a power cut emptied would stay', async () => {
  const mergeSha = box.push({ other: '2\n', app: null });
  const calls: string[][] = [];
  const { exec } = box.host;
  const run: typeof exec.run = (argv, options) => {
    calls.push([...argv]);
    return exec.run(argv, options);
  };
  const host = { ...box.host, exec: { ...exec, run } };
  await tryRevert({ ...box.repo, host }, { baseSha: base, mergeSha, branch: 'main', folder: folder() });
  const writes = calls.filter((argv) => argv.some((word) => /^(?:commit-tree|write-tree|revert|fetch)$/.test(word)));
  expect(writes.length).toBeGreaterThanOrEqual(4);
  expect(writes.filter((argv) => !argv.includes('core.fsync=all'))).toEqual([]);
});

test('a host without a git identity can revert all the same', async () => {
  const mergeSha = box.push({ other: '2\n' });
  box.write(box.folder, { 'home/.gitconfig': '' });
  const { revertSha = '' } = await attempt(mergeSha);
  expect(box.git(box.root, 'log', '-1', '--format=%an', revertSha)).toBe('Belay');
});

test('a remote that is down is said, and the revert is made on what was known', async () => {
  const mergeSha = box.push({ other: '2\n' });
  box.git(box.root, 'fetch', '--quiet');
  box.push({ fresh: '1\n' });
  renameSync(box.origin, `${box.origin}.away`);
  const made = await attempt(mergeSha);
  renameSync(`${box.origin}.away`, box.origin);
  expect(made).toMatchObject({ originSha: mergeSha, newer: [], treeEqualsBase: true });
  expect(made.unreachable?.what).toContain('cannot be reached');
});

test('reverted by somebody else, also squashed or merged: there is nothing to revert any more', async () => {
  branch('one', base, { app: lines(2, 30) }, { gone: null });
  const mergeSha = merge('one');
  branch('undo', mergeSha, { app: lines(1, 30) }, { gone: '1\n' });
  box.push({ fresh: '1\n' });
  box.git(box.origin, 'merge', '--quiet', '--squash', 'undo');
  box.git(box.origin, 'commit', '--quiet', '-m', 'Undo (#2)');
  expect(await attempt(mergeSha)).toMatchObject({ landed: true, revertSha: undefined, treeEqualsBase: true });
  // Other hunks of the same file: the paths differ from BASE, but the revert has nothing to do.
  box.push({ app: `${lines(1, 30)}more\n` });
  expect(await attempt(mergeSha)).toMatchObject({ landed: true, revertSha: undefined, treeEqualsBase: false });
  const change = { baseSha: base, mergeSha };
  expect(await isReverted(box.repo, { ...change, originSha: at('main') })).toBe(false);
  expect(await revertLanded(box.repo, { ...change, tip: at('main') })).toBe(true);
  // Brought back on purpose: the revert was there, and the change is to be reverted again if the release is.
  const back = box.push({ app: `${lines(2, 30)}more\n`, gone: null });
  expect(await attempt(mergeSha)).toMatchObject({ landed: false, conflicts: [] });
  expect(await revertLanded(box.repo, { ...change, tip: back })).toBe(true);
});

test('a branch that origin does not contain has no revert there', async () => {
  branch('hotfix', base, { app: lines(2, 30) });
  box.git(box.root, 'fetch', '--quiet');
  expect(await attempt(at('hotfix'))).toMatchObject({ contained: false, revertSha: undefined, conflicts: [] });
});

test('BASE that is no ancestor (a squashed hotfix was deployed): its tree comes back', async () => {
  branch('hotfix', base, { gone: null, other: 'fixed\n' });
  const fixed = at('hotfix');
  box.git(box.origin, 'merge', '--quiet', '--squash', 'hotfix');
  box.git(box.origin, 'commit', '--quiet', '-m', 'fix (#3)');
  const mergeSha = box.push({ app: lines(2, 30) });
  box.git(box.root, 'fetch', '--quiet', 'origin', 'hotfix');
  const made = await attempt(mergeSha, fixed);
  expect(made).toMatchObject({ conflicts: [], treeEqualsBase: true });
  expect(box.git(box.root, 'rev-parse', `${made.revertSha}^{tree}`)).toBe(at(`${fixed}^{tree}`));
});
