import { afterEach, beforeEach, expect, test } from 'bun:test';
import { renameSync } from 'node:fs';
import { fetchBranch } from './fetch.ts';
import { caught, openSandbox, type Sandbox } from './sandbox.ts';
import { checkStillOffered } from './still-offered.ts';

let box: Sandbox;
let target: { sha: string; branch: string };
beforeEach(async () => {
  box = openSandbox();
  const sha = box.push({ 'README.md': 'second\n' });
  await fetchBranch(box.repo, 'main');
  target = { sha, branch: 'main' };
});
afterEach(() => box.close());

test('as it was, and with commits on top', async () => {
  expect(await checkStillOffered(box.repo, target)).toBeUndefined();
  box.push({ 'README.md': 'third\n' });
  expect(await checkStillOffered(box.repo, target)).toBeUndefined();
});

test('rewritten, or gone: refused', async () => {
  box.git(box.origin, 'commit', '--quiet', '--amend', '-m', 'another');
  const rewritten = await caught(checkStillOffered(box.repo, target));
  expect([rewritten.kind, rewritten.message]).toEqual([
    'refused',
    expect.stringContaining('was rewritten (force-push)'),
  ]);
  box.git(box.origin, 'branch', '-m', 'other');
  expect((await caught(checkStillOffered(box.repo, target))).message).toContain('was taken away from origin');
});

test('a remote that does not answer is said, and stops nothing', async () => {
  renameSync(box.origin, `${box.origin}.away`);
  expect(await checkStillOffered(box.repo, target)).toContain('origin could not be asked again whether main still has');
});
