// What may stand where the backups of a service belong.
import { afterEach, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { planBackup, takeBackup } from './take.ts';
import { makeWorld, recordingRuntime, type World } from './world.ts';

let world: World;
afterEach(() => world.end());

test('what is no folder in the place of a service is refused by name, and what a link leads to stays as it is', async () => {
  world = makeWorld({ backup: { types: ['workspace'], paths: ['uploads'] }, running: true });
  mkdirSync(world.packagePath('uploads'));
  const dir = world.context.paths.backups;
  const folder = join(dir, 'shop');
  const { runtime, calls } = recordingRuntime();
  const options = { stamp: '20260518_153059', dir, ticket: 'T-1', pauseMaxMs: 10_000, onPause: () => undefined };
  const aside = join(world.root, 'aside');
  mkdirSync(aside);
  chmodSync(aside, 0o755);
  mkdirSync(dir, { recursive: true });
  symlinkSync(aside, folder);
  const said = `A symbolic link is where the backups of shop belong (${folder})`;
  await expect(planBackup(world.context)).rejects.toThrow(said);
  await expect(takeBackup(world.context, runtime, options)).rejects.toThrow(said);
  expect([readdirSync(aside), statSync(aside).mode & 0o777, calls]).toEqual([[], 0o755, []]);
  rmSync(folder);
  Bun.spawnSync(['mkfifo', folder]);
  await expect(takeBackup(world.context, runtime, options)).rejects.toThrow(
    'Something that is no folder is where the backups of shop belong',
  );
});
