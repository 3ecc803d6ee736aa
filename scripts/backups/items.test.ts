// What a manifest asks to be saved, what is refused, and what no backup covers.

import { Database } from 'bun:sqlite';
import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount } from '../runtimes/runtime.ts';
import { planBackup } from './take.ts';
import { makeWorld, type World, type WorldOptions } from './world.ts';

let world: World;
afterEach(() => world.end());

const root = process.getuid?.() === 0;
const volume = (source: string, key: string, writable = true): Mount => ({
  kind: 'volume',
  source,
  key,
  target: `/${key}`,
  writable,
});
const plan = () => planBackup(world.context);

function make(options: WorldOptions): World {
  world = makeWorld(options);
  writeFileSync(world.packagePath('uploads/a'), 'x'.repeat(5000));
  return world;
}

const paths = (...list: string[]): WorldOptions => ({ backup: { types: ['workspace'], paths: list } });

test('items have names of their own and an estimate; config is always among them', async () => {
  make(paths('uploads', 'uploads/a', 'uploads-a'));
  mkdirSync(world.packagePath('uploads-a'));
  const { items, uncovered, bytes } = await plan();
  expect(items.map((item) => item.name)).toEqual([
    'config',
    'workspace-uploads',
    'workspace-uploads-a',
    'workspace-uploads-a-2',
  ]);
  // .env and the resolved file.
  expect(items[0]?.bytes).toBe('CONTAINER_PREFIX=asd-test-\n'.length + 'services: {}\n'.length);
  expect(items[1]?.bytes).toBeGreaterThan(4999);
  expect(bytes).toBeGreaterThan(4999);
  expect(uncovered).toEqual([]);
});

test('backups that are switched off hold nothing, and every writable mount is said to be uncovered', async () => {
  make({ backup: { enabled: false, types: ['volume'] }, mounts: [volume('v', 'v'), volume('r', 'r', false)] });
  expect(await plan()).toEqual({ items: [], uncovered: ['volume v (app:/v)'], bytes: 0 });
});

test.each([
  ['../other', 'not a path below'],
  ['/etc', 'not a path below'],
  ['a/../../b', 'not a path below'],
  ['missing', 'is neither in'],
  ['leak', 'leads out of'],
  ['.', 'does not hold'],
  ['backups', 'holds the backups'],
])('workspace path %p is refused', async (path, words) => {
  make(paths(path));
  symlinkSync('/etc', world.packagePath('leak'));
  mkdirSync(world.context.paths.backups, { recursive: true });
  if (path === '.') return expect((await plan()).items[1]?.path).toBe(join(world.root, 'packages/shop'));
  await expect(plan()).rejects.toThrow(words);
});

test('a bind that the service does not mount, or that is not there, is refused', async () => {
  make({ backup: { types: ['volume'], volumes: [{ bind: '/etc' }] } });
  await expect(plan()).rejects.toThrow('no bind mount of shop');
  world.context.service.backup.volumes = [{ bind: '/not/there' }];
  world.context.resolved.components[0]?.mounts.push({
    kind: 'bind',
    source: '/not/there',
    target: '/x',
    writable: true,
  });
  await expect(plan()).rejects.toThrow('is not there');
});

test.if(root)('a volume is found by its key, else by prefix and service', async () => {
  make({
    backup: { types: ['volume'], volumes: [{ suffix: 'files' }, { suffix: 'old' }] },
    mounts: [volume('real_files', 'files')],
  });
  const Mountpoint = world.packagePath('uploads');
  world.volumes.real_files = { Driver: 'local', Mountpoint, Options: null };
  await expect(plan()).rejects.toThrow('the volume asd-test-shop-old does not exist');
  world.volumes['asd-test-shop-old'] = { Driver: 'local', Mountpoint, Options: null };
  const { items, uncovered } = await plan();
  expect(items.map((item) => item.volume)).toEqual([undefined, 'real_files', 'asd-test-shop-old']);
  expect(uncovered).toEqual([]);
});

test('a volume that is not in a local folder needs a helper image', async () => {
  make({ backup: { types: ['volume'], volumes: [{ suffix: 'files' }] }, mounts: [volume('f', 'files')] });
  world.volumes.f = { Driver: 'nfs', Mountpoint: '', Options: null };
  await expect(plan()).rejects.toThrow('no helper image');
  world.volumes.f = { Driver: 'local', Mountpoint: world.packagePath('uploads'), Options: { device: '/dev/x' } };
  await expect(plan()).rejects.toThrow(root ? 'not mounted now' : 'not root');
  world.context.helperImage = 'tools:1';
  expect((await plan()).items[1]).toMatchObject({ volume: 'f', bytes: undefined });
});

test('a running database that mounts the volume, too, makes the copy crash-consistent', async () => {
  const bind: Mount = { kind: 'bind', source: '', target: '/x', writable: true };
  make({ backup: { types: ['volume'], volumes: [] }, running: true });
  bind.source = world.packagePath('uploads');
  world.context.service.backup.volumes = [{ bind: bind.source }];
  const [app] = world.context.resolved.components;
  app?.mounts.push(bind);
  expect((await plan()).items[1]?.mayChange).toBeUndefined();
  if (app !== undefined) Object.assign(app, { role: 'database', stateful: true });
  expect((await plan()).items[1]?.mayChange).toBe(true);
});

test('a database server that is not there is refused by name, and so is one that nobody named', async () => {
  make({ backup: { types: ['database'] }, database: { type: 'postgresql', container: 'db' } });
  await expect(plan()).rejects.toThrow('the database container db does not exist');
  world.context.service.database = { type: 'mariadb' };
  await expect(plan()).rejects.toThrow('no container of shop has the role database');
  const [app] = world.context.resolved.components;
  if (app !== undefined)
    world.context.resolved.components.push(
      { ...app, name: 'one', role: 'database' },
      { ...app, name: 'two', role: 'database' },
    );
  await expect(plan()).rejects.toThrow('several containers of shop could be its database: one, two');
});

test('a database in a bind is found below it, and nowhere else', async () => {
  make({
    backup: { types: ['database', 'volume'] },
    mounts: [{ kind: 'bind', source: '', target: '/data', writable: true }],
  });
  const folder = join(world.root, 'bound');
  world.context.service.backup.volumes = [{ bind: folder }];
  for (const mount of world.context.resolved.components.flatMap((each) => each.mounts)) mount.source = folder;
  mkdirSync(folder);
  const at = (path: string) => {
    world.context.service.database = { type: 'sqlite', path };
  };
  at(`bind:${folder}/app.db`);
  await expect(plan()).rejects.toThrow('app.db is not there');
  new Database(join(folder, 'app.db')).run('CREATE TABLE t (x)');
  const { items, uncovered } = await plan();
  expect(items.map(({ kind, path }) => [kind, path])).toContainEqual(['database', join(folder, 'app.db')]);
  expect(uncovered).toEqual([]);
  for (const path of [`bind:${folder}/../x.db`, 'bind:/etc/x.db', `bind:${folder}x/app.db`]) {
    at(path);
    await expect(plan()).rejects.toThrow('below no bind of backup.volumes');
  }
});

test.if(root)('a database in a volume covers it only when it is alone there', async () => {
  make({
    backup: { types: ['database'] },
    database: { type: 'sqlite', path: 'volume:data/app.db' },
    mounts: [volume('d', 'data')],
  });
  const Mountpoint = join(world.root, 'volume');
  mkdirSync(Mountpoint);
  world.volumes.d = { Driver: 'local', Mountpoint, Options: null };
  await expect(plan()).rejects.toThrow('app.db is not in the volume d');
  new Database(join(Mountpoint, 'app.db')).run('CREATE TABLE t (x)');
  expect((await plan()).uncovered).toEqual([]);
  writeFileSync(join(Mountpoint, 'upload.png'), 'x');
  expect((await plan()).uncovered).toEqual(['volume d (app:/data)']);
  world.context.service.database = { type: 'sqlite', path: 'volume:data/../../x' };
  await expect(plan()).rejects.toThrow('no path in a volume');
});
