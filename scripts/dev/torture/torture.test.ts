// A few points of every kind; the whole is `just torture`, and a thousand of them are among the scenarios. And: that it can fail.
import { expect, test } from 'bun:test';
import { Disk } from '../simulation/disk.ts';
import { prepareScenario, runPoint } from './enumerate.ts';
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
  expect(KINDS).toHaveLength(5);
});
