import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Passage } from '../../model/checkout.ts';
import { moveCheckout } from './move.ts';
import { recoverMove } from './recover.ts';
import { type Back, checkGoBack, goBack, goOn } from './revert-back.ts';
import { caught, type FileChanges, openSandbox, type Sandbox } from './sandbox.ts';

const COUNT = 12;
const many = (text: string): FileChanges =>
  Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [`many/${at}`, `${text} ${at}\n`.repeat(50)]));

let box: Sandbox;
let base: string;
let merge: string;
let back: Back;
beforeEach(() => {
  box = openSandbox({ ...many('old'), gone: '1\n', 'kind/x': '1\n', '.gitignore': '.env\n' });
  base = box.git(box.root, 'rev-parse', 'HEAD');
  merge = box.push({ ...many('new'), gone: null, kind: 'a file now\n', added: 'new\n' });
  box.git(box.root, 'pull', '--quiet', '--ff-only');
  box.write(box.root, { '.env': 'KEEP=1\n', mine: 'untracked\n' });
  back = { from: merge, to: base, branch: 'main' };
});
afterEach(() => box.close());

const path = (name: string) => join(box.root, name);
const head = () => box.git(box.root, 'rev-parse', '--abbrev-ref', 'HEAD', '--').split('\n')[0];
const isAt = (sha: string, branch = 'main') => {
  expect(box.git(box.root, 'rev-parse', 'HEAD', `refs/heads/${branch}`)).toBe(`${sha}\n${sha}`);
  expect(box.git(box.root, 'symbolic-ref', 'HEAD')).toBe(`refs/heads/${branch}`);
  expect(box.git(box.root, 'status', '--porcelain')).toBe('?? mine');
  expect(box.git(box.root, 'fsck', '--no-dangling')).toBe('');
  expect([readFileSync(path('.env'), 'utf8'), readFileSync(path('mine'), 'utf8')]).toEqual(['KEEP=1\n', 'untracked\n']);
  expect(existsSync(path('.git/index.lock'))).toBe(false);
};
/** Kills git when it has checked out so many files. */
function bomb(files: number): () => void {
  const script = join(box.folder, 'bomb.sh');
  const count = join(box.folder, 'count');
  writeFileSync(count, '');
  writeFileSync(
    script,
    `cat; printf x >>'${count}'; read -r all <'${count}'; test "\${#all}" -eq ${files} || exit 0
pid=$$; while test "$(cat /proc/$pid/comm)" != git; do pid=$(awk '{print $4}' /proc/$pid/stat); done; kill -9 $pid\n`,
  );
  writeFileSync(path('.git/info/attributes'), 'many/* filter=bomb\n');
  box.git(box.root, 'config', 'filter.bomb.smudge', `sh '${script}'`);
  return () => rmSync(path('.git/info/attributes'));
}

test('goes back, untracked and ignored files stay, and again does nothing', async () => {
  expect(await checkGoBack(box.repo, back)).toEqual({
    from: { branch: 'main', sha: merge },
    to: { branch: 'main', sha: base },
  });
  isAt(merge);
  expect(await goBack(box.repo, back)).toEqual({ branch: 'main', sha: base });
  isAt(base);
  expect(readFileSync(path('kind/x'), 'utf8')).toBe('1\n');
  await goBack(box.repo, back);
  await goBack(box.repo, back, { again: true });
  isAt(base);
});

test("files whose times alone changed, as in a host that was copied, are in nobody's way", async () => {
  for (const name of ['many/0', 'many/1', 'added']) utimesSync(path(name), 1, 1);
  expect(await goBack(box.repo, back)).toEqual({ branch: 'main', sha: base });
  isAt(base);
});

for (const files of [1, 5, COUNT]) {
  test(`git killed at file ${files} of ${COUNT} on the way back, and on the way to a branch: again ends right`, async () => {
    let disarm = bomb(files);
    expect((await caught(goBack(box.repo, back))).kind).toBe('step-failed');
    disarm();
    expect(existsSync(path('.git/index.lock'))).toBe(true);
    expect((await caught(checkGoBack(box.repo, back))).kind).toBe('refused');
    await goBack(box.repo, back, { again: true });
    isAt(base);

    const hotfix: Passage = { from: { branch: 'main', sha: base }, to: { branch: 'hotfix/x', sha: merge } };
    disarm = bomb(files);
    expect((await caught(moveCheckout(box.repo, hotfix))).kind).toBe('step-failed');
    disarm();
    // HEAD must never reach the disk before the branch that it is put on.
    expect(box.git(box.root, 'rev-parse', 'refs/heads/hotfix/x')).toBe(merge);
    expect(await recoverMove(box.repo, hotfix)).toBe('completed');
    isAt(merge, 'hotfix/x');
    expect(box.git(box.root, 'rev-parse', 'main')).toBe(base);
    expect(await recoverMove(box.repo, hotfix)).toBe('whole');
  });
}

test('git killed at any time, either way: again ends right', async () => {
  const env = { PATH: process.env.PATH ?? '', HOME: join(box.folder, 'home') };
  const hotfix: Passage = { from: { branch: 'main', sha: base }, to: { branch: 'hotfix/x', sha: merge } };
  for (const ms of [1, 3, 5]) {
    const cut = async (...args: string[]) => {
      const child = Bun.spawn(['git', ...args], { cwd: box.root, env, stdin: 'ignore', stderr: 'ignore' });
      await Bun.sleep(ms);
      child.kill('SIGKILL');
      await child.exited;
    };
    await cut('reset', '--keep', '--quiet', base);
    await goBack(box.repo, back, { again: true });
    isAt(base);
    await cut('checkout', '--quiet', '-B', 'hotfix/x', merge);
    await recoverMove(box.repo, hotfix);
    await moveCheckout(box.repo, hotfix);
    isAt(merge, 'hotfix/x');
    box.git(box.root, 'checkout', '--quiet', '-B', 'main');
    box.git(box.root, 'branch', '--quiet', '-D', 'hotfix/x');
  }
});

test('killed between the index and HEAD of another branch, with locks left', async () => {
  const hotfix: Passage = { from: { branch: 'main', sha: merge }, to: { branch: 'hotfix/x', sha: base } };
  box.git(box.root, 'read-tree', '-m', '-u', 'HEAD', base);
  box.git(box.root, 'update-ref', 'refs/heads/hotfix/x', base);
  writeFileSync(path('.git/HEAD.lock'), '');
  writeFileSync(path('.git/refs/heads/main.lock'), '');
  expect(await recoverMove(box.repo, hotfix)).toBe('completed');
  isAt(base, 'hotfix/x');
  expect(box.git(box.root, 'rev-parse', 'main')).toBe(merge);
});

test('files changed by hand, paths in the way, a foreign lock, another HEAD: refused by name, nothing is touched', async () => {
  writeFileSync(path('many/3'), 'mine\n');
  const dirty = await caught(goBack(box.repo, back));
  expect([dirty.kind, dirty.facts.details]).toEqual(['refused', ['many/3']]);
  const again = await caught(goBack(box.repo, back, { again: true }));
  expect([again.kind, again.facts.details]).toEqual(['refused', ['many/3']]);
  expect(readFileSync(path('many/3'), 'utf8')).toBe('mine\n');
  box.git(box.root, 'checkout', '--quiet', '--', 'many/3');

  // reset --keep would overwrite an ignored file without a word.
  writeFileSync(path('.git/info/exclude'), 'gone\n');
  writeFileSync(path('gone'), 'SECRET\n');
  expect((await caught(goBack(box.repo, back))).facts.details).toEqual(['gone']);
  expect(readFileSync(path('gone'), 'utf8')).toBe('SECRET\n');
  rmSync(path('gone'));

  writeFileSync(path('.git/index.lock'), '');
  expect((await caught(goBack(box.repo, back))).facts.where).toEndWith('index.lock');
  expect(existsSync(path('.git/index.lock'))).toBe(true);
  rmSync(path('.git/index.lock'));

  box.git(box.root, 'reset', '--quiet', '--keep', `${base}`);
  const elsewhere = box.push({ a: '1\n' });
  box.git(box.root, 'pull', '--quiet', '--ff-only');
  expect((await caught(goBack(box.repo, back))).message).toContain(`found main at ${elsewhere}`);
  expect(head()).toBe('main');
});

test('what moves the checkout carries the mark by which the next holder of the lock ends it', async () => {
  writeFileSync(path('.git/info/attributes'), 'many/1 filter=note\n');
  box.git(box.root, 'config', 'filter.note.smudge', `printf %s "$ASD_MARK" >'${box.folder}/mark'; cat`);
  await goBack({ ...box.repo, mark: 'release-1' }, back);
  expect(readFileSync(join(box.folder, 'mark'), 'utf8')).toStartWith('release-1');
});

test('goes on to the revert only where that changes no file, and the next pull fast-forwards', async () => {
  await goBack(box.repo, back);
  box.git(box.origin, 'revert', '--no-edit', merge);
  const revert = box.git(box.origin, 'rev-parse', 'HEAD');
  box.git(box.root, 'fetch', '--quiet');
  expect(await goOn(box.repo, { from: base, to: revert, branch: 'main' })).toBe('there');
  isAt(revert);
  expect(await goOn(box.repo, { from: base, to: revert, branch: 'main' }, { again: true })).toBe('there');
  const newer = box.push({ fresh: '1\n' });
  box.git(box.root, 'fetch', '--quiet');
  expect(await goOn(box.repo, { from: base, to: newer, branch: 'main' })).toBe('newer');
  isAt(revert);
  box.git(box.root, 'pull', '--quiet', '--ff-only');
  isAt(newer);
});

test('a hotfix goes back to main at BASE, and leaves main where it was until then', async () => {
  box.git(box.origin, 'checkout', '--quiet', '-b', 'hotfix/x');
  const fix = box.push({ added: 'fixed\n' });
  box.git(box.root, 'fetch', '--quiet', 'origin', 'hotfix/x');
  const there: Passage = { from: { branch: 'main', sha: merge }, to: { branch: 'hotfix/x', sha: fix } };
  await moveCheckout(box.repo, there);
  isAt(fix, 'hotfix/x');
  expect(box.git(box.root, 'rev-parse', 'main')).toBe(merge);
  expect(await goBack(box.repo, { from: fix, to: merge, branch: 'hotfix/x', home: 'main' })).toEqual({
    branch: 'main',
    sha: merge,
  });
  isAt(merge);

  // A second hotfix on top of a first one goes back to the first one.
  await moveCheckout(box.repo, there);
  const second = box.push({ added: 'fixed better\n' });
  box.git(box.root, 'pull', '--quiet', '--ff-only', 'origin', 'hotfix/x');
  expect(await goBack(box.repo, { from: second, to: fix, branch: 'hotfix/x', home: 'main' })).toEqual({
    branch: 'hotfix/x',
    sha: fix,
  });
});

test('a local branch with commits of its own is not overwritten', async () => {
  box.git(box.root, 'checkout', '--quiet', '-b', 'hotfix/x');
  box.write(box.root, { added: 'made here\n' });
  box.git(box.root, 'commit', '--quiet', '-am', 'made on the host');
  const local = box.git(box.root, 'rev-parse', 'HEAD');
  box.git(box.root, 'checkout', '--quiet', 'main');
  const passage = { from: { branch: 'main', sha: merge }, to: { branch: 'hotfix/x', sha: base } };
  const error = await caught(moveCheckout(box.repo, passage));
  expect(error.message).toContain('hotfix/x has 1 commit that origin lacks');
  expect(error.facts.details?.join()).toContain('made on the host');
  expect(box.git(box.root, 'rev-parse', 'hotfix/x', 'HEAD')).toBe(`${local}\n${merge}`);
});

test('BASE that main does not contain goes on a branch of its own, and on to main with the revert', async () => {
  box.git(box.root, 'reset', '--quiet', '--hard', base);
  box.git(box.origin, 'checkout', '--quiet', '-b', 'hotfix/x', base);
  const fix = box.push({ gone: 'fixed\n' });
  box.git(box.root, 'fetch', '--quiet', 'origin', 'hotfix/x');
  box.git(box.root, 'merge', '--quiet', '--ff-only', 'origin/main');
  const aside = { branch: `asd-base/${fix.slice(0, 12)}`, sha: fix };
  const odd = { ...back, to: fix };
  expect(await goBack(box.repo, odd)).toEqual(aside);
  isAt(fix, aside.branch);
  expect(box.git(box.root, 'rev-parse', 'main')).toBe(merge);
  box.git(box.origin, 'checkout', '--quiet', 'main');
  box.git(box.origin, 'read-tree', '--reset', '-u', fix);
  box.git(box.origin, 'commit', '--quiet', '-m', 'revert');
  const revert = box.git(box.origin, 'rev-parse', 'HEAD');
  box.git(box.root, 'fetch', '--quiet');
  expect(await goOn(box.repo, { from: fix, to: revert, branch: 'main' })).toBe('there');
  isAt(revert);
});
