import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { FrozenEngine } from '../../host/freeze.ts';
import { guardFiles, readGuard } from '../../journal/guard.ts';
import type { LoggedEvent } from '../../model/event.ts';
import type { Plan } from '../../model/step.ts';
import { makeStep } from '../../plan/steps.ts';
import type { Context } from '../context.ts';
import { arm, askedBefore, confirmWish } from './arm.ts';
import { type GuardWorld, openGuardWorld } from './fixture.ts';
import { watchStreaks } from './health-watch.ts';
import { fromWords, inWords } from './words.ts';

let world: GuardWorld;
beforeEach(() => {
  world = openGuardWorld();
});
afterEach(() => world.dispose());

const WISH = { withinMs: 60_000, capMs: 120_000, watch: 'notice' as const };
const plan = { ticket: 'A-1', steps: [makeStep('push', {}, []), makeStep('push', {}, [])] } as unknown as Plan;

/** A host on which a watchdog is a shell that says who it is, or dies at once. */
function hostWith(watchdog: string): Context {
  const { context, host } = world;
  const env = { ...host.machine.env, OWN_TOKEN: 'hunter22', https_proxy: 'http://me:hunter22@proxy' };
  const machine = new Proxy(host.machine, {
    get: (real, name) => (name === 'env' ? env : name === 'uid' ? 1000 : Reflect.get(real, name)),
  });
  const engine = { command: () => ['/bin/sh', '-c', watchdog] } as unknown as FrozenEngine;
  // Time stands still in this world, but not for a watchdog that is waited for.
  const clock = { ...host.clock, sleep: async (ms: number) => world.pass(ms) };
  const own = { ...host.own, engineHash: 'e', openEngine: async () => engine };
  return { ...context, host: { ...host, clock, machine, own } };
}

test('the deadline is on disk, with all time-outs of the plan, and its watchdog was waited for', async () => {
  const context = hostWith('true');
  const lock = guardFiles(context.paths, 'A-1').watch;
  const holder = ['PID', 'START_TIME', 'BOOT_ID'];
  const { machine } = context.host;
  const facts = [machine.pid, machine.startTime(machine.pid), machine.bootId];
  const detach = () => context.host.files.replace(lock, holder.map((key, at) => `${key}=${facts[at]}\n`).join(''));
  const host = { ...context.host, exec: { ...context.host.exec, detach } };
  const armed = await arm({ ...context, host }, plan, WISH);
  const timeouts = plan.steps.reduce((sum, step) => sum + step.timeoutMs, 0);
  expect(armed).toMatchObject({ stage: 'provisional', leftMs: timeouts + WISH.capMs, ...WISH });
  expect(readGuard(host, context.paths, 'A-1')?.armed).toEqual(armed);
  const { run, armed: file } = guardFiles(context.paths, 'A-1');
  expect([statSync(run).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
  expect(readFileSync(run, 'utf8')).not.toContain('hunter22');
});

test('a watchdog that does not start: refused, and nothing is armed', async () => {
  const context = hostWith('exit 1');
  await expect(arm(context, plan, WISH)).rejects.toThrow('its watchdog did not start');
  expect(readGuard(context.host, context.paths, 'A-1')).toBeUndefined();
});

test('a deadline that cannot be written: refused, and nothing is armed', async () => {
  const context = hostWith('true');
  const full = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  const host = { ...context.host, files: { ...context.host.files, replace: full } };
  await expect(arm({ ...context, host }, plan, WISH)).rejects.toThrow('no space left');
  expect(readGuard(context.host, context.paths, 'A-1')).toBeUndefined();
  mkdirSync(join(context.paths.guard, 'A-1'), { recursive: true });
});

test('a time is said as it was asked for, and read back', () => {
  for (const ms of [500, 45_000, 600_000, 5_400_000, 5_415_000]) expect(fromWords(inWords(ms))).toBe(ms);
  for (const text of ['', '10', 'm', '10m ', 'x10m', '10 m']) expect(fromWords(text)).toBeUndefined();
});

test('the window that was asked for is known from the log, of this run of the ticket alone', () => {
  const event = (name: string, fields: Record<string, string>) => ({ event: name, fields }) as unknown as LoggedEvent;
  const start = event('start', { target: 'b' });
  const armed = event('armed', { within: '1h30m' });
  const moved = event('armed', { reason: 'the clock was set' });
  expect(askedBefore([start, armed, moved, event('failed', {})])).toBe(5_400_000);
  expect(askedBefore([start, armed, event('start', {}), event('armed', { within: '2m' })])).toBe(120_000);
  expect(askedBefore([start, armed, start, event('failed', {})])).toBeUndefined();
});

test('what was typed goes before the settings, up to their cap', () => {
  const { config } = world.context;
  expect(confirmWish(config, undefined)).toBeUndefined();
  expect(confirmWish(config, 5)?.withinMs).toBe(5);
  const set = { ...config, confirm: { withinMs: 7, capMs: 9, watch: 'revert' as const } };
  expect(confirmWish(set, undefined)).toEqual({ withinMs: 7, capMs: 9, watch: 'revert' });
  expect(confirmWish(set, 9)?.withinMs).toBe(9);
  expect(() => confirmWish(set, 10)).toThrow('longer than the cap');
});

test('three failed probes in a row are told once; so is that it is well again', async () => {
  const ill = { a: false, b: false };
  const watch = watchStreaks(['a', 'b'], async (name) => (ill[name as 'a'] ? 'down' : undefined));
  const told = async () => (await watch.probe()).map(({ service, problem }) => `${service} ${problem ?? 'well'}`);
  ill.a = true;
  expect([await told(), await told()]).toEqual([[], []]);
  ill.a = false;
  expect(await told()).toEqual([]);
  ill.a = true;
  ill.b = true;
  expect([await told(), await told(), await told(), await told()]).toEqual([[], [], ['a down', 'b down'], []]);
  ill.b = false;
  expect([await told(), await told()]).toEqual([['b well'], []]);
});
