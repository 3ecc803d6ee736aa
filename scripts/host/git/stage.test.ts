import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { caught, openSandbox, type Sandbox } from './sandbox.ts';
import { addStage, removeStage } from './stage.ts';

let box: Sandbox;
let sha: string;
let stage: string;
beforeEach(() => {
  box = openSandbox({ a: '1\n', '.gitignore': '.asd/workspace/\n' });
  sha = box.push({ a: '2\n' });
  box.git(box.root, 'fetch', '--quiet');
  stage = join(box.root, '.asd/workspace/stage/T 1');
});
afterEach(() => box.close());

const worktrees = () => box.git(box.root, 'worktree', 'list', '--porcelain').match(/^worktree /gm)?.length;

test('the target stands beside the live tree, and goes without a trace', async () => {
  const refs = box.git(box.root, 'for-each-ref');
  await addStage(box.repo, sha, stage);
  expect(readFileSync(join(stage, 'a'), 'utf8')).toBe('2\n');
  expect(readFileSync(join(box.root, 'a'), 'utf8')).toBe('1\n');
  expect(box.git(box.root, 'status', '--porcelain')).toBe('');
  await removeStage(box.repo, stage);
  expect(existsSync(stage)).toBe(false);
  expect(worktrees()).toBe(1);
  expect(box.git(box.root, 'for-each-ref')).toBe(refs);
  await removeStage(box.repo, stage);
});

test('leftovers of an earlier try are replaced, whatever is left of them', async () => {
  await addStage(box.repo, sha, stage);
  writeFileSync(join(stage, 'a'), 'changed');
  box.git(box.root, 'worktree', 'lock', stage);
  await addStage(box.repo, sha, stage);
  expect(readFileSync(join(stage, 'a'), 'utf8')).toBe('2\n');

  rmSync(stage, { recursive: true });
  await addStage(box.repo, sha, stage);
  rmSync(join(stage, '.git'));
  await addStage(box.repo, sha, stage);

  rmSync(join(box.root, '.git/worktrees'), { recursive: true });
  await addStage(box.repo, sha, stage);
  expect(worktrees()).toBe(2);
});

test('notes of a git that died while it made a stage go, those of another worktree stay', async () => {
  const mine = join(box.folder, 'mine');
  const dead = join(box.root, '.asd/workspace/stage/T1');
  box.git(box.root, 'worktree', 'add', '--quiet', '--detach', mine);
  box.write(box.root, { '.git/worktrees/T1/locked': 'initializing' });
  await addStage(box.repo, sha, dead);
  expect(existsSync(join(box.root, '.git/worktrees/T1/gitdir'))).toBe(true);
  rmSync(mine, { recursive: true });
  await removeStage(box.repo, dead);
  expect(existsSync(join(box.root, '.git/worktrees/mine'))).toBe(true);
});

test('hooks do not run, and the repository itself is no stage', async () => {
  box.write(box.root, { '.git/hooks/post-checkout': { run: `#!/bin/sh\ntouch '${box.folder}/ran'\n` } });
  await addStage(box.repo, sha, stage);
  expect(existsSync(join(box.folder, 'ran'))).toBe(false);
  expect((await caught(removeStage(box.repo, box.root))).kind).toBe('refused');
  expect((await caught(removeStage(box.repo, box.folder))).kind).toBe('refused');
  expect(existsSync(join(box.root, 'a'))).toBe(true);
});

test('a commit that is not here fails the step', async () => {
  const error = await caught(addStage(box.repo, '1'.repeat(40), stage));
  expect(error.kind).toBe('step-failed');
  expect(error.message).toContain(stage);
});
