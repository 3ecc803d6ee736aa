// The simulated world against the real one, where the real one is quick to ask: git's object names, and what a disk keeps.
import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RunOptions } from '../../host/port.ts';
import { beginWorld, ROOT } from './beginning.ts';
import { Disk } from './disk.ts';
import { GitObjects } from './git-objects.ts';
import { textOf } from './program.ts';
import { simFiles } from './sim-files.ts';
import { simHost } from './sim-host.ts';
import { type Fault, Killed, seeded, type World } from './world.ts';

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

test('what one copy changes after the other is made is seen on that one alone, whoever changed it before', () => {
  const disk = written(true, true);
  const first = disk.copy();
  const inode = disk.get('/f/a');
  disk.write(inode, Buffer.from('later'));
  const second = disk.copy();
  second.attribute(second.get('/f/a'), { mode: 0o644 });
  first.cut('lost', seeded(1));
  const shown = (each: Disk) => [textOf(each.get('/f/a').data), each.get('/f/a').mode];
  expect([disk, first, second].map(shown)).toEqual([
    ['later', 0o600],
    ['new', 0o600],
    ['later', 0o644],
  ]);
  const names = (each: Disk) => {
    const told: string[] = [];
    each.describe((hash) => void told.push(hash));
    return told.join();
  };
  expect(names(disk)).toBe(names(disk.copy()));
  expect(new Set([disk, first, second].map(names)).size).toBe(3);
});

test('a flush of one folder takes a rename into it, and what the other folder had before it, with it', () => {
  const disk = new Disk();
  for (const folder of ['/a', '/b']) disk.create(folder, 'folder', 0o755);
  disk.settle();
  disk.flush(disk.create('/a/x', 'file', 0o600));
  disk.rename('/a/x', '/b/x');
  disk.flush(disk.get('/b'));
  disk.flush(disk.get('/a'));
  disk.cut('lost', seeded(1));
  expect([disk.list('/a'), disk.list('/b')]).toEqual([[], ['x']]);
});

const fault = (world: World, struck: Fault): void => {
  world.fault = { at: world.effects.length, fault: struck };
};

test('a short write leaves half; the rest is refused in the words of the disk, or never comes', () => {
  for (const then of ['refused', 'killed'] as const) {
    const world = beginWorld({});
    const files = simFiles(world);
    files.append(`${ROOT}/log`, 'one\n');
    fault(world, { kind: 'short', then });
    const append = () => files.append(`${ROOT}/log`, 'two and more\n');
    if (then === 'refused') expect(append).toThrow('ENOSPC');
    else expect(append).toThrow(Killed);
    // Who lives cuts the half line off again, as the real host does.
    expect(textOf(world.disk.get(`${ROOT}/log`).data)).toBe(then === 'refused' ? 'one\n' : 'one\ntwo an');
  }
});

test('what hangs ends at its time-out, at an abort, at Ctrl-C of somebody who listens, and else not at all', async () => {
  const env = { PATH: '/usr/bin' };
  const hung = (options: Partial<RunOptions>, listen?: (world: World) => void) => {
    const world = beginWorld({});
    const host = simHost(world, ROOT, 'end');
    listen?.(world);
    fault(world, { kind: 'hang' });
    const beganMs = world.clock.now();
    return host.exec
      .run(['sync'], { env, ...options })
      .then(({ code, timedOut }) => [code, timedOut, Math.round((world.clock.now() - beganMs) / 60_000)]);
  };
  expect(await hung({ timeoutMs: 120_000 })).toEqual([undefined, true, 2]);
  const stop = new AbortController();
  const pressed = hung({ signal: stop.signal }, ({ stops }) => void stops.add(() => stop.abort()));
  expect(await pressed).toEqual([undefined, false, 24 * 60]);
  await expect(hung({})).rejects.toThrow('nothing ended it');
});
