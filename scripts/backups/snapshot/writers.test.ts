// Services that go on writing: while a snapshot is taken, between staging and swap, and into what was restored.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupItem } from '../kind.ts';
import { lacks } from '../lacks.ts';
import { mortalHost } from '../mortal-host.ts';
import { fingerprint, makeOddTree } from '../odd-tree.ts';
import { sh } from '../random-tree.ts';
import type { World } from '../world.ts';
import { openSnapshots, type SnapshotWorld } from './fixture.ts';

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

/** In place, as a database writes; `deep/a` and `hard` are the same file. */
const WRITES = `cd "$1"; printf XYZ | dd of=deep/a conv=notrunc status=none; printf X | dd of=sparse bs=1 seek=99 conv=notrunc status=none
chmod 0600 setuid; touch -h -d 2020-01-01 link; rm "$(printf ' -rf *')"; printf more >> nothing`;

test.skipIf(without)(
  'a service that writes after staging: what was saved is swapped in, what it wrote is what comes back',
  async () => {
    makeOddTree(tree);
    const was = fingerprint(tree);
    const saved = await save();
    writeFileSync(join(tree, '$(id)'), 'changed');
    await step('stage', saved);
    sh(WRITES, tree);
    const written = fingerprint(tree);
    await step('swap', saved);
    expect(fingerprint(tree, 'inside')).toBe(fingerprint(saved.tree, 'inside'));
    await step('undo', saved);
    expect(fingerprint(tree)).toBe(written);
    for (const name of ['stage', 'swap', 'settle'] as const) await step(name, saved);
    expect(fingerprint(tree)).toBe(was);
  },
);

test.skipIf(without)(
  'a service that writes into the restored content: undo brings back what was there, killed anywhere',
  async () => {
    makeOddTree(tree);
    const saved = await save();
    writeFileSync(join(tree, '$(id)'), 'changed');
    const was = fingerprint(tree);
    for (let life = 0; ; life += 2) {
      await step('stage', saved);
      await step('swap', saved);
      sh(WRITES, tree);
      const mortal = mortalHost(world.context.host, life);
      await step('undo', saved, { ...world.context, host: mortal.host }).catch((error: unknown) => {
        if (!mortal.dead()) throw error;
      });
      await step('undo', saved);
      expect(fingerprint(tree)).toBe(was);
      await saved.check();
      if (!mortal.dead()) break;
    }
  },
  30_000,
);

test.skipIf(without)(
  'what changes while it is read fails a held snapshot, and is noted in one that was taken live',
  async () => {
    makeOddTree(tree);
    const { exec } = world.context.host;
    const run: typeof exec.run = async (argv, options) => {
      const result = await exec.run(argv, options);
      if (argv[0] === 'rsync') writeFileSync(join(tree, 'nothing'), String(Math.random()));
      return result;
    };
    world.context.host = { ...world.context.host, exec: { ...exec, run } };
    await expect(save()).rejects.toThrow('is not what lies there now');
    item.mayChange = true;
    const live = await save();
    expect(live.facts.changedWhileRead).toBe(1);
    await live.check();
  },
);
