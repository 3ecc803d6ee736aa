// A release that goes back unless somebody says that it stays.
import { expect, test } from 'bun:test';
import type { ScenarioHost } from './harness/host.ts';
import { until } from './harness/process.ts';
import { stateOf } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

let serial = 1;

/** A new version of alpha on origin. @returns its ticket and label. */
async function next(h: ScenarioHost): Promise<{ ticket: string; version: string; target: string }> {
  serial += 1;
  await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
  const target = await h.push(await h.service('alpha', `v${serial}`));
  return { ticket: `G-${serial}`, version: `v${serial}`, target };
}

/** Waits until the release stands so, and nobody watches over it any more where it is over. */
async function stands(h: ScenarioHost, ticket: string, status: string): Promise<void> {
  await until(
    () => `${ticket} is ${status}; it is ${h.state(ticket)?.RELEASE_STATUS}`,
    () => h.state(ticket)?.RELEASE_STATUS === status,
  );
  if (status !== 'awaiting-confirm') await until('the watchdog is gone', () => h.strays().length === 0);
}

onBoth('guard', { services: { alpha: {}, beta: {} } }, (host) => {
  test('confirmed in time: it stays, and release-run says so', async () => {
    const h = host();
    const { ticket, version, target } = await next(h);
    const run = h.start('run', [ticket, '--confirm-within=5m']);
    await stands(h, ticket, 'awaiting-confirm');
    const confirmed = await h.run('confirm', [ticket]);
    expect(confirmed.text).toContain(`${ticket} is confirmed`);
    expect(confirmed.code).toBe(0);
    const ended = await run.ended;
    expect(ended.text).toContain(`Released ${ticket}: it was confirmed.`);
    expect(ended.code).toBe(0);
    await stands(h, ticket, 'released');
    expect(h.state(ticket)).toMatchObject({ PHASE: 'confirm', PHASE_STATUS: 'done' });
    expect(await Promise.all([h.head(), h.deployed(), h.httpVersion('alpha')])).toEqual([target, target, version]);
  }, 60_000);

  test('not confirmed: it goes back by itself, once', async () => {
    const h = host();
    const before = await stateOf(h, ['alpha', 'beta']);
    const { ticket } = await next(h);
    const run = await h.run('run', [ticket, '--confirm-within=1s']);
    expect(run.text).toContain(`Reverted ${ticket}`);
    expect(run.code).toBe(6);
    await stands(h, ticket, 'reverted');
    expect(await stateOf(h, ['alpha', 'beta'])).toEqual(before);
    expect(h.log(ticket).filter((e) => e.event === 'reverted')).toHaveLength(1);
  }, 60_000);
});
