// Releases that go well: two of three services with a ticket script, nothing to do, a pull by hand, services that come and go.
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onBoth } from './harness/runtimes.ts';

onBoth('ordinary releases', { later: ['delta'], files: { '.gitignore': '.asd/workspace/\n.env\n*.db\n' } }, (host) => {
  test('two of three services and a ticket script', async () => {
    const h = host();
    const base = await h.head();
    const untouched = await h.containerIds('beta');
    const target = await h.push({
      ...(await h.service('alpha', '2')),
      ...(await h.service('gamma', '2')),
      'releases/T-1-greet.sh': `${h.mark('script-$1-$ASD_TICKET')}echo greeted\n`,
    });
    expect(await Promise.all(['alpha', 'beta', 'gamma'].map(h.httpVersion))).toEqual(['1', '1', '1']);

    const done = await h.run('run', ['T-1']);
    expect(done.text).toContain('Released T-1');
    expect(done.code).toBe(0);

    expect(await Promise.all(['alpha', 'beta', 'gamma'].map(h.httpVersion))).toEqual(['2', '1', '2']);
    expect(await h.containerIds('beta')).toEqual(untouched);
    expect(h.marks()).toEqual(['script---yes-T-1']);
    expect([await h.head(), await h.deployed()]).toEqual([target, target]);
    expect(existsSync(join(h.prod, '.asd/workspace/stage/T-1'))).toBe(false);
    expect(await h.git(h.prod, 'worktree', 'list')).not.toContain('stage');

    expect(h.state('T-1')).toMatchObject({
      SCHEMA: '1',
      TICKET: 'T-1',
      BRANCH: 'main',
      BASE_SHA: base,
      TARGET_SHA: target,
      MERGE_SHA: target,
      PHASE: 'verify',
      PHASE_STATUS: 'done',
      RELEASE_STATUS: 'released',
      SERVICES: 'alpha gamma',
      ADDED: '',
      REMOVED: '',
      BACKUPS: expect.stringMatching(/^(?:(?:alpha|gamma)=\d{8}_\d{6} ?){2}$/),
      TIMESTAMP_VERIFY_DONE: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    });
    expect(h.brokenLine('T-1')).toBe(0);
    const phases = h.log('T-1').filter((each) => each.step === undefined);
    expect(phases.map(({ phase, event }) => `${phase} ${event}`)).toEqual([
      'prepare start',
      'prepare done',
      'migrate start',
      'migrate done',
      'ticket start',
      'ticket done',
      'verify start',
      'verify done',
      'verify released',
    ]);
    const receipt = h.receipt('T-1');
    expect(receipt).toMatchObject({ complete: true, baseSha: base, mergeSha: target });
    expect(Object.keys(receipt?.services ?? {}).toSorted()).toEqual(['alpha', 'gamma']);
    for (const name of ['alpha', 'gamma']) {
      const { before, after, backup } = receipt?.services[name] ?? {};
      expect(before?.length).toBe(1);
      expect(after?.[0]?.id).not.toBe(before?.[0]?.id);
      expect(Object.keys(backup?.sha256 ?? {}).length).toBeGreaterThan(0);
      expect(existsSync(join(h.prod, '.asd/workspace/backups', name, backup?.stamp ?? '', 'RESTORE.txt'))).toBe(true);
    }
    expect(Object.keys(receipt?.scripts ?? {})).toEqual(['releases/T-1-greet.sh']);
  });

  test('nothing to release changes nothing', async () => {
    const h = host();
    const before = await h.fingerprint();
    const nothing = await h.run('run', ['T-2']);
    expect(nothing.code).toBe(5);
    expect(nothing.text).toContain('Nothing to release');
    expect(await h.fingerprint()).toEqual(before);
  });

  test('a commit that concerns no service: the reason is said, and the checkout stays', async () => {
    const h = host();
    const before = await h.fingerprint();
    const target = await h.push({ 'docs/page.md': 'words\n', 'stray.txt': 'whose?\n' });
    const nothing = await h.run('run', ['T-3']);
    expect(nothing.code).toBe(5);
    expect(nothing.text).toContain('stray.txt');
    expect(nothing.text).toContain('--advance-only');
    expect(await h.fingerprint()).toEqual(before);

    expect((await h.run('run', ['T-3', '--advance-only'])).code).toBe(0);
    expect([await h.head(), await h.deployed()]).toEqual([target, target]);
    const after = await h.fingerprint();
    expect(after.running).toBe(before.running ?? '');
  });

  test('an operator pulled by hand: what lies between deployed and target is released', async () => {
    const h = host();
    const base = await h.deployed();
    await h.push(await h.service('alpha', '3'));
    await h.git(h.prod, 'pull', '--quiet', '--ff-only');
    const pulled = await h.head();
    const target = await h.push(await h.service('beta', '3'));
    const done = await h.run('run', ['T-4']);
    expect(done.text).toContain('Released T-4');
    expect(done.code).toBe(0);
    expect(done.text).toContain(`moved by hand from ${base.slice(0, 12)} to ${pulled.slice(0, 12)}`);
    expect(h.state('T-4')).toMatchObject({ BASE_SHA: base, MERGE_SHA: target, SERVICES: 'alpha beta' });
    expect(await Promise.all(['alpha', 'beta', 'gamma'].map(h.httpVersion))).toEqual(['3', '3', '2']);

    const last = await h.push(await h.service('gamma', '4'));
    await h.git(h.prod, 'pull', '--quiet', '--ff-only');
    const whole = await h.run('run', ['T-5']);
    expect(whole.code).toBe(0);
    expect(h.state('T-5')).toMatchObject({ BASE_SHA: target, TARGET_SHA: last, SERVICES: 'gamma' });
    expect(await h.httpVersion('gamma')).toBe('4');
  });

  test('a service is added, one is removed, one leaves by its manifest', async () => {
    const h = host();
    writeFileSync(join(h.prod, 'packages/beta/kept.db'), 'data');
    const volumes = await h.volumes();
    const gone = { manifest: { installation: { status: 'inactive' } } };
    await h.push({
      ...(await h.service('delta', '1')),
      'packages/beta/': null,
      ...(await h.service('gamma', '4', gone)),
    });
    const done = await h.run('run', ['T-6']);
    expect(done.text).toContain('Released T-6');
    expect(done.code).toBe(0);
    expect(await Promise.all(['alpha', 'beta', 'gamma', 'delta'].map(h.httpVersion))).toEqual([
      '3',
      undefined,
      undefined,
      '1',
    ]);
    expect([await h.containerIds('beta'), await h.containerIds('gamma')]).toEqual([[], []]);
    expect(await h.volumes()).toEqual(expect.arrayContaining(volumes));
    expect(readFileSync(join(h.prod, 'packages/beta/kept.db'), 'utf8')).toBe('data');
    expect(h.state('T-6')).toMatchObject({ SERVICES: 'delta', ADDED: 'delta', REMOVED: 'beta gamma' });
    expect(h.state('T-6')?.BACKUPS).toMatch(/^(?:(?:beta|gamma)=\d{8}_\d{6} ?){2}$/);
    const starts = h.log('T-6').filter((each) => each.event === 'step-start' && each.phase === 'migrate');
    expect(
      starts
        .map(({ step, service }) => `${step} ${service}`)
        .slice(0, 3)
        .toSorted(),
    ).toEqual(['down beta', 'down gamma', 'up delta']);
  });
});
