// kill -9 of the engine in each step of a revert, twice, then the same command: the host ends as it was before the release.
import { expect, test } from 'bun:test';
import type { ScenarioHost } from './harness/host.ts';
import { until } from './harness/process.ts';
import { seed, stateOf, use, withData } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

const ALL = ['alpha', 'beta'];
const options = (runtime: string) => ({ services: { alpha: withData(runtime, 'alpha'), beta: {} } });
const STEPS = ['restore-data', 'go-back', 'up', 'healthy', 'settle-data', 'deployed', 'push'];
let serial = 0;

async function released(h: ScenarioHost): Promise<string> {
  serial += 1;
  const ticket = `K-${serial}`;
  await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
  await h.push({ ...(await h.service('alpha', `k${serial}`)), 'packages/alpha/big': `${serial}\n`.repeat(9999) });
  const done = await h.run('run', [ticket]);
  expect(done.text).toContain(`Released ${ticket}`);
  await use(h, 'alpha');
  return ticket;
}

/** Begins the revert and ends it as soon as the step has begun (or somewhat later). @returns whether it was still under way. */
async function cut(h: ScenarioHost, ticket: string, step: string, laterMs: number): Promise<boolean> {
  const from = h.log(ticket).length;
  const begun = () =>
    h
      .log(ticket)
      .slice(from)
      .some((e) => e.phase === 'revert' && e.event === 'step-start' && e.step === step);
  const run = h.start('revert', [ticket]);
  let over = false;
  void run.ended.then(() => {
    over = true;
  });
  await until(`step ${step}`, () => begun() || over);
  if (over) return false;
  if (laterMs > 0) await Bun.sleep(laterMs);
  if (over) return false;
  const ended = await run.crash('all');
  return ended.code !== 0;
}

onBoth('revert, cut off', options, (host) => {
  test.each(STEPS)(
    'in %s',
    async (step) => {
      const h = host();
      if (serial === 0 || (await stateOf(h, ['alpha']))['alpha data'] === 'none') await seed(h, 'alpha');
      const [before, beta] = [await stateOf(h, ALL), await h.containerIds('beta')];
      const ticket = await released(h);
      const first = await cut(h, ticket, step, 0);
      if (first) {
        const stands = await h.run('state', [ticket]);
        expect(stands.text).toContain(`just release-revert ${ticket}`);
        expect((await h.run('run', ['OTHER'])).code).toBe(4);
        await cut(h, ticket, step, 60);
      }
      const done = await h.run('revert', [ticket]);
      expect(done.text).toMatch(/Reverted|is reverted already/);
      expect(done.code).toBe(done.text.includes('is reverted already') ? 4 : 0);
      expect(await stateOf(h, ALL)).toEqual(before);
      expect(await h.containerIds('beta')).toEqual(beta);
      expect(h.state(ticket)).toMatchObject({ RELEASE_STATUS: 'reverted', PUSH: 'done' });
      expect(await h.git(h.origin, 'rev-parse', 'main')).toBe(await h.head());
      expect(h.brokenLine(ticket)).toBe(0);
    },
    90_000,
  );

  test('INT: stopped at a safe point with 8, and the same command goes on', async () => {
    const h = host();
    const before = await stateOf(h, ALL);
    const ticket = await released(h);
    const run = h.start('revert', [ticket]);
    await h.event(ticket, { phase: 'revert', event: 'step-start', step: 'restore-data' });
    process.kill(await run.engine(), 'SIGINT');
    const stopped = await run.ended;
    expect(stopped.code).toBe(8);
    expect(stopped.text).toContain(`just release-revert ${ticket}`);
    expect(h.state(ticket)).toMatchObject({ PHASE: 'revert', PHASE_STATUS: 'stopped', RELEASE_STATUS: 'reverting' });
    const done = await h.run('revert', [ticket]);
    expect(done.text).toContain(`Reverted ${ticket}`);
    expect(done.code).toBe(0);
    expect(await stateOf(h, ALL)).toEqual(before);
  }, 60_000);
});
