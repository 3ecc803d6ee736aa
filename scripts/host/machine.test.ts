import { afterAll, expect, test } from 'bun:test';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClock } from './clock.ts';
import { openMachine } from './machine.ts';
import { openHost } from './real.ts';

const machine = openMachine({ A: 'b' });
const folder = mkdtempSync(join(tmpdir(), 'machine-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('knows the start time of a process whose name holds spaces and parentheses', async () => {
  const odd = join(folder, 'a) S 1 (b');
  copyFileSync('/bin/sleep', odd);
  const child = Bun.spawn([odd, '60']);
  const before = machine.startTime(process.pid);
  expect(Number(machine.startTime(child.pid))).toBeGreaterThanOrEqual(Number(before));
  expect(machine.alive(child.pid)).toBe(true);
  child.kill('SIGKILL');
  await child.exited;
  expect([machine.alive(child.pid), machine.startTime(child.pid)]).toEqual([false, undefined]);
});

test('a zombie is not alive', async () => {
  const parent = Bun.spawn(['bash', '-c', 'sleep 0 & echo $!; exec sleep 60'], { stdout: 'pipe' });
  const { value } = await parent.stdout.getReader().read();
  const zombie = Number(Buffer.from(value ?? []).toString());
  while (!/\) Z /.test(readFileSync(`/proc/${zombie}/stat`, 'utf8'))) await Bun.sleep(5);
  expect(machine.alive(zombie)).toBe(false);
  parent.kill('SIGKILL');
  await parent.exited;
});

test('no process has a number below one', () => {
  for (const pid of [0, -1, Number.NaN, 2 ** 40]) expect(machine.alive(pid)).toBe(false);
});

test('gathers the facts once', () => {
  expect(machine.bootId).toMatch(/^[0-9a-f-]{36}$/);
  expect(machine.cores).toBeGreaterThan(0);
  expect(machine.random(8)).toMatch(/^[0-9a-f]{16}$/);
  process.env.BELAY_TEST_FACT = 'before';
  const host = openHost();
  process.env.BELAY_TEST_FACT = 'after';
  expect(host.machine.env.BELAY_TEST_FACT).toBe('before');
  delete process.env.BELAY_TEST_FACT;
});

test('the monotonic clock is that of the boot, in every process', () => {
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  const now = openClock().monotonicMs();
  expect(now).toBeGreaterThanOrEqual(uptime - 10);
  expect(now - uptime).toBeLessThan(60_000);
});

test('sleep ends early and without an error when the signal fires', async () => {
  const clock = openClock();
  const stop = new AbortController();
  const sleeping = clock.sleep(2 ** 40, stop.signal);
  stop.abort();
  await sleeping;
  await clock.sleep(2 ** 40, stop.signal);
  await clock.sleep(-1);
  const before = clock.monotonicMs();
  await clock.sleep(5);
  expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(5);
});

test('a deadline fires', async () => {
  const signal = openClock().deadline(1);
  await openClock().sleep(60_000, signal);
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test('ends the process of that number and start time, and no other one', async () => {
  const child = Bun.spawn(['sleep', '60']);
  const began = machine.startTime(child.pid) ?? '';
  expect(machine.terminate(child.pid, `${began}0`)).toBe(false);
  expect(machine.alive(child.pid)).toBe(true);
  expect(machine.terminate(child.pid, began)).toBe(true);
  await child.exited;
  expect([child.signalCode, machine.terminate(child.pid, began)]).toEqual(['SIGTERM', false]);
});
