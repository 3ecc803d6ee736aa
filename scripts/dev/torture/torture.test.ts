// A few points of every kind; the whole is `just torture`, and a thousand of them are among the scenarios. And: that it can fail.
import { expect, test } from 'bun:test';
import { verb as sweep } from '../../release/sweep.ts';
import { Disk } from '../simulation/disk.ts';
import { everythingOn } from '../simulation/everything.ts';
import { runSim } from '../simulation/run-verb.ts';
import { disturbedHost, keep, prepareScenario, runPoint } from './enumerate.ts';
import { SCENARIOS } from './scenarios.ts';
import { describeFailure, KINDS, tableOf } from './table.ts';

const scenario = (words: string) => {
  const found = SCENARIOS.find(({ name }) => name.includes(words));
  if (found === undefined) throw new Error(`no scenario ${words}`);
  return found;
};

test('a release, killed now and then, is gone on with and gone back from', async () => {
  const prepared = await prepareScenario(scenario('release of one service'));
  for (let at = 3; at < prepared.effects.length; at += 29) {
    const point = {
      scenario: 'release of one service',
      at,
      disturbance: { kind: 'kill', orphans: 'end' },
      seed: at,
    } as const;
    expect((await runPoint(prepared, point)).failure).toBeUndefined();
  }
});

test('a host that equals one that was judged is not judged again, and one that differs is', async () => {
  const prepared = await prepareScenario(scenario('release of one service'));
  const flush = prepared.effects.findIndex(({ at, what }) => at > 100 && what === 'append.flush');
  const kill = (at: number) =>
    runPoint(prepared, { scenario: '', at, disturbance: { kind: 'kill', orphans: 'end' }, seed: at });
  expect((await kill(flush - 1)).merged).toBe(false);
  // The write is there, flushed or not.
  expect((await kill(flush)).merged).toBe(false);
  expect((await kill(flush + 1)).merged).toBe(true);
});

test.each(['release of one service', 'revert of two services', 'release with backups taken stop'])(
  'a host that is copied at the effect is the one that a replay to it leaves: %s',
  async (words) => {
    const prepared = await prepareScenario(scenario(words));
    const ats = prepared.effects.map(({ at }) => at).filter((at) => at % 47 === 3);
    await keep(prepared, new Set(ats));
    const disturbances = [
      { kind: 'kill', orphans: 'end' },
      { kind: 'kill', orphans: 'finish' },
      { kind: 'nested', after: 0.5 },
      { kind: 'power', cut: 'lost' },
      { kind: 'power', cut: 'kept' },
      { kind: 'power', cut: 'mixed' },
    ] as const;
    const seen = new Set<string>();
    for (const at of ats)
      for (const disturbance of disturbances) {
        const point = { scenario: words, at, disturbance, seed: at };
        const [copied, replayed] = [await disturbedHost(prepared, point), await disturbedHost(prepared, point, true)];
        expect(everythingOn(copied.world)).toBe(everythingOn(replayed.world));
        expect(copied.world.clock.now()).toBe(replayed.world.clock.now());
        seen.add(everythingOn(copied.world));
      }
    expect(prepared.moments.size).toBe(ats.length);
    expect(seen.size).toBeGreaterThan(ats.length * 2);
  },
);

test('a program that outlives the engine has done what it was told, and one that does not has stopped in its middle', async () => {
  const prepared = await prepareScenario(scenario('release of one service'));
  const { at } = prepared.effects.find(({ what }) => what === 'docker stop') ?? { at: -1 };
  await keep(prepared, new Set([at]));
  const running = async (orphans: 'end' | 'finish') => {
    const point = { scenario: '', at, disturbance: { kind: 'kill', orphans }, seed: 1 } as const;
    const { world } = await disturbedHost(prepared, point);
    return [...world.containers.containers.values()].map(({ imageRef, status }) => `${imageRef} ${status}`);
  };
  expect(await running('finish')).toEqual(['registry.local/alpha:2 running']);
  expect(await running('end')).toEqual(['registry.local/alpha:1 running', 'registry.local/alpha:2 created']);
});

test('a service that was stopped for its backup when the power went runs again after the next verb, whatever that is', async () => {
  const prepared = await prepareScenario(scenario('taken stop'));
  const { at } = prepared.effects.find(({ what }) => what === 'tar index') ?? { at: -1 };
  const point = { scenario: '', at, disturbance: { kind: 'power', cut: 'lost' }, seed: 1 } as const;
  const { world } = await disturbedHost(prepared, point);
  const stands = () => [...world.containers.containers.values()].map(({ status }) => status);
  expect(stands()).toEqual(['exited']);
  await runSim(world, sweep, []);
  expect(stands()).toEqual(['running']);
  const { effects } = await runSim(world, sweep, []);
  expect(effects.filter(({ what }) => what.startsWith('docker'))).toEqual([]);
});

test('a disk that flushes nothing is found out', async () => {
  const { flush } = Disk.prototype;
  Disk.prototype.flush = () => undefined;
  try {
    const prepared = await prepareScenario(scenario('release of one service'));
    const failures = [];
    for (let at = 200; at < prepared.effects.length; at += 11) {
      const point = { scenario: '', at, disturbance: { kind: 'power', cut: 'lost' }, seed: at } as const;
      const { failure } = await runPoint(prepared, point);
      if (failure !== undefined) failures.push(failure);
    }
    expect(failures.length).toBeGreaterThan(0);
  } finally {
    Disk.prototype.flush = flush;
  }
});

test('a table has a line a kind, and what repeats a failure', () => {
  const point = { scenario: 'release', at: 7, disturbance: { kind: 'kill', orphans: 'end' }, seed: 3 } as const;
  const failure = { point, where: 'rename /x', what: 'exit 1' };
  const tally = { scenarios: 2, visited: { kill: 5 }, all: { kill: 9 }, merged: { kill: 1 }, failures: [failure] };
  const lines = tableOf([tally, tally], 42, 61).join('\n');
  expect(lines).toContain('2 scenarios, seed 42, 61 s');
  expect(lines).toMatch(/\| kill \| .* \| 10 of 18 \| 2 \| 2 \|/);
  expect(describeFailure(failure, 42)).toContain('at effect 7 (rename /x), seed 42: exit 1');
  expect(KINDS).toHaveLength(7);
});
