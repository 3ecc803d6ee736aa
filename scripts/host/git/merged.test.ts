import { afterEach, beforeEach, expect, test } from 'bun:test';
import { howMerged } from './merged.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const text = (first: string, last: string) => `${first}\n${'line\n'.repeat(20)}${last}\n`;

let box: Sandbox;
let work: string;
beforeEach(() => {
  box = openSandbox({ app: text('1', '1'), other: '1\n' });
  box.git(box.origin, 'checkout', '--quiet', '-b', 'hotfix/x');
  box.push({ app: text('1', 'fixed') }, 'fix one');
  work = box.push({ new: 'bin\0ary\n' }, 'fix two');
  box.git(box.origin, 'checkout', '--quiet', 'main');
  box.push({ other: '2\n' });
});
afterEach(() => box.close());

const how = async () => {
  box.git(box.root, 'fetch', '--quiet');
  return await howMerged(box.repo, { work, into: box.git(box.origin, 'rev-parse', 'main') });
};

test('not there: its commits are named', async () => {
  const found = await how();
  expect(found).toMatchObject({ how: 'no', count: 2 });
  expect(JSON.stringify(found)).toContain('fix two');
});

test('merged', async () => {
  box.git(box.origin, 'merge', '--quiet', '--no-edit', 'hotfix/x');
  expect(await how()).toEqual({ how: 'merged' });
});

test('squashed, and changed further since', async () => {
  box.git(box.origin, 'merge', '--quiet', '--squash', 'hotfix/x');
  box.git(box.origin, 'commit', '--quiet', '-m', 'fix (#1)');
  box.push({ app: text('1', 'fixed better') });
  expect(await how()).toEqual({ how: 'squashed' });
});

test('each commit picked', async () => {
  for (const sha of ['hotfix/x~1', 'hotfix/x']) {
    box.git(box.origin, 'cherry-pick', sha);
    box.push({ app: text(sha, 'fixed') });
  }
  expect(await how()).toEqual({ how: 'picked' });
});

test('half of it is not all of it', async () => {
  box.git(box.origin, 'cherry-pick', 'hotfix/x~1');
  expect(await how()).toMatchObject({ how: 'no' });
});

test('equal content by other commits', async () => {
  box.push({ app: text('1', 'almost') });
  box.push({ app: text('1', 'fixed'), new: 'bin\0ary\n' });
  expect(await how()).toEqual({ how: 'equal' });
});

test('another binary content is not the fix', async () => {
  box.push({ app: text('1', 'fixed'), new: 'bin\0other\n' });
  expect(await how()).toMatchObject({ how: 'no' });
});
