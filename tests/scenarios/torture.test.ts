// A thousand points of `just torture`, others each time unless a seed is given; and the simulated host against a real one.
import { expect, test } from 'bun:test';
import { beginWorld, packageFiles, pushCommit, ROOT } from '../../scripts/dev/simulation/beginning.ts';
import { runSim } from '../../scripts/dev/simulation/run-verb.ts';
import { runShard } from '../../scripts/dev/torture/shard.ts';
import { describeFailure, KINDS } from '../../scripts/dev/torture/table.ts';
import { verb as adopt } from '../../scripts/release/adopt.ts';
import { verb as revert } from '../../scripts/release/revert.ts';
import { verb as run } from '../../scripts/release/run.ts';
import { seed as seedData, withData } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

const SEED = Number(process.env.BELAY_TEST_SEED ?? Math.floor(Math.random() * 1e6));

test(`a thousand points, seed ${SEED}`, async () => {
  const tally = await runShard({ seed: SEED, only: '', kinds: KINDS, part: 0, of: 1, most: 1000 });
  expect(tally.failures.map((failure) => describeFailure(failure, SEED))).toEqual([]);
  expect(Object.values(tally.visited).reduce((sum, each) => sum + each, 0)).toBe(1000);
});

/** What a log tells, without what differs from run to run. */
const told = (lines: readonly string[]): string[] =>
  lines
    .map((line) =>
      ['phase', 'event', 'step', 'service'].map((key) => new RegExp(` ${key}=(\\S+)`).exec(line)?.[1] ?? '-').join(' '),
    )
    // Retries and the order of what is parallel are the machine's.
    .filter((line) => !/ (?:step-retry|notice) /.test(line))
    .toSorted();

onBoth(
  'simulated and real',
  { services: { alpha: withData('compose', 'alpha'), beta: withData('compose', 'beta') } },
  (host) => {
    test('the same release and revert have the same exit codes and the same log', async () => {
      const h = host();
      for (const service of ['alpha', 'beta']) await seedData(h, service);
      const ticket = 'SAME-1';
      await h.push({
        ...(await h.service('alpha', '2')),
        ...(await h.service('beta', '2')),
        [`releases/${ticket}-note.sh`]: 'true\n',
      });
      const real = [(await h.run('run', [ticket])).code, (await h.run('revert', [ticket])).code];
      const world = beginWorld({ alpha: { version: '1' }, beta: { version: '1', manifest: { priority: 20 } } });
      await runSim(world, adopt, ['--no-backup']);
      pushCommit(
        world,
        {
          ...packageFiles('alpha', { version: '2' }),
          ...packageFiles('beta', { version: '2', manifest: { priority: 20 } }),
          [`releases/${ticket}-note.sh`]: 'true\n',
        },
        'second',
      );
      const simulated = [(await runSim(world, run, [ticket])).code, (await runSim(world, revert, [ticket])).code];
      expect(simulated).toEqual(real);
      expect(real).toEqual([0, 0]);
      const log = new TextDecoder().decode(world.disk.get(`${ROOT}/.asd/workspace/releases/${ticket}.log`).data);
      const realLog = await Bun.file(`${h.prod}/.asd/workspace/releases/${ticket}.log`).text();
      expect(told(log.trim().split('\n'))).toEqual(told(realLog.trim().split('\n')));
    });
  },
  ['compose'],
);
