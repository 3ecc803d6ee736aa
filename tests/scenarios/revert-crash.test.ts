// kill -9 of the engine in each step of a revert, one after the other, each time the same command again: the host ends as it was before.
import { expect, test } from 'bun:test';
import type { ScenarioHost } from './harness/host.ts';
import { until } from './harness/process.ts';
import { seed, stateOf, use, withData } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

const ALL = ['alpha', 'beta'];
const options = (runtime: string) => {
  const alpha = withData(runtime, 'alpha');
  return {
    services: { alpha: { ...alpha, files: { 'scripts/post_data_restore.sh': 'sleep 0.2\n' } }, beta: {} },
    later: ['delta'],
  };
};
/** In their order: a service that was added goes; the parts of bringing data back; the rest. */
const STEPS = [
  'down',
  ...['pre-revert', 'stage', 'stop', 'swap', 'fix', 'post_data_restore'].map((part) => `restore-data ${part}`),
  ...['go-back', 'up', 'healthy', 'script', 'head', 'image', 'health', 'settle-data', 'compare', 'deployed', 'push'],
];
let serial = 0;

async function released(h: ScenarioHost): Promise<string> {
  serial += 1;
  const ticket = `K-${serial}`;
  await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
  await h.push({
    ...(await h.service('alpha', `k${serial}`)),
    ...(await h.service('delta', '1')),
    'packages/alpha/big': `${serial}\n`.repeat(9999),
    [`releases/${ticket}-a.sh`]: 'true\n',
    [`releases/${ticket}-a.revert.sh`]: 'sleep 0.2\n',
  });
  const done = await h.run('run', [ticket]);
  expect(done.text).toContain(`Released ${ticket}`);
  await use(h, 'alpha');
  return ticket;
}

/** Begins the revert and ends it as soon as the step has begun (or somewhat later). @returns whether it was still under way. */
async function cut(h: ScenarioHost, ticket: string, step: string, laterMs: number): Promise<boolean> {
  const from = h.log(ticket).length;
  const [name, part] = step.split(' ');
  const begun = () =>
    h
      .log(ticket)
      .slice(from)
      .some(
        (e) =>
          e.phase === 'revert' &&
          e.step === name &&
          (part === undefined ? e.event === 'step-start' : e.fields.begins === part),
      );
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
  test.each([0, 60])(
    'in every step, %p ms after it began',
    async (laterMs) => {
      const h = host();
      if ((await stateOf(h, ['alpha']))['alpha data'] === 'none' || serial === 0) await seed(h, 'alpha');
      const [before, beta] = [await stateOf(h, ALL), await h.containerIds('beta')];
      const ticket = await released(h);
      let cuts = 0;
      for (const step of STEPS) {
        if (!(await cut(h, ticket, step, laterMs))) continue;
        cuts += 1;
        if (cuts !== 3) continue;
        const stands = await h.run('state', [ticket]);
        expect(stands.text).toContain(`just release-revert ${ticket}`);
        expect((await h.run('run', ['OTHER'])).code).toBe(4);
      }
      // Some time after the last of them began, the revert may be over.
      expect(cuts).toBeGreaterThan(laterMs === 0 ? STEPS.length - 4 : STEPS.length / 2);
      const done = await h.run('revert', [ticket]);
      expect(done.text).toMatch(/Reverted|is reverted already/);
      expect(done.code).toBe(done.text.includes('is reverted already') ? 4 : 0);
      expect(await stateOf(h, ALL)).toEqual(before);
      expect(await h.instances('delta')).toEqual([]);
      expect(await h.containerIds('beta')).toEqual(beta);
      expect(h.state(ticket)).toMatchObject({ RELEASE_STATUS: 'reverted', PUSH: 'done' });
      expect(await h.git(h.origin, 'rev-parse', 'main')).toBe(await h.head());
      expect(h.brokenLine(ticket)).toBe(0);
    },
    240_000,
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
  });
});
