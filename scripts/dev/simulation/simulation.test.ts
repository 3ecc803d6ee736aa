// The simulated world against the real one, where the real one is quick to ask: git's object names, and what a disk keeps.
import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Disk } from './disk.ts';
import { GitObjects } from './git-objects.ts';
import { seeded } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'belay-simulation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function git(...argv: string[]): string {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Operator',
    GIT_AUTHOR_EMAIL: 'operator@example.org',
    GIT_AUTHOR_DATE: '@1767322800 +0000',
    GIT_COMMITTER_NAME: 'Operator',
    GIT_COMMITTER_EMAIL: 'operator@example.org',
    GIT_COMMITTER_DATE: '@1767322800 +0000',
  };
  const done = Bun.spawnSync(['git', ...argv], { cwd: folder, env });
  if (done.exitCode !== 0) throw new Error(done.stderr.toString());
  return done.stdout.toString().trim();
}

test('blobs, trees and commits have the names that git gives them', () => {
  const files = { 'a.txt': 'one\n', 'a/b/c': 'two', 'a-b': '', 'packages/x/manifest.yaml': 'name: x\n' };
  const objects = new GitObjects();
  const entries = new Map(
    Object.entries(files).map(([path, text]) => [path, { mode: '100644', id: objects.blob(Buffer.from(text)) }]),
  );
  git('init', '--quiet', '--initial-branch=main');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  git('add', '--all');
  git('commit', '--quiet', '--cleanup=verbatim', '-m', 'first\n');
  const tree = objects.tree(entries);
  expect(tree).toBe(git('rev-parse', 'HEAD^{tree}'));
  const author = 'Operator <operator@example.org>';
  const commit = objects.commit({ tree, parents: [], message: 'first\n', author, time: 1767322800 });
  expect(commit).toBe(git('rev-parse', 'HEAD'));
  expect([...objects.files(commit).keys()].sort()).toEqual(
    git('ls-tree', '-r', '--name-only', 'HEAD').split('\n').sort(),
  );
});

/** A file that was flushed, and then written anew; a rename over it whose folder was flushed, or not. */
function written(flushFile: boolean, flushFolder: boolean): Disk {
  const disk = new Disk();
  disk.create('/f', 'folder', 0o755);
  const old = disk.create('/f/a', 'file', 0o600);
  disk.write(old, Buffer.from('old'));
  disk.settle();
  const temp = disk.create('/f/.a.tmp', 'file', 0o600);
  disk.write(temp, Buffer.from('new'));
  if (flushFile) disk.flush(temp);
  disk.rename('/f/.a.tmp', '/f/a');
  if (flushFolder) disk.flush(disk.get('/f'));
  return disk;
}

const after = (disk: Disk, cut: 'lost' | 'kept' | 'mixed', seed = 1): string => {
  const other = disk.copy();
  other.cut(cut, seeded(seed));
  return new TextDecoder().decode(other.get('/f/a').data);
};

test('what was flushed survives, what was not is lost, kept or torn', () => {
  expect(after(written(true, true), 'lost')).toBe('new');
  expect(after(written(true, false), 'lost')).toBe('old');
  expect(after(written(false, true), 'lost')).toBe('');
  expect(after(written(false, false), 'kept')).toBe('new');
  const seen = new Set(Array.from({ length: 200 }, (_, seed) => after(written(false, false), 'mixed', seed)));
  for (const content of ['old', 'new', '']) expect(seen.has(content)).toBe(true);
  // A rename is never half done.
  for (let seed = 0; seed < 100; seed += 1) {
    const disk = written(true, false);
    disk.cut('mixed', seeded(seed));
    const names = disk.list('/f');
    expect([['a'], ['.a.tmp', 'a']]).toContainEqual(names);
  }
});

test('a copy goes its own way', () => {
  const disk = written(true, true);
  const other = disk.copy();
  other.unlink('/f/a');
  other.write(other.create('/f/b', 'file', 0o600), Buffer.from('b'));
  expect([disk.list('/f'), other.list('/f')]).toEqual([['a'], ['b']]);
});
