// A whole service restored: all items or none, what was there kept until it is healthy, killed anywhere and called again.
import { Database } from 'bun:sqlite';
import { afterEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atPoint, killPoints } from '../dev/kill-points.ts';
import { listBackups } from './list.ts';
import { Killed, mortalHost } from './mortal-host.ts';
import { type RestoreOptions, restoreBackup } from './restore.ts';
import { takeBackup } from './take.ts';
import { makeWorld, recordingRuntime, type World } from './world.ts';

const STAMP = '20260518_153059';
const IMMORTAL = 10_000;
const SAMPLE = 6;
let world: World;
afterEach(() => world.end());

/** A folder with a SQLite database inside of it, and the folder is an item of its own. */
async function shop(over: Parameters<typeof makeWorld>[0]['backup'] = {}) {
  world = makeWorld({
    backup: { types: ['workspace', 'database'], paths: ['data', 'notes.txt'], ...over },
    database: { type: 'sqlite', path: 'data/app.db' },
    running: true,
  });
  const folder = world.packagePath('data');
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), 'saved');
  writeFileSync(world.packagePath('notes.txt'), 'saved note');
  const path = join(folder, 'app.db');
  const db = new Database(path);
  db.run('CREATE TABLE notes (text)');
  db.run("INSERT INTO notes VALUES ('one'), ('two')");
  db.close();
  const recorder = recordingRuntime();
  const dir = world.context.paths.backups;
  const taken = await takeBackup(world.context, recorder.runtime, {
    stamp: STAMP,
    dir,
    ticket: 'T-1',
    pauseMaxMs: 10_000,
    onPause: () => undefined,
  });
  recorder.calls.length = 0;
  const look = () => {
    const now = new Database(path, { readwrite: true, create: false });
    const rows = JSON.stringify(now.query('SELECT * FROM notes').values());
    now.close();
    const names = readdirSync(folder)
      .filter((name) => !name.includes('.asd-'))
      .sort()
      .join(' ');
    return `${rows} ${names} ${readFileSync(join(folder, 'file'))} ${readFileSync(world.packagePath('notes.txt'))}`;
  };
  const spoil = () => {
    writeFileSync(join(folder, 'file'), 'changed');
    writeFileSync(world.packagePath('notes.txt'), 'changed note');
    const now = new Database(path, { readwrite: true, create: false });
    now.run("INSERT INTO notes VALUES ('three')");
    now.close();
  };
  const steps: string[] = [];
  const options: RestoreOptions = {
    folder: taken.dir,
    dir,
    pauseMaxMs: 10_000,
    onEvent: (event, step) => void (event === 'step-start' && steps.push(step)),
  };
  const restore = (more: Partial<RestoreOptions> = {}, context = world.context) =>
    restoreBackup(context, recorder.runtime, { ...options, ...more });
  const leftovers = () => [
    ...new Bun.Glob('**/*.{asd,restore}-*').scanSync({ cwd: world.root, dot: true, onlyFiles: false }),
  ];
  return { ...recorder, look, spoil, restore, steps, leftovers, taken, folder };
}

test('restores, in its order, with the present state saved first and the loss told', async () => {
  const { look, spoil, restore, steps, calls, leftovers } = await shop();
  const saved = look();
  spoil();
  const report = await restore();
  expect(look()).toBe(saved);
  expect(steps).toEqual(['pre-revert', 'stage', 'stop', 'swap', 'fix', 'start', 'healthy', 'settle']);
  expect(calls.slice(2)).toEqual(['stop all', 'stop all', 'stop all', 'start app']);
  expect(report).toMatchObject({ outcome: 'restored', ran: ['app'] });
  expect(report.loss.rows).toEqual([{ item: 'database-app.db', table: 'notes', saved: 2, now: 3 }]);
  expect(report.loss.ageMs).toBeGreaterThan(0);
  const before = listBackups(world.context.host, world.context.paths.backups).backups.find(
    (b) => b.stamp === report.before,
  );
  expect(before).toMatchObject({ purpose: 'pre-revert' });
  expect(leftovers()).toEqual([]);
});

test('a dry run says the loss and leaves everything', async () => {
  const { look, spoil, restore, calls, leftovers } = await shop();
  spoil();
  const spoilt = look();
  const report = await restore({ dryRun: true });
  expect(report.loss.rows).toEqual([{ item: 'database-app.db', table: 'notes', saved: 2, now: 3 }]);
  expect(report.outcome).toBe('dry-run');
  expect([look(), calls, leftovers()]).toEqual([spoilt, [], []]);
});

test('killed after any effect, the same call finishes it', async () => {
  const { look, spoil, restore, leftovers } = await shop();
  const saved = look();
  spoil();
  const whole = mortalHost(world.context.host, IMMORTAL);
  await restore({ preBackup: false }, { ...world.context, host: whole.host });
  expect(look()).toBe(saved);
  let deaths = 0;
  const points = killPoints(whole.spent(), 'restore', SAMPLE);
  for (const point of points) {
    await atPoint(point, whole.spent(), 'restore', async () => {
      spoil();
      const mortal = mortalHost(world.context.host, point);
      await restore({ preBackup: false }, { ...world.context, host: mortal.host }).catch((error: unknown) => {
        if (!mortal.dead()) throw error;
      });
      if (mortal.dead()) deaths++;
      await restore({ preBackup: false });
      expect(look()).toBe(saved);
      expect(leftovers()).toEqual([]);
    });
  }
  expect(deaths).toBe(points.length);
}, 60_000);

test('killed after any effect, --undo puts back what was there', async () => {
  const { look, spoil, restore, leftovers } = await shop();
  spoil();
  const spoilt = look();
  const diesAt = async (life: number): Promise<ReturnType<typeof mortalHost>> => {
    const mortal = mortalHost(world.context.host, life);
    const context = { ...world.context, host: mortal.host };
    await expect(
      restore({ preBackup: false, hook: () => Promise.reject(new Killed('at the hook')) }, context),
    ).rejects.toThrow();
    const unfinished = existsSync(join(world.context.paths.backups, 'shop', `.restore-${STAMP}`, 'restore.json'));
    if (unfinished) expect(await restore({ undo: true })).toMatchObject({ outcome: 'undone' });
    expect(look()).toBe(spoilt);
    expect(leftovers().filter((path) => !path.endsWith(`.restore-${STAMP}`))).toEqual([]);
    return mortal;
  };
  const count = (await diesAt(IMMORTAL)).spent();
  for (const point of killPoints(count, 'restore, undone', SAMPLE))
    await atPoint(point, count, 'restore, undone', async () => expect((await diesAt(point)).dead()).toBe(true));
}, 60_000);

test('a failing hook, and a file in the way of one swap: everything is put back and started', async () => {
  const { look, spoil, restore, calls, leftovers } = await shop();
  spoil();
  const spoilt = look();
  const hook = () => Promise.reject(new Error('no'));
  await expect(restore({ hook, preBackup: false })).rejects.toThrow('no');
  expect(look()).toBe(spoilt);
  expect(calls.at(-1)).toBe('start app');
  expect(leftovers()).toEqual([]);
});

test('not healthy: it stays restored, the old content is kept, and both ways are open', async () => {
  const { look, spoil, restore, leftovers } = await shop();
  const saved = look();
  spoil();
  const spoilt = look();
  world.context.service.containers = [
    { name: 'gone', service: 'gone', role: 'app', required: true, healthCheck: false },
  ];
  world.context.service.health = { endpoint: 'http://127.0.0.1:1/', expectedCode: 200, timeoutMs: 1, stableForMs: 0 };
  await expect(restore()).rejects.toThrow('is restored, but the service is not well with it');
  expect(look()).toBe(saved);
  expect(leftovers().length).toBeGreaterThan(0);
  await expect(restore()).rejects.toThrow('not well with it');
  expect(await restore({ undo: true })).toMatchObject({ outcome: 'undone' });
  expect(look()).toBe(spoilt);
  expect(leftovers()).toEqual([]);
});

test('refused before anything is touched: damage, another service, no space, an unknown fix, another unfinished restore', async () => {
  const { look, spoil, restore, calls, taken, leftovers } = await shop();
  spoil();
  const spoilt = look();
  const untouched = () => expect([look(), calls, leftovers()]).toEqual([spoilt, [], []]);
  const { host } = world.context;

  const full = { ...host, files: { ...host.files, freeBytes: () => 1000 } };
  await expect(restore({}, { ...world.context, host: full })).rejects.toThrow('are free');
  const strange = { ...world.context.service, fixes: { postRestore: ['rm_all'] } };
  await expect(restore({}, { ...world.context, service: strange })).rejects.toThrow('no function rm_all');
  const other = { ...world.context.service, name: 'other' };
  await expect(restore({}, { ...world.context, service: other })).rejects.toThrow('not of other');
  await expect(restore({ undo: true })).rejects.toThrow('nothing to put back');
  untouched();

  const file = join(taken.dir, taken.items[0]?.files[0]?.file ?? '');
  const bytes = readFileSync(file);
  writeFileSync(file, 'x');
  await expect(restore()).rejects.toThrow('bytes');
  untouched();
  writeFileSync(file, bytes);

  mkdirSync(join(taken.dir, '..', '.restore-20250101_000000'));
  const mark = { stamp: '20250101_000000', startedAt: '', ran: [], stage: 'restoring' };
  writeFileSync(join(taken.dir, '..', '.restore-20250101_000000', 'restore.json'), JSON.stringify(mark));
  await expect(restore()).rejects.toThrow('another backup, 20250101_000000');
  rmSync(join(taken.dir, '..', '.restore-20250101_000000'), { recursive: true });
  untouched();
});
