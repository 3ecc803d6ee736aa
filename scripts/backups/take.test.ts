// One whole backup: its folder, its label, its pause, and what is left when something fails.
import { afterEach, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { memoryOf } from '../dev/memory.ts';
import { expectedPauseMs, listBackups } from './list.ts';
import { fingerprint, makeOddTree, runLines } from './odd-tree.ts';
import { refuseLongPause } from './pause.ts';
import { readRecord } from './record.ts';
import { takeBackup } from './take.ts';
import { makeWorld, recordingRuntime, type World, type WorldOptions } from './world.ts';

const STAMP = '20260518_153059';
let world: World;
// One test has its world in a process of its own.
afterEach(() => world?.end());

function shop(options: Partial<WorldOptions> = {}, releaseAnswersMs?: number) {
  world = makeWorld({ backup: { types: ['workspace'], paths: ['uploads'] }, running: true, ...options });
  const tree = world.packagePath('uploads');
  makeOddTree(tree);
  const recorder = recordingRuntime(releaseAnswersMs);
  const { calls } = recorder;
  const take = (over: { onPause?: () => void; stamp?: string } = {}) =>
    takeBackup(world.context, recorder.runtime, {
      stamp: STAMP,
      dir: world.context.paths.backups,
      ticket: 'T-1',
      pauseMaxMs: 10_000,
      onPause: (event, fields) => {
        calls.push(`${event} ${Object.keys(fields).join(',')} held=${recorder.held()}`);
        over.onPause?.();
      },
      ...(over.stamp === undefined ? {} : { stamp: over.stamp }),
    });
  return { tree, take, ...recorder, folder: join(world.context.paths.backups, 'shop') };
}

/** A `tar` that does its work, then says this. */
function tarThatSays(line: string, code: number): void {
  const bin = join(world.root, 'bin');
  mkdirSync(bin);
  const archives = `case "$*" in *--create*) echo '${line}' >&2; exit ${code};; esac`;
  writeFileSync(join(bin, 'tar'), `#!/bin/bash\n${Bun.which('tar')} "$@" || exit\n${archives}\n`);
  chmodSync(join(bin, 'tar'), 0o755);
  const env = { ...world.context.host.machine.env, PATH: `${bin}:${process.env.PATH}` };
  world.context.host = { ...world.context.host, machine: { ...world.context.host.machine, env } };
}

/** Calls of these go first; the real ones come after them. */
function before(calls: { sync?: (path: string) => void; rename?: (from: string, to: string) => void }): void {
  const { files } = world.context.host;
  const sync = (path: string) => {
    calls.sync?.(path);
    files.sync(path);
  };
  const rename = (from: string, to: string) => {
    calls.rename?.(from, to);
    files.rename(from, to);
  };
  world.context.host = { ...world.context.host, files: { ...files, sync, rename } };
}

test('a backup is complete, private, listed, and restores by its own RESTORE.txt', async () => {
  const { tree, take, calls, folder } = shop();
  const backup = await take();
  expect(backup).toMatchObject({
    service: 'shop',
    stamp: STAMP,
    ticket: 'T-1',
    label: 'quiesced',
    pausedMs: 5,
    dir: join(folder, STAMP),
  });
  expect(calls).toEqual([
    'pause shop asd-test-shop 10000',
    'paused how,max held=true',
    'release',
    'unpaused how,paused held=false',
  ]);
  expect(readdirSync(folder)).toEqual([STAMP]);
  const files = [
    'RESTORE.txt',
    'SHA256SUMS',
    'backup.json',
    'config.env',
    'config.resolved',
    'workspace-uploads.tar.zst',
  ];
  expect(readdirSync(backup.dir).sort()).toEqual(files);
  expect(Object.keys(backup.sha256s).sort()).toEqual(
    files.filter((file) => !['RESTORE.txt', 'SHA256SUMS'].includes(file)),
  );
  expect(statSync(backup.dir).mode & 0o777).toBe(0o700);
  for (const file of files) expect(statSync(join(backup.dir, file)).mode & 0o777).toBe(0o600);

  const { backups, bad } = listBackups(world.context.host, world.context.paths.backups);
  expect(bad).toEqual([]);
  const { sha256s: _sums, ...record } = backup;
  expect(backups).toEqual([JSON.parse(JSON.stringify(record))]);

  const before = fingerprint(tree);
  rmSync(tree, { recursive: true });
  runLines(['bash RESTORE.txt'], backup.dir);
  expect(fingerprint(tree)).toBe(before);
});

test('a damaged backup is refused by its own RESTORE.txt before anything is touched', async () => {
  const { tree, take } = shop();
  const { dir } = await take();
  writeFileSync(join(dir, 'workspace-uploads.tar.zst'), 'damaged');
  const before = fingerprint(tree);
  expect(() => runLines(['bash RESTORE.txt'], dir)).toThrow('1 computed checksum did NOT match');
  expect(fingerprint(tree)).toBe(before);
});

test('the same stamp again takes the next second, over midnight and years', async () => {
  const { take, folder } = shop();
  await take({ stamp: '20261231_235959' });
  const second = await take({ stamp: '20261231_235959' });
  expect(second.stamp).toBe('20270101_000000');
  expect(readdirSync(folder).sort()).toEqual(['20261231_235959', '20270101_000000']);
  await expect(take({ stamp: '../../x' })).rejects.toThrow('no stamp');
});

test('where nothing runs, nothing is paused, and the backup is consistent', async () => {
  const { take, calls } = shop({ running: false });
  expect(await take()).toMatchObject({ label: 'consistent', pausedMs: 0 });
  expect(calls).toEqual([]);
});

test('stop is passed on; live pauses nothing and says crash-consistent', async () => {
  const stopped = shop({ backup: { types: ['workspace'], paths: ['uploads'], consistency: 'stop' } });
  await stopped.take();
  expect(stopped.calls[0]).toBe('stop shop asd-test-shop 10000');
  await world.end();
  const live = shop({ backup: { types: ['workspace'], paths: ['uploads'], consistency: 'live' } });
  expect((await live.take()).label).toBe('crash-consistent');
  expect(live.calls).toEqual([]);
});

test('a file that changes under tar fails a held backup, and leaves no trace but an unpaused service', async () => {
  const { take, calls, held, folder } = shop();
  tarThatSays('tar: ./log: file changed as we read it', 1);
  await expect(take()).rejects.toMatchObject({
    kind: 'step-failed',
    facts: { rc: 1, hint: expect.stringContaining('live') },
  });
  expect(held()).toBe(false);
  expect(calls.at(-1)).toBe('unpaused how,paused held=false');
  expect(readdirSync(folder)).toEqual([]);
});

test('all of it is flushed before it gets its name, and the name before it is said to be there', async () => {
  const { take, folder } = shop();
  const flushed: string[] = [];
  let unflushed: string[] | undefined;
  before({
    sync: (path) => flushed.push(path),
    rename: (from, to) => {
      unflushed = [from, ...readdirSync(from).map((name) => join(from, name))].filter(
        (path) => !flushed.includes(path) && !path.endsWith('backup.json'),
      );
      expect(to).toBe(join(folder, STAMP));
      flushed.length = 0;
    },
  });
  await take();
  expect([unflushed, flushed]).toEqual([[], [folder]]);
});

test('it is read back: what the disk garbled is no backup', async () => {
  const { take, folder } = shop();
  before({ sync: (path) => path.endsWith('.tar.zst') && writeFileSync(path, 'garbled') });
  await expect(take()).rejects.toThrow('workspace-uploads.tar.zst');
  expect(readdirSync(folder)).toEqual([]);
});

test('live, the same is noted in the record; a real error of tar still fails', async () => {
  const { take } = shop({ backup: { types: ['workspace'], paths: ['uploads'], consistency: 'live' } });
  tarThatSays('tar: ./log: file changed as we read it', 1);
  const { items } = await take();
  expect(items.find(({ item }) => item.kind === 'workspace')?.files[0]?.facts.changedWhileRead).toBe(1);
  rmSync(join(world.root, 'bin'), { recursive: true });
  tarThatSays('tar: ./x: Cannot open: Permission denied', 2);
  await expect(take()).rejects.toThrow('failed');
});

test('a journal that cannot be written, and a pause that grew too long, both fail with the service running', async () => {
  const { take, calls, held, folder } = shop();
  const onPause = () => {
    throw new Error('disk full');
  };
  await expect(take({ onPause })).rejects.toThrow('disk full');
  expect(held()).toBe(false);
  expect(calls).toContain('release');
  await world.end();

  const slow = shop({}, 10_000);
  await expect(slow.take()).rejects.toThrow('backup.pause_max (10.0s)');
  expect(existsSync(slow.folder) ? readdirSync(slow.folder) : []).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

test('what a killed run left is never listed as a backup, and the next one removes it', async () => {
  const { take, folder } = shop();
  mkdirSync(join(folder, '20260101_000000.partial'), { recursive: true });
  mkdirSync(join(folder, '20260102_000000'));
  writeFileSync(join(folder, '20260102_000000/backup.json'), '{"schema":1,"service":"shop"}');
  const { dir } = await take();
  const list = listBackups(world.context.host, world.context.paths.backups, 'shop');
  expect(list.backups.map((backup) => backup.dir)).toEqual([dir]);
  expect(list.bad.map((bad) => bad.dir)).toEqual([join(folder, '20260102_000000')]);
  expect(existsSync(join(folder, '20260101_000000.partial'))).toBe(false);
});

test('the pause to expect is the longest of the last three, and one over the limit is refused', async () => {
  const { take } = shop();
  const record = await take();
  const of = (...pauses: number[]) => expectedPauseMs(pauses.map((pausedMs) => ({ ...record, pausedMs })));
  expect([of(), of(0), of(40, 0, 70, 20, 9000)]).toEqual([undefined, undefined, 70]);
  expect(() => refuseLongPause('shop', 9_999, 10_000)).not.toThrow();
  expect(() => refuseLongPause('shop', 12_000, 10_000)).toThrow('12.0s');
  expect(readFileSync(join(record.dir, 'RESTORE.txt'), 'utf8')).toContain(
    'docker compose --project-name asd-test-shop stop',
  );
});

test('an archive of any size passes through little memory', async () => {
  const of = (file: string) => JSON.stringify(join(import.meta.dir, file));
  const { value, grownBytes } = await memoryOf({
    setup: `
      import { makeWorld, recordingRuntime } from ${of('world.ts')};
      import { takeBackup } from ${of('take.ts')};
      const world = makeWorld({ backup: { types: ['workspace'], paths: ['uploads'] }, running: true });
      const fill = (script) => Bun.spawnSync(['sh', '-c', script], { env: { ...process.env, UPLOADS: world.packagePath('uploads') } });
      fill('mkdir "$UPLOADS" && echo small >"$UPLOADS/small"');
      const take = (stamp) => takeBackup(world.context, recordingRuntime().runtime, {
        stamp, dir: world.context.paths.backups, ticket: 'T-1', pauseMaxMs: 60_000, onPause: () => undefined,
      });`,
    warm: `
      await take('20260518_153058');
      fill('head -c 96M /dev/urandom >"$UPLOADS/big"');`,
    work: `take('20260518_153059').finally(() => world.end())`,
  });
  expect((value as { sourceBytes: number }).sourceBytes).toBeGreaterThan(96 * 1024 * 1024);
  expect(grownBytes).toBeLessThan(60_000_000);
});

test('a record that names files elsewhere, or is of a newer engine, is not listed', async () => {
  const { take } = shop();
  const { dir } = await take();
  const path = join(dir, 'backup.json');
  // As older engines wrote it: without a checksum of its own.
  const { papers: _, sum: __, ...old } = JSON.parse(readFileSync(path, 'utf8'));
  const text = JSON.stringify(old, undefined, 2);
  writeFileSync(path, text);
  expect(listBackups(world.context.host, world.context.paths.backups).bad).toEqual([]);
  for (const [from, to, why] of [
    ['"config.env"', '"../../../.env"', 'not as it was written'],
    ['"schema": 1', '"schema": 2', 'newer engine'],
    ['"service": "shop"', '"service": "other"', 'its record says other'],
    ['{', '', 'not JSON'],
  ] as const) {
    writeFileSync(path, text.replace(from, to));
    const { backups, bad } = listBackups(world.context.host, world.context.paths.backups);
    expect(backups).toEqual([]);
    expect(bad[0]?.why).toContain(why);
  }
});

test('any damaged byte of the record is found', async () => {
  const { take } = shop();
  const { dir } = await take();
  const path = join(dir, 'backup.json');
  const whole = readFileSync(path);
  expect(readRecord(world.context.host, dir).stamp).toBe(STAMP);
  for (let at = 0; at < whole.length; at += 1) {
    const damaged = Buffer.from(whole);
    damaged[at] = (whole[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(path, damaged);
    expect(() => readRecord(world.context.host, dir), `byte ${at}`).toThrow(
      /not as it was written|not JSON|newer engine/,
    );
  }
});
