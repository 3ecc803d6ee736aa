// kill -9 of everything at random moments between arming and the end of the way back: exactly one outcome, and it is the one that was decided.
// BELAY_TEST_LIVES=200 runs the long form, BELAY_TEST_LIFE=n one of them.
import { expect, test } from 'bun:test';
import type { ScenarioHost } from './harness/host.ts';
import { kill, until } from './harness/process.ts';
import { stateOf } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

const FIRST =
  process.env.BELAY_TEST_LIFE === undefined
    ? Math.floor(Math.random() * 1_000_000)
    : Number(process.env.BELAY_TEST_LIFE);
const COUNT = process.env.BELAY_TEST_LIFE === undefined ? Number(process.env.BELAY_TEST_LIVES ?? 3) : 1;

/** Numbers from 0 to 1 that follow from the seed. */
function randomOf(seed: number): () => number {
  let n = 0;
  return () => {
    n += 1;
    return Number(Bun.hash.wyhash(`${seed} ${n}`) % 1_000_000n) / 1_000_000;
  };
}

async function killAll(h: ScenarioHost): Promise<void> {
  // What is being forked while we look is found by the next look.
  await until('everything is dead', () => {
    const lines = h.strays();
    for (const line of lines) kill(Number(line.split(' ')[0]), 'SIGKILL');
    return lines.length === 0;
  });
}

const began = async (h: ScenarioHost, ticket: string): Promise<void> => {
  await until('it has begun, and waits', () => h.state(ticket)?.RELEASE_STATUS === 'awaiting-confirm', 90_000);
};

onBoth(
  'guard, killed',
  { services: { alpha: {} } },
  (host) => {
    test.each(Array.from({ length: COUNT }, (_, at) => FIRST + at))('BELAY_TEST_LIFE=%d', async (seed) => {
      const h = host();
      const random = randomOf(seed);
      const ticket = `K-${seed}`;
      await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
      const before = await stateOf(h, ['alpha']);
      const target = await h.push(await h.service('alpha', `k${seed}`));
      const withinMs = 500 + Math.floor(random() * 3_000);
      const run = h.start('run', [ticket, `--confirm-within=${withinMs}ms`]);
      const early = random() < 0.3;
      if (early) await Bun.sleep(random() * 6_000);
      else await began(h, ticket);
      const decides = random();
      const decision =
        early || decides < 0.4 ? undefined : h.start('confirm', decides < 0.7 ? [ticket] : [ticket, '--no']);
      if (!early) await Bun.sleep(random() * (withinMs + 3_000));
      await killAll(h);
      await run.ended;
      const told = await decision?.ended;
      // What an operator does then; killed once more on the way.
      const sweep = h.start('sweep');
      await Bun.sleep(random() * 2_000);
      if (random() < 0.5) await killAll(h);
      await sweep.ended;
      const status = () => h.state(ticket)?.RELEASE_STATUS;
      for (let tries = 0; tries < 40 && ['awaiting-confirm', 'reverting'].includes(status() ?? ''); tries += 1) {
        await h.run('sweep');
        await Bun.sleep(250);
      }
      if (['running', 'halted', 'in-doubt'].includes(status() ?? '')) {
        // Cut off before it was verified: its provisional deadline is far away, so that a person takes it back.
        const back = await h.run('revert', [ticket]);
        if (back.code === 5) await h.run('abandon', [ticket, '--reason=cut off']);
        else if (back.code !== 0) {
          expect((await h.run('run', [ticket, '--resume', '--confirm-within=5m', '--detach'])).code).toBe(10);
          expect((await h.run('confirm', [ticket, '--no'])).code).toBe(0);
        }
      }
      await until('no watchdog is left', () => h.strays().length === 0, 90_000);
      const ends = h.log(ticket).filter((e) => e.event === 'released' || e.event === 'reverted');
      expect(ends.length).toBeLessThanOrEqual(1);
      if (told?.code === 0) expect(ends[0]?.event).toBe(decides < 0.7 ? 'released' : 'reverted');
      if (status() === 'released') expect(await h.head()).toBe(target);
      else expect(await stateOf(h, ['alpha'])).toEqual(before);
      expect(h.brokenLine(ticket)).toBe(0);
    });
  },
  ['pm2'],
);
