// Snapshots: what is shared and what must never be, rot that is found, files that are not what their time says, and services that go on writing.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, asyncProperty } from 'fast-check';
import type { BackupItem } from '../kind.ts';
import { lacks } from '../lacks.ts';
import { mortalHost } from '../mortal-host.ts';
import { fingerprint, makeOddTree } from '../odd-tree.ts';
import { entries, look, makeEntries, sh } from '../random-tree.ts';
import { planBackup, takeBackup } from '../take.ts';
import { makeWorld, recordingRuntime, type World } from '../world.ts';
import { openSnapshots, type SnapshotWorld, STAMP } from './fixture.ts';

const without = lacks('rsync');
let world: World;
let tree: string;
let item: BackupItem;
let save: SnapshotWorld['save'];
let step: SnapshotWorld['step'];

beforeEach(() => {
  ({ world, tree, item, save, step } = openSnapshots());
});
afterEach(() => world.end());

const inodes = (path: string): string[] =>
  sh('find "$1" ! -type d -printf \'%i\\n\' | sort -u', path).split('\n').filter(Boolean);
const shared = (a: string, b: string): string[] => inodes(a).filter((inode) => inodes(b).includes(inode));

test.skipIf(without)(
  'any folder, saved twice with changes between, comes back as each of them was; nothing live is ever shared with a backup',
  async () => {
    await assert(
      asyncProperty(entries(10), entries(4), entries(3), async (first, second, third) => {
        rmSync(tree, { recursive: true, force: true });
        makeEntries(tree, first);
        const one = { was: look(tree), saved: await save() };
        for (const name of readdirSync(tree).slice(0, 1)) rmSync(join(tree, name), { recursive: true });
        makeEntries(tree, second);
        const two = { was: look(tree), saved: await save(one.saved) };
        makeEntries(tree, third);
        for (const { was, saved } of [two, one, two]) {
          await saved.check();
          for (const name of ['stage', 'swap', 'settle'] as const) await step(name, saved);
          expect(look(tree)).toBe(was);
          for (const each of [one, two]) expect(shared(tree, each.saved.tree)).toEqual([]);
        }
      }),
      { numRuns: 4 },
    );
  },
  60_000,
);

test.skipIf(without)('what is unchanged is shared with the last snapshot, and only the rest is written', async () => {
  makeOddTree(tree);
  const first = await save();
  writeFileSync(join(tree, 'deep/new'), 'n'.repeat(1000));
  const second = await save(first);
  expect(second.facts).toMatchObject({ basis: 'earlier', copiedBytes: 1000, files: 11 });
  expect(statSync(join(second.tree, 'sparse')).ino).toBe(statSync(join(first.tree, 'sparse')).ino);
  expect(fingerprint(second.tree, 'inside')).toBe(fingerprint(tree, 'inside'));
});

test.skipIf(without)(
  'a byte that rotted in the last snapshot is named, not shared any further, and found in every snapshot that has it',
  async () => {
    makeOddTree(tree);
    const first = await save();
    const second = await save(first);
    const rotten = join(second.tree, 'sparse');
    sh(
      'touch -r "$1" "$2"; printf X | dd of="$1" bs=1 seek=9 conv=notrunc status=none; touch -r "$2" "$1"',
      rotten,
      `${world.root}/time`,
    );
    const third = await save(second);
    expect(third.facts).toMatchObject({ rotten: './sparse', copiedBytes: 4_194_304 });
    await third.check();
    for (const each of [first, second])
      await expect(each.check()).rejects.toThrow('./sparse is not what was written: its checksum differs');
    await step('stage', second);
    const was = fingerprint(tree);
    const damaged = expect.stringContaining('./sparse is not what was written: its checksum differs');
    await expect(step('swap', second)).rejects.toMatchObject({ facts: { details: [damaged] } });
    await step('undo', second);
    expect([fingerprint(tree), readdirSync(join(tree, '..'))]).toEqual([was, ['data']]);
    rmSync(join(tree, 'sparse'));
    await expect(step('stage', second)).rejects.toThrow('./sparse is not what was written: its checksum differs');
    expect(readdirSync(join(tree, '..'))).toEqual(['data']);
  },
);

test.skipIf(without)('a change under the old time and size, and hard links made or cut, are seen', async () => {
  makeOddTree(tree);
  sh('cd "$1"; cp -p "$(printf " -rf *")" twin; ln twin three', tree);
  const first = await save();
  sh(
    `cd "$1"; touch -r sparse "$2"; printf X | dd of=sparse bs=1 seek=9 conv=notrunc status=none; touch -r "$2" sparse
rm hard; cp -p deep/a hard; rm twin; ln ' -rf *' twin`,
    tree,
    `${world.root}/time`,
  );
  const was = look(tree);
  const second = await save(first);
  expect(second.facts.rotten).toBeUndefined();
  expect(fingerprint(second.tree, 'inside')).toBe(fingerprint(tree, 'inside'));
  rmSync(tree, { recursive: true });
  for (const name of ['stage', 'swap', 'settle'] as const) await step(name, first);
  for (const name of ['stage', 'swap', 'settle'] as const) await step(name, second);
  expect(look(tree)).toBe(was);
});

test.skipIf(without)('a restore writes only what differs: the rest is the same file as before', async () => {
  makeOddTree(tree);
  const saved = await save();
  const inode = () => statSync(join(tree, 'sparse')).ino;
  const before = inode();
  writeFileSync(join(tree, 'nothing'), 'something');
  await step('stage', saved);
  expect(lstatSync(join(tree, 'sparse')).nlink).toBe(1);
  await step('swap', saved);
  await step('settle', saved);
  expect([inode(), readFileSync(join(tree, 'nothing'), 'utf8')]).toEqual([before, '']);
});

test.skipIf(without)(
  'a whole backup: upon the last one, killed anywhere, its cost known before',
  async () => {
    makeOddTree(tree);
    const { runtime } = recordingRuntime();
    const dir = world.context.paths.backups;
    const take = (context = world.context) =>
      takeBackup(context, runtime, { stamp: STAMP, dir, ticket: 'T-1', pauseMaxMs: 60_000, onPause: () => undefined });
    const items = async () => (await planBackup(world.context)).items.find((each) => each.kind === 'workspace');
    expect(await items()).toMatchObject({ method: 'incremental', bytes: expect.any(Number) });
    const first = await take();
    expect(first.versions.rsync).toContain('rsync');
    for (let life = 1; ; life += 7) {
      writeFileSync(join(tree, 'more'), 'm'.repeat(2000 + life));
      expect((await items())?.bytes).toBe(2000 + life);
      const mortal = mortalHost(world.context.host, life);
      const killed = await take({ ...world.context, host: mortal.host }).then(
        () => false,
        () => true,
      );
      if (!killed) break;
    }
    const next = await take();
    expect(next.items.at(-1)?.files[0]?.facts).toMatchObject({ copiedBytes: 0 });
    expect(readdirSync(join(dir, 'shop')).filter((name) => name.endsWith('.partial'))).toEqual([]);
    rmSync(first.dir, { recursive: true });
    rmSync(tree, { recursive: true });
    sh('cd "$1" && bash RESTORE.txt', next.dir);
    expect(fingerprint(tree, 'inside')).toBe(fingerprint(join(next.dir, 'workspace-data.snapshot'), 'inside'));
  },
  30_000,
);

test.skipIf(without)(
  'without rsync, and where only a container reaches the volume: refused, saying what to do',
  async () => {
    mkdirSync(tree);
    const bare = {
      ...world.context.host.machine,
      env: { ...world.context.host.machine.env, PATH: join(world.root, 'bin') },
    };
    sh('mkdir "$1"; for p in tar zstd tr du; do ln -s "$(command -v $p)" "$1/$p"; done', join(world.root, 'bin'));
    await expect(
      planBackup({ ...world.context, host: { ...world.context.host, machine: bare } }),
    ).rejects.toMatchObject({
      facts: {
        what: expect.stringContaining('rsync is not installed'),
        hint: expect.stringContaining('apt-get install rsync'),
      },
    });
    await world.end();
    world = makeWorld({
      backup: { types: ['volume'], volumes: [{ suffix: 'files' }], method: 'incremental' },
      mounts: [{ kind: 'volume', source: 'f', key: 'files', target: '/files', writable: true }],
      helperImage: 'tools:1',
    });
    world.volumes.f = { Driver: 'nfs', Mountpoint: '', Options: null };
    await expect(planBackup(world.context)).rejects.toThrow('only be read through a container');
  },
);

test.skipIf(without || process.getuid?.() !== 0)(
  'a disk that is full: said, nothing left, live data as it was',
  async () => {
    const disk = world.packagePath('disk');
    mkdirSync(disk);
    item.path = join(disk, 'tree');
    world.context.service.backup.paths = ['disk/tree'];
    expect(Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=3m', 'belay-test', disk]).exitCode).toBe(0);
    try {
      mkdirSync(item.path);
      for (let n = 0; n < 28; n++)
        writeFileSync(join(item.path, `${n}`), crypto.getRandomValues(new Uint8Array(65_536)));
      const saved = await save();
      for (let n = 0; n < 28; n++)
        writeFileSync(join(item.path, `${n}`), crypto.getRandomValues(new Uint8Array(65_536)));
      const was = look(item.path);
      await expect(step('stage', saved)).rejects.toThrow('the disk is full');
      expect([readdirSync(disk), look(item.path)]).toEqual([['tree'], was]);
      const dir = join(disk, 'backups');
      const { runtime } = recordingRuntime();
      const options = { stamp: STAMP, dir, ticket: 'T-1', pauseMaxMs: 60_000, onPause: () => undefined };
      await expect(takeBackup(world.context, runtime, options)).rejects.toThrow('failed');
      expect(readdirSync(join(dir, 'shop'))).toEqual([]);
      expect(look(item.path)).toBe(was);
    } finally {
      Bun.spawnSync(['umount', disk]);
    }
  },
);
