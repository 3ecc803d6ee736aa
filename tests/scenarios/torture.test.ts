// A thousand points of `just torture`, others each time unless a seed is given.
import { expect, test } from 'bun:test';
import { runShard } from '../../scripts/dev/torture/shard.ts';
import { describeFailure, KINDS } from '../../scripts/dev/torture/table.ts';

const SEED = Number(process.env.BELAY_TEST_SEED ?? Math.floor(Math.random() * 1e6));

test(`a thousand points, seed ${SEED}`, async () => {
  const tally = await runShard({ seed: SEED, only: '', kinds: KINDS, part: 0, of: 1, most: 1000 });
  expect(tally.failures.map((failure) => describeFailure(failure, SEED))).toEqual([]);
  expect(Object.values(tally.visited).reduce((sum, each) => sum + each, 0)).toBe(1000);
});
