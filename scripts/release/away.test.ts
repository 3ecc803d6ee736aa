// What a copy that fails means, by backup.restic.on_failure.
import { afterEach, expect, test } from 'bun:test';
import type { BackupRecord } from '../backups/kind.ts';
import { makeWorld, type World } from '../backups/world.ts';
import type { ReleaseConfig } from '../model/service.ts';
import { awayNotices, copyAway, secondHome } from './away.ts';
import type { Context } from './context.ts';

let world: World;
afterEach(() => world.end());

function context(restic?: Partial<NonNullable<ReleaseConfig['backup']['restic']>>): Context {
  world = makeWorld({ backup: {} });
  const home = { repository: '/nowhere', passwordFile: 'p', onFailure: 'warn' as const, timeoutMs: 1000, ...restic };
  const config = { backup: restic === undefined ? {} : { restic: home } } as ReleaseConfig;
  return { ...world.context, config, mark: 'test' } as unknown as Context;
}
const backup = { service: 'shop', stamp: 'S', ticket: 'T', dir: '/x/shop/S' } as BackupRecord & { dir: string };
const never = new AbortController().signal;

test('none is configured: nothing happens', async () => {
  const none = context();
  expect([secondHome(none), awayNotices(none)]).toEqual([undefined, []]);
  expect(await copyAway(none, backup, never, () => expect.unreachable())).toBeUndefined();
});

test('warn: said in the plan and at the backup, which goes on; a stop is still a stop', async () => {
  const at = context({});
  expect(secondHome(at)?.passwordFile).toBe(`${world.root}/p`);
  expect(awayNotices(at)[0]).toContain('backups will not leave this host: ');
  const said: string[] = [];
  expect(await copyAway(at, backup, never, (sentence) => said.push(sentence))).toBeUndefined();
  expect(said[0]).toContain('the backup shop S did not leave this host: ');
  await expect(copyAway(at, backup, AbortSignal.abort(), () => undefined)).rejects.toThrow();
});

test('refuse: before anything is touched, and at the backup', async () => {
  const at = context({ onFailure: 'refuse' });
  expect(() => awayNotices(at)).toThrow();
  await expect(copyAway(at, backup, never, () => undefined)).rejects.toThrow();
});
