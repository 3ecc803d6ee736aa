// What may stand where the backups of a service belong.
import { afterEach, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { planBackup, takeBackup } from './take.ts';
import { makeWorld, recordingRuntime, type World } from './world.ts';

let world: World;
afterEach(() => world.end());

test('what is no folder is refused by name, and what a link leads to stays as it is', async () => {
  world = makeWorld({ backup: { types: ['workspace'], paths: ['uploads'] } });
  mkdirSync(world.packagePath('uploads'));
  const dir = world.context.paths.backups;
  const { runtime, calls } = recordingRuntime();
  const both = [
    () => planBackup(world.context),
    () =>
      takeBackup(world.context, runtime, {
        stamp: '20260518_153059',
        dir,
        ticket: 'T-1',
        pauseMaxMs: 10_000,
        onPause: () => undefined,
      }),
  ];
  const place = join(dir, 'shop');
  const aside = join(world.root, 'aside');
  mkdirSync(aside);
  chmodSync(aside, 0o755);
  mkdirSync(dir, { recursive: true });
  symlinkSync(aside, place);
  for (const act of both)
    await expect(act()).rejects.toThrow(`A symbolic link is where the backups of shop belong (${place})`);
  expect([readdirSync(aside), statSync(aside).mode & 0o777, calls]).toEqual([[], 0o755, []]);
  rmSync(place);
  Bun.spawnSync(['mkfifo', place]);
  for (const act of both)
    await expect(act()).rejects.toThrow('Something that is no folder is where the backups of shop belong');
});
