// A release halts after its Advance: other tickets are refused, a fix takes over from it, or the next one does after it was given up.
import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioHost } from './harness/host.ts';
import { onBoth } from './harness/runtimes.ts';

const SICK = { manifest: { health: { endpoint: '/health', timeout: '300ms', stable_for: '0s' } } };

/** alpha is released and well, beta is not: the ticket halts in migrate. */
async function halted(h: ScenarioHost, ticket: string, version: string) {
  const before = { base: await h.deployed(), ids: await images(h) };
  const target = await h.push({
    ...(await h.service('alpha', version)),
    ...(await h.service('beta', `sick-${version}`, SICK)),
    [`releases/${ticket}-data.sh`]: h.mark(`script-${ticket}`),
  });
  const { code, text } = await h.run('run', [ticket]);
  expect(text).toContain('beta is not healthy');
  expect(code).toBe(1);
  expect(h.state(ticket)).toMatchObject({ PHASE: 'migrate', RELEASE_STATUS: 'halted', MERGE_SHA: target });
  return { ...before, target, text, backups: h.state(ticket)?.BACKUPS ?? '' };
}

const images = async (h: ScenarioHost): Promise<Record<string, string[]>> =>
  Object.fromEntries(
    await Promise.all(
      ['alpha', 'beta', 'gamma'].map(
        async (name) => [name, (await h.instances(name)).map(({ image }) => image)] as const,
      ),
    ),
  );

const first = (entries: Array<{ id: string }> | undefined) => entries?.map(({ id }) => id.replace(/^tree:/, ''));

onBoth('after a halt', {}, (host, runtime) => {
  test('another ticket is refused with what can be typed', async () => {
    const h = host();
    const { text } = await halted(h, 'HALT-1', '2');
    const commands = [
      'just release-run HALT-1 --resume',
      'just release-run NEW-TICKET --supersedes=HALT-1 --reason=',
      'just release-abandon HALT-1 --reason=',
    ];
    for (const command of commands) expect(text).toContain(command);
    await h.push(await h.service('gamma', '2'));
    const before = await h.fingerprint();
    const other = await h.run('run', ['HALT-2']);
    expect(other.code).toBe(4);
    expect(other.text).toContain('HALT-1 is halted in migrate, and the checkout stands on its commit');
    for (const command of commands) expect(other.text).toContain(command);
    expect((await h.run('run', ['HALT-2', '--supersedes=HALT-1'])).code).toBe(2);
    expect((await h.run('run', ['HALT-2', '--supersedes=HALT-0', '--reason=wrong one'])).code).toBe(4);
    expect((await h.run('run', ['HALT-1'])).code).toBe(4);
    expect((await h.run('adopt')).code).toBe(4);
    expect((await h.run('abandon', ['HALT-1'])).code).toBe(2);
    expect(h.state('HALT-2')).toBeUndefined();
    expect(await h.fingerprint()).toEqual(before);
  });

  test('a fix supersedes it, and begins where it began', async () => {
    const h = host();
    const old = { state: h.state('HALT-1'), receipt: h.receipt('HALT-1') };
    const target = await h.push(await h.service('beta', '2'));
    const fix = await h.run('run', ['HALT-3', '--supersedes=HALT-1', '--reason=beta was sick']);
    expect(fix.text).toContain('taken over from HALT-1');
    expect(fix.text).toContain('Released HALT-3');
    expect(fix.code).toBe(0);

    expect(await Promise.all(['alpha', 'beta', 'gamma'].map(h.httpVersion))).toEqual(['2', '2', '2']);
    expect(await Promise.all([h.head(), h.deployed()])).toEqual([target, target]);
    expect(h.state('HALT-1')).toMatchObject({ RELEASE_STATUS: 'abandoned', MERGE_SHA: old.state?.MERGE_SHA ?? '' });
    expect(h.log('HALT-1').at(-1)).toMatchObject({
      event: 'superseded',
      fields: { successor: 'HALT-3', reason: 'beta was sick' },
    });
    const state = h.state('HALT-3');
    expect(state).toMatchObject({
      RELEASE_STATUS: 'released',
      BASE_SHA: old.state?.BASE_SHA ?? '',
      MERGE_SHA: target,
      SERVICES: 'alpha beta gamma',
    });
    const inherited = (old.state?.BACKUPS ?? '').split(' ');
    expect(inherited.length).toBe(2);
    for (const backup of inherited) expect(state?.BACKUPS).toContain(backup);
    const receipt = h.receipt('HALT-3');
    for (const name of ['alpha', 'beta']) {
      const [then, now] = [old.receipt?.services[name], receipt?.services[name]];
      expect(first(now?.before)).toEqual(first(then?.before));
      expect(now?.kept).toEqual(then?.kept);
      expect(now?.backup).toEqual(then?.backup);
      expect(now?.after).toBeDefined();
    }
    expect([h.brokenLine('HALT-1'), h.brokenLine('HALT-3')]).toEqual([0, 0]);
    // A script belongs to its ticket: it did not run in HALT-1, and is none of HALT-3's.
    expect(h.marks()).toEqual([]);

    const late = await h.run('run', ['HALT-1', '--resume']);
    expect(late.code).toBe(4);
    expect(late.text).toContain('HALT-1 is abandoned');
  });

  test('a mend of the mend that halts, too, begins where the first one began', async () => {
    const h = host();
    const one = await halted(h, 'HALT-4', '3');
    await h.push(await h.service('beta', 'sick-4', SICK));
    const two = await h.run('run', ['HALT-5', '--supersedes=HALT-4', '--reason=first try']);
    expect(two.code).toBe(1);
    expect(h.state('HALT-5')).toMatchObject({ RELEASE_STATUS: 'halted', BASE_SHA: one.base });
    expect(h.state('HALT-4')?.RELEASE_STATUS).toBe('abandoned');
    await h.push(await h.service('beta', '4'));
    const three = await h.run('run', ['HALT-6', '--supersedes=HALT-5', '--reason=second try']);
    expect(three.text).toContain('Released HALT-6');
    expect(three.code).toBe(0);
    expect(h.state('HALT-6')).toMatchObject({ BASE_SHA: one.base, SERVICES: 'alpha beta' });
    for (const backup of one.backups.split(' ')) expect(h.state('HALT-6')?.BACKUPS).toContain(backup);
    expect(first(h.receipt('HALT-6')?.services.beta?.before)).toEqual(one.ids.beta);
    if (runtime === 'compose') {
      const [kept] = h.receipt('HALT-6')?.services.beta?.kept ?? [];
      expect(kept?.id).toBe(one.ids.beta?.[0] ?? '');
      expect((await h.docker?.('image', 'inspect', '--format', '{{.Id}}', kept?.ref ?? ''))?.stdout.trim()).toBe(
        kept?.id ?? '',
      );
    }
  });

  test('given up, and the next release takes over', async () => {
    const h = host();
    const one = await halted(h, 'HALT-7', '5');
    const given = await h.run('abandon', ['HALT-7', '--reason=not today']);
    expect(given.code).toBe(0);
    expect(h.state('HALT-7')?.RELEASE_STATUS).toBe('abandoned');
    expect(h.log('HALT-7').at(-1)).toMatchObject({ event: 'abandoned', fields: { reason: 'not today' } });
    expect(await h.deployed()).toBe(one.base);
    expect((await h.run('abandon', ['HALT-7', '--reason=again'])).code).toBe(4);

    const target = await h.push({ ...(await h.service('gamma', '5')), ...(await h.service('beta', '5')) });
    const next = await h.run('run', ['HALT-8']);
    expect(next.text).toContain('taken over from HALT-7');
    expect(next.text).toContain('Released HALT-8');
    expect(next.code).toBe(0);
    expect(h.state('HALT-8')).toMatchObject({ BASE_SHA: one.base, MERGE_SHA: target, SERVICES: 'alpha beta gamma' });
    for (const backup of one.backups.split(' ')) expect(h.state('HALT-8')?.BACKUPS).toContain(backup);
    expect(first(h.receipt('HALT-8')?.services.beta?.before)).toEqual(one.ids.beta);
    expect(await Promise.all(['alpha', 'beta', 'gamma'].map(h.httpVersion))).toEqual(['5', '5', '5']);

    await h.push(await h.service('gamma', '6'));
    expect((await h.run('run', ['HALT-9'])).code).toBe(0);
    expect(h.state('HALT-9')).toMatchObject({ BASE_SHA: target, SERVICES: 'gamma' });
    expect(existsSync(join(h.prod, '.asd/workspace/stage/HALT-9'))).toBe(false);
  });
});
