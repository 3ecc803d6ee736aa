import { afterEach, beforeEach, expect, test } from 'bun:test';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ticketPaths } from '../../host/paths.ts';
import { decide, guardFiles, readGuard, type Verdict } from '../../journal/guard.ts';
import { readRelease } from '../../journal/records.ts';
import { CAP_MS, type GuardWorld, openGuardWorld, TICKET, WITHIN_MS } from './fixture.ts';

let world: GuardWorld;
beforeEach(() => {
  world = openGuardWorld();
});
afterEach(() => world.dispose());

const confirm: Omit<Verdict, 'schema'> = { kind: 'confirm', cause: 'confirmed', by: 'op', manual: false };
const refuse: Omit<Verdict, 'schema'> = { kind: 'revert', cause: 'refused', by: 'op', manual: false };
const guard = () => readGuard(world.host, world.context.paths, TICKET);
const status = () => {
  const { state } = readRelease(world.host, ticketPaths(world.context.paths, TICKET), TICKET);
  return `${state?.releaseStatus} ${state?.phase}/${state?.phaseStatus}`;
};

function waiting(): void {
  world.arm();
  world.openWindow();
}

test('while there is time nothing happens; when it is over, it goes back, and that only once', async () => {
  waiting();
  world.pass(WITHIN_MS - 1);
  expect(await world.sweep()).toBe('open');
  expect([world.runs(), world.reverts, status()]).toEqual(['new', 0, 'awaiting-confirm confirm/running']);
  world.pass(1);
  expect(await world.sweep()).toBe('final');
  expect(await world.sweep()).toBe('final');
  expect([world.runs(), world.reverts, status()]).toEqual(['old', 1, 'reverted revert/done']);
  expect(guard()).toBeUndefined();
});

test('confirmed in time, it never goes back, and what comes after runs', async () => {
  waiting();
  expect(decide(world.host, world.context.paths, TICKET, confirm).won).toBeTrue();
  world.pass(WITHIN_MS * 9);
  expect(await world.sweep()).toBe('final');
  expect([world.runs(), world.reverts, status(), world.after.length]).toEqual(['new', 0, 'released confirm/done', 1]);
});

test('of two deciders one wins, and the other one is told which', () => {
  waiting();
  expect(decide(world.host, world.context.paths, TICKET, refuse).won).toBeTrue();
  const second = decide(world.host, world.context.paths, TICKET, confirm);
  expect(second).toMatchObject({ won: false, verdict: { kind: 'revert', cause: 'refused', by: 'op' } });
});

test.each([
  ['a wall clock that is set forward by a year', 365 * 86_400_000],
  ['a wall clock that is set back by a year', -365 * 86_400_000],
])('%s: neither early nor never', async (_, step) => {
  waiting();
  world.pass(WITHIN_MS / 2);
  world.clock.wallMs += step;
  expect(await world.sweep()).toBe('open');
  world.pass(WITHIN_MS / 2 - 1);
  expect(await world.sweep()).toBe('open');
  world.pass(2);
  expect(await world.sweep()).toBe('final');
  expect(world.runs()).toBe('old');
});

test('a new boot goes on with what is left, or finds it over; one that starts in 1970 goes on with what was left', async () => {
  waiting();
  world.pass(100_000);
  world.reboot(200_000);
  expect(await world.sweep()).toBe('open');
  expect(guard()?.armed?.leftMs).toBe(WITHIN_MS - 320_000);
  world.reboot(-Date.UTC(2026, 4, 18));
  expect(await world.sweep()).toBe('open');
  expect(guard()?.armed?.leftMs).toBe(WITHIN_MS - 340_000);
  world.clock.wallMs += Date.UTC(2026, 4, 18);
  expect(await world.sweep()).toBe('open');
  world.reboot(600_000);
  expect(await world.sweep()).toBe('final');
  expect([world.runs(), world.reverts]).toEqual(['old', 1]);
});

test('the cap is kept over reboots', async () => {
  waiting();
  world.pass(100_000);
  world.reboot(100_000);
  await world.sweep();
  expect(guard()?.armed?.capLeftMs).toBe(CAP_MS - 220_000);
});

const UNREADABLE: Array<[string, (file: string) => void]> = [
  ['is gone', (file) => rmSync(file)],
  ['is gone with its folder', (file) => rmSync(dirname(file), { recursive: true })],
  ['was cut short', (file) => writeFileSync(file, '{"schema":1,')],
  ['is empty', (file) => writeFileSync(file, '')],
  ['has no number in it', (file) => writeFileSync(file, '{"schema":1,"ticket":"G-1","leftMs":"soon"}')],
  ['is of a newer engine', (file) => writeFileSync(file, '{"schema":99}')],
];
test.each(UNREADABLE)('a deadline that %s counts as passed', async (_, damage) => {
  waiting();
  damage(guardFiles(world.context.paths, TICKET).armed);
  expect(await world.sweep()).toBe('final');
  expect([world.runs(), world.reverts, status()]).toEqual(['old', 1, 'reverted revert/done']);
});

test('a release that halted before its Advance is let go; after it, its provisional deadline puts it back', async () => {
  world.arm();
  world.write(world.host, ['prepare', 'failed', { rc: '1' }]);
  expect(await world.sweep()).toBe('final');
  expect([guard(), world.reverts]).toEqual([undefined, 0]);
  world.arm();
  world.write(world.host, ['prepare', 'step-done', { step: 'advance', sha: 'b'.repeat(40) }], ['migrate', 'failed']);
  expect(await world.sweep()).toBe('open');
  world.pass(3_600_000 + CAP_MS);
  expect(await world.sweep()).toBe('final');
  expect([world.runs(), status()]).toEqual(['old', 'reverted revert/done']);
});

test('a release that died before its Advance is let go when its time is over, and stays what it is', async () => {
  world.arm();
  world.write(world.host, ['prepare', 'step-start', { step: 'backup' }]);
  expect(await world.sweep()).toBe('open');
  world.pass(3_600_000 + CAP_MS);
  expect(await world.sweep()).toBe('final');
  expect([guard(), world.reverts, status(), world.count('going-back')]).toEqual([
    undefined,
    0,
    'running prepare/running',
    0,
  ]);
});

test('so is one that is refused by hand before its Advance', async () => {
  world.arm();
  world.write(world.host, ['prepare', 'step-start', { step: 'backup' }]);
  expect(decide(world.host, world.context.paths, TICKET, refuse).won).toBeTrue();
  expect(await world.sweep()).toBe('final');
  expect([guard(), world.reverts, world.count('going-back')]).toEqual([undefined, 0, 0]);
});

test('a release that died in its Advance goes back, also where it was gone on with and died again before it', async () => {
  world.arm();
  const moving = ['prepare', 'step-part', { step: 'advance', part: 'moving' }] as const;
  world.write(world.host, ['prepare', 'step-start', { step: 'advance' }], [...moving]);
  world.write(world.host, ['prepare', 'resumed', {}], ['prepare', 'armed', { within: '10m' }]);
  world.pass(3_600_000 + CAP_MS);
  expect(await world.sweep()).toBe('final');
  expect([guard(), world.reverts, world.count('going-back')]).toEqual([undefined, 1, 1]);
});

test('a revert that fails is tried three times more, then it is in doubt, and left to people', async () => {
  waiting();
  world.pass(WITHIN_MS);
  world.failing = [7, new Error('the disk is full'), 7, new Error('still full'), 0 as never];
  for (const expected of ['failed', 'failed', 'failed', 'over', 'over'] as const)
    expect(await world.sweep()).toBe(expected);
  expect([world.reverts, world.count('try-failed'), status()]).toEqual([4, 4, 'in-doubt revert/failed']);
});

test('what is in doubt goes to every webhook, once, after each try was told', async () => {
  const got: string[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { notice } = (await request.json()) as { notice: string };
      got.push(`${new URL(request.url).pathname} ${notice}`);
      return new Response('ok');
    },
  });
  const url = `http://127.0.0.1:${server.port}`;
  world.dispose();
  world = openGuardWorld(`notify: [{ url: '${url}/all' }, { url: '${url}/few', events: [released] }]`);
  waiting();
  world.pass(WITHIN_MS);
  world.failing = [7, 7, 7, 7];
  for (let n = 0; n < 4; n += 1) await world.sweep();
  await server.stop(true);
  const tried = Array.from({ length: 4 }, () => '/all try-failed');
  expect(got.toSorted()).toEqual(['/all going-back', '/all in-doubt', ...tried, '/few in-doubt']);
  expect(got.slice(-2).toSorted()).toEqual(['/all in-doubt', '/few in-doubt']);
});

test('one of these tries goes well', async () => {
  waiting();
  world.pass(WITHIN_MS);
  world.failing = [7];
  expect(await world.sweep()).toBe('failed');
  expect(await world.sweep()).toBe('final');
  expect([world.runs(), status(), world.count('going-back')]).toEqual(['old', 'reverted revert/done', 1]);
});

test("a person's revert is gone on with where it was cut off, and left alone where it was stopped", async () => {
  waiting();
  const manual = { ...refuse, manual: true };
  decide(world.host, world.context.paths, TICKET, manual);
  world.write(world.host, ['revert', 'start'], ['revert', 'stopped']);
  expect(await world.sweep()).toBe('over');
  expect(world.reverts).toBe(0);
  world.write(world.host, ['revert', 'start']);
  expect(await world.sweep()).toBe('final');
  expect(world.runs()).toBe('old');
});

test('abandoned by a person, nothing waits any more', async () => {
  world.arm();
  world.write(world.host, ['migrate', 'failed'], ['migrate', 'abandoned']);
  expect(await world.sweep()).toBe('final');
  expect([guard(), world.reverts]).toEqual([undefined, 0]);
});

test('a torn end of the log keeps nobody from going back', async () => {
  waiting();
  appendFileSync(ticketPaths(world.context.paths, TICKET).log, '2026-05-18T15:29:00Z ticket=G-1 pha');
  world.pass(WITHIN_MS);
  expect(await world.sweep()).toBe('final');
  expect(world.runs()).toBe('old');
});

test('who looked while it waited, and decides while it becomes final, is told that it does not wait any more', async () => {
  waiting();
  decide(world.host, world.context.paths, TICKET, confirm);
  const { remove } = world.host.files;
  const told: string[] = [];
  world.host.files.remove = (path) => {
    remove(path);
    try {
      if (told.length < 9)
        told.push(
          decide({ ...world.host, files: { ...world.host.files, remove } }, world.context.paths, TICKET, refuse).verdict
            .kind,
        );
    } catch (error) {
      told.push(String(error));
    }
  };
  expect(await world.sweep()).toBe('final');
  expect(told.length).toBeGreaterThan(1);
  expect(told.filter((each) => each === 'revert')).toEqual([]);
  expect(status()).toBe('released confirm/done');
});
