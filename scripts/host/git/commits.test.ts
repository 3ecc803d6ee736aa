import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commitsBetween, isAncestor, mergeBase, readRef, resolveCommit, updateRef } from './commits.ts';
import { caught, openSandbox, type Sandbox } from './sandbox.ts';

const REF = 'refs/asd/deployed';
let box: Sandbox;
let one: string;
let two: string;
let three: string;
beforeAll(() => {
  box = openSandbox();
  one = box.git(box.origin, 'rev-parse', 'HEAD');
  two = box.push({ a: '2\n' }, 'second\tone');
  three = box.push({ a: '3\n' }, 'third');
  box.git(box.root, 'pull', '--quiet', '--ff-only');
});
afterAll(() => box.close());

test('names are resolved to commits, and options are no names', async () => {
  box.git(box.root, 'tag', '-a', '-m', 'x', 'v1', two);
  expect(await resolveCommit(box.repo, 'v1')).toBe(two);
  expect(await resolveCommit(box.repo, 'HEAD~2')).toBe(one);
  expect(await resolveCommit(box.repo, 'nope')).toBeUndefined();
  expect(await resolveCommit(box.repo, '--all')).toBeUndefined();
  expect((await caught(resolveCommit(box.repo, 'a\nb'))).kind).toBe('refused');
});

test('a ref moves only from where it was expected', async () => {
  expect(await readRef(box.repo, REF)).toBeUndefined();
  await updateRef(box.repo, REF, one, undefined);
  expect(await readRef(box.repo, REF)).toBe(one);
  await updateRef(box.repo, REF, two, one);
  await updateRef(box.repo, REF, two, one);
  expect(await readRef(box.repo, REF)).toBe(two);
  const lock = join(box.root, '.git', `${REF}.lock`);
  writeFileSync(lock, '');
  await updateRef(box.repo, REF, one, two);
  await updateRef(box.repo, REF, two, one);
  expect(existsSync(lock)).toBe(false);
  const error = await caught(updateRef(box.repo, REF, three, one));
  expect(error.kind).toBe('step-failed');
  expect(error.message).toContain(`expected ${one}, found ${two}`);
  expect((await caught(updateRef(box.repo, REF, three, undefined))).message).toContain('expected no ref');
});

test('a ref that a power cut left empty, or that names no commit, is not an absent one', async () => {
  const file = join(box.root, '.git', 'refs/asd/torn');
  writeFileSync(file, '');
  expect((await caught(readRef(box.repo, 'refs/asd/torn'))).message).toContain('damaged');
  writeFileSync(file, `${'1'.repeat(40)}\n`);
  expect((await caught(readRef(box.repo, 'refs/asd/torn'))).message).toContain('no commit');
});

test('ancestors, merge bases and what lies between', async () => {
  expect(await isAncestor(box.repo, one, three)).toBe(true);
  expect(await isAncestor(box.repo, three, one)).toBe(false);
  await caught(isAncestor(box.repo, '1'.repeat(40), one));
  expect(await mergeBase(box.repo, two, three)).toBe(two);
  expect(await commitsBetween(box.repo, one, three)).toEqual({
    count: 2,
    commits: [
      { sha: three, subject: 'third' },
      { sha: two, subject: 'second one' },
    ],
  });
  expect(await commitsBetween(box.repo, one, three, 1)).toEqual({
    count: 2,
    commits: [{ sha: three, subject: 'third' }],
  });
  box.git(box.root, 'switch', '--quiet', '--orphan', 'alone');
  box.git(box.root, 'commit', '--quiet', '--allow-empty', '-m', 'alone');
  expect(await mergeBase(box.repo, 'HEAD', three)).toBeUndefined();
});
