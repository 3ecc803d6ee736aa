import { afterEach, beforeEach, expect, test } from 'bun:test';
import { join } from 'node:path';
import { checkTarget } from '../../plan/preflight.ts';
import { collisions } from './collisions.ts';
import { fetchBranch } from './fetch.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';
import { targetFacts } from './target.ts';

let box: Sandbox;
let head: string;
beforeEach(() => {
  box = openSandbox({
    a: '1\n',
    'dir/tracked': '1\n',
    file: '1\n',
    link: { link: 'a' },
    '.gitignore': '.env\ncache/\n',
  });
  head = box.git(box.root, 'rev-parse', 'HEAD');
});
afterEach(() => box.close());

const found = async (target: string) =>
  (await collisions(box.repo, head, target)).map((one) => `${one.why} ${one.path}`);

async function fetched(changes: Parameters<Sandbox['push']>[0]): Promise<string> {
  box.push(changes);
  return (await fetchBranch(box.repo, 'main')).sha;
}

test('untracked and ignored files in the way are named, others are not', async () => {
  box.write(box.root, { '.env': 'SECRET=1\n', new: 'mine', 'cache/x': 'mine', other: 'mine' });
  const target = await fetched({ '.env': 'A=1\n', new: 'theirs', 'cache/x': 'theirs', a: '2\n', fresh: '1' });
  expect(await found(target)).toEqual(['untracked .env', 'untracked cache/x', 'untracked new']);
  const facts = await targetFacts(box.repo, head, target, head);
  expect(facts.collisions.map((one) => one.path)).toEqual(['.env', 'cache/x', 'new']);
});

test('a file where the target has a folder, and a folder where it has a file', async () => {
  box.write(box.root, {
    conf: 'mine',
    'data/deep/x': 'mine',
    empty: null,
    'dir/mine': 'mine',
    away: { link: '/nowhere' },
  });
  const target = await fetched({ 'conf/a': '1', 'conf/b': '1', data: 'theirs', dir: 'now a file', 'away/x': '1' });
  expect(await found(target)).toEqual([
    'untracked away',
    'untracked conf',
    'untracked data/deep/x',
    'untracked dir/mine',
  ]);
});

test('what git keeps may change its kind', async () => {
  const target = await fetched({ 'file/now/a/folder': '1', dir: 'now a file', link: null, 'link/x': '1' });
  expect(await found(target)).toEqual([]);
});

test('a change that git was told to overlook is named where the target changes that path', async () => {
  box.git(box.root, 'update-index', '--skip-worktree', 'a');
  box.git(box.root, 'update-index', '--assume-unchanged', 'file');
  box.write(box.root, { a: 'local\n' });
  expect(await found(await fetched({ a: '2\n' }))).toEqual(['hidden a']);
});

test('a target that follows HEAD has nothing against it', async () => {
  const target = await fetched({ a: '2\n' });
  const facts = await targetFacts(box.repo, head, target, head);
  expect(facts).toMatchObject({ fastForward: true, rewritten: false, localCount: 0, collisions: [] });
  expect(checkTarget(facts, { branch: 'main' })).toEqual([]);
});

test('a commit made on the host is refused with the way out, which works', async () => {
  box.write(box.root, { file: 'by hand\n' });
  box.git(box.root, 'commit', '--quiet', '-am', 'quick mend at night');
  const local = box.git(box.root, 'rev-parse', 'HEAD');
  box.push({ a: '2\n' });
  const { sha, previous } = await fetchBranch(box.repo, 'main');
  const [problem] = checkTarget(await targetFacts(box.repo, local, sha, previous), { branch: 'main' });
  expect(problem?.what).toContain('1 commit was made on this host');
  expect(problem?.details).toEqual([`${local.slice(0, 10)} quick mend at night`]);
  const commands = [problem?.hint ?? []].flat().filter((line) => line.startsWith('git '));
  expect(commands).toHaveLength(2);
  for (const command of commands) box.git(box.root, ...command.split(' ').slice(1));
  const mended = await targetFacts(box.repo, box.git(box.root, 'rev-parse', 'HEAD'), sha, previous);
  expect(checkTarget(mended, { branch: 'main' })).toEqual([]);
});

test('a branch that was force-pushed away from HEAD is called rewritten, not a local commit', async () => {
  const lost = await fetched({ a: 'lost\n' });
  box.git(box.root, 'merge', '--quiet', '--ff-only', lost);
  box.git(box.origin, 'reset', '--quiet', '--hard', 'HEAD^');
  box.push({ a: 'instead\n' });
  const { sha, previous } = await fetchBranch(box.repo, 'main');
  const facts = await targetFacts(box.repo, lost, sha, previous);
  expect(facts).toMatchObject({ fastForward: false, rewritten: true, localCount: 1, mergeBase: head });
  expect(checkTarget(facts, { branch: 'main' })[0]?.what).toContain('rewritten');
});

test('in a shallow clone without common history the cut is named', async () => {
  const clone = join(box.folder, 'shallow');
  box.push({ a: '2\n' });
  box.git(box.folder, 'clone', '--quiet', '--depth=1', `file://${box.origin}`, clone);
  const repo = { host: box.host, root: clone };
  const here = box.git(clone, 'rev-parse', 'HEAD');
  box.git(box.origin, 'switch', '--quiet', '--orphan', 'alone');
  box.push({ z: '1' });
  const { sha } = await fetchBranch(repo, 'alone');
  const [problem] = checkTarget(await targetFacts(repo, here, sha, undefined), { branch: 'alone' });
  expect(problem?.what).toContain('shallow');
  expect(problem?.hint).toBe('git fetch --unshallow origin');
});
