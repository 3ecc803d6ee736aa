// Phases left out on purpose, with a reason, and phases run one by one.
import { expect, test } from 'bun:test';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

const LAUNCH = join(realpathSync(join(import.meta.dir, '..', '..')), 'scripts', 'launch');

onBoth('skipped', { services: { alpha: {}, beta: {} } }, (host) => {
  test('without verify it is unverified, until somebody takes it on their word', async () => {
    const h = host();
    const base = await h.deployed();
    const target = await h.push(await h.service('alpha', '2'));
    for (const phase of ['prepare', 'migrate', 'ticket', 'verify'])
      expect((await h.run('run', ['SKIP-1', `--skip-${phase}`])).code).toBe(2);
    expect((await h.run('run', ['SKIP-1', '--skip-verify', '--reason= '])).code).toBe(2);
    expect(h.state('SKIP-1')).toBeUndefined();
    expect((await h.run('accept', ['SKIP-1', '--reason=x'])).code).toBe(4);

    const skipped = await h.run('run', ['SKIP-1', '--skip-verify', '--reason=the probe is broken']);
    expect(skipped.code).toBe(8);
    expect(skipped.text).toContain("just release-accept SKIP-1 --reason='...'");
    expect(h.state('SKIP-1')).toMatchObject({ RELEASE_STATUS: 'unverified', MERGE_SHA: target });
    expect(h.log('SKIP-1').find(({ event }) => event === 'skipped')).toMatchObject({
      phase: 'verify',
      fields: { reason: 'the probe is broken', by: expect.stringMatching(/./) },
    });
    expect(await h.httpVersion('alpha')).toBe('2');
    expect(await h.deployed()).toBe(base);
    expect((await h.run('state', ['SKIP-1'])).text).toContain('unverified');
    expect((await h.run('run', ['SKIP-0'])).code).toBe(4);

    expect((await h.run('accept', ['SKIP-1'])).code).toBe(2);
    const accepted = await h.run('accept', ['SKIP-1', '--reason=looked at it']);
    expect(accepted.code).toBe(0);
    expect(h.state('SKIP-1')?.RELEASE_STATUS).toBe('released');
    expect(h.log('SKIP-1').at(-1)).toMatchObject({ event: 'accepted', fields: { reason: 'looked at it' } });
    expect(h.brokenLine('SKIP-1')).toBe(0);
    expect(await h.deployed()).toBe(target);
    expect((await h.run('accept', ['SKIP-1', '--reason=again'])).code).toBe(4);
  });

  test('without migrate nothing is started; without the ticket phase no script runs', async () => {
    const h = host();
    const ids = await h.containerIds('beta');
    await h.push({ ...(await h.service('beta', '2')), 'releases/SKIP-2-data.sh': h.mark('never') });
    const skipped = await h.run('run', [
      'SKIP-2',
      '--skip-migrate',
      '--skip-ticket',
      '--skip-verify',
      '--reason=only to stage it',
    ]);
    expect(skipped.code).toBe(8);
    expect(await h.containerIds('beta')).toEqual(ids);
    expect(h.marks()).toEqual([]);
    const audited = h.log('SKIP-2').filter(({ event }) => event === 'skipped');
    expect(audited.map(({ phase, fields }) => `${phase} ${fields.reason}`)).toEqual([
      'migrate only to stage it',
      'ticket only to stage it',
      'verify only to stage it',
    ]);
    // What runs is not what was prepared: verify says so, and the way on is the phase that was left out. The other one stays so.
    const wrong = await h.run('run', ['SKIP-2', '--from=verify']);
    expect(wrong.code).toBe(1);
    expect(wrong.text).toContain('The wrong version of beta runs');
    const right = await h.run('run', ['SKIP-2', '--from=migrate']);
    expect(right.text).toContain('Released SKIP-2');
    expect(right.code).toBe(0);
    expect(h.marks()).toEqual([]);
    expect(await h.httpVersion('beta')).toBe('2');
  });

  test('without prepare the checkout is released as it stands', async () => {
    const h = host();
    const target = await h.push(await h.service('alpha', '3'));
    await h.git(h.prod, 'pull', '--quiet', '--ff-only');
    await h.push(await h.service('beta', '3'));
    const done = await h.run('run', ['SKIP-3', '--skip-prepare', '--reason=no time for a backup']);
    expect(done.text).toContain('Released SKIP-3');
    expect(done.code).toBe(0);
    expect(h.state('SKIP-3')).toMatchObject({ SERVICES: 'alpha', MERGE_SHA: target, BACKUPS: '' });
    expect(h.log('SKIP-3').find(({ event }) => event === 'skipped')).toMatchObject({
      phase: 'prepare',
      fields: { reason: 'no time for a backup' },
    });
    expect(await Promise.all([h.head(), h.deployed()])).toEqual([target, target]);
    expect(await Promise.all(['alpha', 'beta'].map(h.httpVersion))).toEqual(['3', '2']);
    expect((await h.run('run', ['SKIP-4'])).code).toBe(0);
  });

  test('phases one by one', async () => {
    const h = host();
    const before = await Promise.all(['alpha', 'beta'].map(h.httpVersion));
    const base = await h.deployed();
    const target = await h.push({ ...(await h.service('alpha', '4')), 'releases/STEP-1-data.sh': h.mark('script') });
    const earlier = h.marks().length;
    const launch = (phase: string, ...args: string[]) =>
      runCommand([LAUNCH, `release/${phase}`, 'STEP-1', ...args], h.prod, h.env);
    for (const later of ['migrate', 'ticket', 'verify']) expect((await launch(later)).code).toBe(4);
    expect((await launch('prepare', '--resume')).code).toBe(2);
    const status = () => [h.state('STEP-1')?.PHASE, h.state('STEP-1')?.PHASE_STATUS, h.state('STEP-1')?.RELEASE_STATUS];

    const prepared = await launch('prepare');
    expect([prepared.code, ...status()]).toEqual([0, 'prepare', 'done', 'halted']);
    expect(prepared.text).toContain('What comes next:');
    expect(await h.head()).toBe(target);
    expect(await Promise.all(['alpha', 'beta'].map(h.httpVersion))).toEqual(before);
    expect((await launch('ticket')).code).not.toBe(0);
    expect(h.marks().length).toBe(earlier);

    expect([(await launch('migrate')).code, ...status()]).toEqual([0, 'migrate', 'done', 'halted']);
    expect(await h.httpVersion('alpha')).toBe('4');
    expect([(await launch('ticket')).code, ...status()]).toEqual([0, 'ticket', 'done', 'halted']);
    expect(h.marks().slice(earlier)).toEqual(['script']);
    expect(await h.deployed()).toBe(base);
    const verified = await launch('verify');
    expect(verified.text).toContain('Released STEP-1');
    expect([verified.code, ...status()]).toEqual([0, 'verify', 'done', 'released']);
    expect(await h.deployed()).toBe(target);
    expect(h.brokenLine('STEP-1')).toBe(0);
  });
});
