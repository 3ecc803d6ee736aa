import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { advance } from './advance.ts';
import { caught, openSandbox, type Sandbox } from './sandbox.ts';

let box: Sandbox;
let from: string;
let to: string;
beforeEach(() => {
  box = openSandbox({ a: '1\n', gone: '1\n', 'dir/x': '1\n', '.gitignore': '.env\n' });
  from = box.git(box.root, 'rev-parse', 'HEAD');
  to = box.push({ a: '2\n', gone: null, dir: 'a file now\n', 'deep/er/new': '1\n' });
  box.push({ a: '3\n' });
  box.git(box.root, 'fetch', '--quiet');
});
afterEach(() => box.close());

const read = (path: string) => readFileSync(join(box.root, path), 'utf8');
const head = () => box.git(box.root, 'rev-parse', 'HEAD');

test('moves to exactly the target, not to the branch, and again does nothing', async () => {
  box.write(box.root, { '.env': 'KEEP=1\n', mine: 'untracked' });
  await advance(box.repo, { from, to, branch: 'main' });
  expect(head()).toBe(to);
  expect([read('a'), read('dir'), read('deep/er/new'), read('.env'), read('mine')]).toEqual([
    '2\n',
    'a file now\n',
    '1\n',
    'KEEP=1\n',
    'untracked',
  ]);
  expect(existsSync(join(box.root, 'gone'))).toBe(false);
  expect(box.git(box.root, 'symbolic-ref', 'HEAD')).toBe('refs/heads/main');
  await advance(box.repo, { from, to, branch: 'main' });
  expect(head()).toBe(to);
});

test('hooks and configured merge habits do not run', async () => {
  for (const hook of ['post-merge', 'post-checkout', 'pre-merge-commit', 'reference-transaction']) {
    box.write(box.root, { [`.git/hooks/${hook}`]: { run: `#!/bin/sh\ntouch '${box.folder}/ran'\n` } });
  }
  box.git(box.root, 'config', 'branch.main.mergeOptions', '--no-ff');
  box.git(box.root, 'config', 'merge.autoStash', 'true');
  await advance(box.repo, { from, to, branch: 'main' });
  expect(existsSync(join(box.folder, 'ran'))).toBe(false);
  expect(head()).toBe(to);
});

test('moved by hand, another branch, or changed since: refused, nothing is touched', async () => {
  const moved = await caught(advance(box.repo, { from: '1'.repeat(40), to, branch: 'main' }));
  expect(moved.kind).toBe('refused');
  expect(moved.message).toContain(`found main at ${from}`);
  expect((await caught(advance(box.repo, { from, to, branch: 'other' }))).message).toContain('expected other');
  writeFileSync(join(box.root, 'a'), 'mine\n');
  const dirty = await caught(advance(box.repo, { from, to, branch: 'main' }));
  expect(dirty.facts.details).toEqual(['a']);
  expect(head()).toBe(from);
  expect(read('a')).toBe('mine\n');
});

test("an ignored file that appeared in the way, and somebody else's index.lock: the step fails and both stay", async () => {
  const next = box.push({ '.env': 'theirs\n' });
  box.git(box.root, 'fetch', '--quiet');
  box.write(box.root, { '.env': 'SECRET=1\n' });
  const error = await caught(advance(box.repo, { from, to: next, branch: 'main' }));
  expect(error.kind).toBe('step-failed');
  expect(error.facts.details?.join('\n')).toContain('.env');
  expect(read('.env')).toBe('SECRET=1\n');
  writeFileSync(join(box.root, '.git/index.lock'), '');
  const locked = await caught(advance(box.repo, { from, to, branch: 'main' }));
  expect(locked.facts.details?.join('\n')).toContain('index.lock');
  expect(existsSync(join(box.root, '.git/index.lock'))).toBe(true);
  expect(head()).toBe(from);
});

test('a target that does not follow HEAD fails the step', async () => {
  box.git(box.origin, 'reset', '--quiet', '--hard', from);
  box.git(box.origin, 'commit', '--quiet', '--amend', '-m', 'other root');
  const apart = box.push({ a: 'apart\n' });
  box.git(box.root, 'fetch', '--quiet');
  expect((await caught(advance(box.repo, { from, to: apart, branch: 'main' }))).kind).toBe('step-failed');
  expect(head()).toBe(from);
});
