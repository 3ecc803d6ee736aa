import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recoverAdvance, recoverMove } from './recover.ts';
import { caught, type FileChanges, openSandbox, type Sandbox } from './sandbox.ts';

const COUNT = 16;
const many = (text: string): FileChanges =>
  Object.fromEntries(Array.from({ length: COUNT }, (_, at) => [`many/${at}`, `${text} ${at}\n`.repeat(50)]));

let box: Sandbox;
let from: string;
let to: string;
beforeEach(() => {
  box = openSandbox({
    ...many('old'),
    other: '1\n',
    gone: '1\n',
    link: { link: 'other' },
    'kind/x': '1\n',
    flip: '1\n',
    '.gitignore': '.env\n',
  });
  from = box.git(box.root, 'rev-parse', 'HEAD');
  to = box.push({
    ...many('new'),
    gone: null,
    link: { link: 'many/1' },
    kind: 'a file now\n',
    '"quoted\nodd': 'x',
    'flip/x': '1\n',
    added: 'new\n',
  });
  box.git(box.root, 'fetch', '--quiet');
  box.write(box.root, { '.env': 'KEEP=1\n', mine: 'untracked\n' });
});
afterEach(() => box.close());

const at = (path: string) => join(box.root, path);
const recover = () => recoverAdvance(box.repo, { from, to, branch: 'main' });

function expectComplete() {
  expect(box.git(box.root, 'rev-parse', 'HEAD', 'refs/heads/main')).toBe(`${to}\n${to}`);
  expect(box.git(box.root, 'status', '--porcelain')).toBe('?? mine');
  expect(box.git(box.root, 'fsck', '--no-dangling')).toBe('');
  expect(readFileSync(at('.env'), 'utf8')).toBe('KEEP=1\n');
  expect(readFileSync(at('many/7'), 'utf8')).toStartWith('new 7\n');
  expect(existsSync(at('.git/index.lock'))).toBe(false);
}

/** As a git that died leaves it: a lock, and some files moved. */
function halfMoved() {
  writeFileSync(at('.git/index.lock'), 'half an index');
  for (const [path, content] of Object.entries(many('new')).slice(0, COUNT / 2))
    writeFileSync(at(path), content as string);
  unlinkSync(at('gone'));
  writeFileSync(at('added'), 'new\n');
}

/** Runs the merge with a filter that kills git when the given number of files was checked out. */
function killedAfter(files: number) {
  const bomb = join(box.folder, 'bomb.sh');
  const count = join(box.folder, 'count');
  writeFileSync(count, '');
  writeFileSync(
    bomb,
    `cat; printf x >>'${count}'; read -r all <'${count}'; test "\${#all}" -eq ${files} || exit 0
pid=$$; while test "$(cat /proc/$pid/comm)" != git; do pid=$(awk '{print $4}' /proc/$pid/stat); done; kill -9 $pid\n`,
  );
  writeFileSync(at('.git/info/attributes'), 'many/* filter=bomb\n');
  box.git(box.root, 'config', 'filter.bomb.smudge', `sh '${bomb}'`);
  expect(() => box.git(box.root, 'merge', '--ff-only', '--quiet', to)).toThrow();
  rmSync(at('.git/info/attributes'));
}

for (const files of [1, 7, COUNT]) {
  test(`git killed at file ${files} of ${COUNT}: the move is completed`, async () => {
    killedAfter(files);
    expect(existsSync(at('.git/index.lock'))).toBe(true);
    expect(await recover()).toBe('completed');
    expectComplete();
    expect(await recover()).toBe('whole');
  });
}

test('git killed at any time: the move is completed', async () => {
  const env = { PATH: process.env.PATH ?? '', HOME: join(box.folder, 'home') };
  for (const ms of [1, 3, 5, 9]) {
    const child = Bun.spawn(['git', 'merge', '--ff-only', '--quiet', to], {
      cwd: box.root,
      env,
      stdin: 'ignore',
      stderr: 'ignore',
    });
    await Bun.sleep(ms);
    child.kill('SIGKILL');
    await child.exited;
    await recover();
    expectComplete();
    box.git(box.root, 'reset', '--quiet', '--hard', from);
  }
});

test('nothing had begun, or everything was done', async () => {
  expect(await recover()).toBe('completed');
  expectComplete();
  expect(await recover()).toBe('whole');
});

test('killed between index and ref, with locks of the refs left', async () => {
  box.git(box.root, 'read-tree', '-m', '-u', 'HEAD', to);
  writeFileSync(at('.git/refs/heads/main.lock'), to);
  writeFileSync(at('.git/HEAD.lock'), '');
  expect(await recover()).toBe('completed');
  expectComplete();
});

test('half moved, with files that were removed, begun and left empty', async () => {
  halfMoved();
  unlinkSync(at('many/3'));
  truncateSync(at('many/4'), 0);
  truncateSync(at('many/5'), 17);
  unlinkSync(at('link'));
  expect(await recover()).toBe('completed');
  expectComplete();
});

test('arrived, but a power cut emptied files', async () => {
  box.git(box.root, 'merge', '--quiet', '--ff-only', to);
  truncateSync(at('many/4'), 0);
  expect(await recover()).toBe('completed');
  expectComplete();
});

test('content of neither end is refused by name, and nothing is changed', async () => {
  halfMoved();
  writeFileSync(at('many/2'), 'an operator was here\n');
  writeFileSync(at('added'), 'of somebody else\n');
  writeFileSync(at('other'), 'not part of the move\n');
  unlinkSync(at('link'));
  symlinkSync('/elsewhere', at('link'));
  unlinkSync(at('flip'));
  writeFileSync(at('flip'), 'mine\n');
  writeFileSync(at('kind/mine'), 'mine\n');
  const before = box.git(box.root, 'status', '--porcelain');
  const error = await caught(recover());
  expect(error.kind).toBe('refused');
  expect(error.facts.details).toEqual(['added', 'flip', 'kind/mine', 'link', 'many/2', 'other']);
  expect(box.git(box.root, 'status', '--porcelain')).toBe(before);
  expect(existsSync(at('.git/index.lock'))).toBe(true);
  expect(readFileSync(at('many/2'), 'utf8')).toBe('an operator was here\n');
});

test('a deleted file that the move does not touch is not brought back silently', async () => {
  halfMoved();
  unlinkSync(at('other'));
  expect((await caught(recover())).facts.details).toEqual(['other']);
});

test('HEAD somewhere else, or on another branch, is refused', async () => {
  box.git(box.root, 'commit', '--quiet', '--allow-empty', '-m', 'by hand');
  expect((await caught(recover())).message).toContain('moved by somebody else');
  box.git(box.root, 'reset', '--quiet', '--soft', from);
  box.git(box.root, 'switch', '--quiet', '-c', 'other');
  expect((await caught(recover())).message).toContain('found other');
});

test(`git killed at file 7 of ${COUNT}: the move is taken back`, async () => {
  killedAfter(7);
  const end = (sha: string) => ({ branch: 'main', sha });
  truncateSync(at('many/0'), 20);
  expect(await recoverMove(box.repo, { from: end(to), to: end(from) })).toBe('completed');
  expect(box.git(box.root, 'rev-parse', 'HEAD', 'refs/heads/main')).toBe(`${from}\n${from}`);
  expect(box.git(box.root, 'status', '--porcelain')).toBe('?? mine');
  expect(readFileSync(at('many/7'), 'utf8')).toStartWith('old 7\n');
  expect(existsSync(at('added'))).toBe(false);
  expect(existsSync(at('.git/index.lock'))).toBe(false);
  expect(await recoverMove(box.repo, { from: end(to), to: end(from) })).toBe('whole');
});

test('new files that the index does not know yet go, too, and the folders that they were in', async () => {
  halfMoved();
  const end = (sha: string) => ({ branch: 'main', sha });
  await recoverMove(box.repo, { from: end(to), to: end(from) });
  expect(box.git(box.root, 'status', '--porcelain')).toBe('?? mine');
  expect(existsSync(at('added'))).toBe(false);
});
