// Runs that are not a whole release from the beginning: one phase alone, a verification that was skipped, a ticket that is begun again.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { runCommand } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

onBoth(
  'odd runs',
  { services: { alpha: { manifest: { health: { endpoint: '/health', timeout: '1s', stable_for: '0s' } } }, beta: {} } },
  (host) => {
    const phase = (name: string, ...args: string[]) => {
      const h = host();
      return runCommand([join(h.engine, 'scripts/launch'), `release/${name}`, ...args], h.prod, h.env);
    };

    test('prepare alone halts where it ends; the phases by themselves make a release of it', async () => {
      const h = host();
      const base = await h.head();
      await h.push(await h.service('alpha', '2'));
      expect((await phase('prepare', 'P-1')).code).toBe(0);
      expect(h.state('P-1')).toMatchObject({
        PHASE: 'prepare',
        PHASE_STATUS: 'done',
        RELEASE_STATUS: 'halted',
        BASE_SHA: base,
      });
      expect(await h.httpVersion('alpha')).toBe('1');
      expect((await h.run('state', ['P-1'])).text).not.toContain('--from=prepare');

      const early = await phase('verify', 'P-1');
      expect([early.code, early.text]).toEqual([4, expect.stringContaining('--from=verify needs migrate to be done')]);
      expect(h.state('P-1')).toMatchObject({ PHASE: 'prepare', PHASE_STATUS: 'done', RELEASE_STATUS: 'halted' });

      for (const name of ['migrate', 'ticket']) expect((await phase(name, 'P-1')).code).toBe(0);
      expect([await h.httpVersion('alpha'), h.state('P-1')?.RELEASE_STATUS, await h.deployed()]).toEqual([
        '2',
        'halted',
        base,
      ]);
      expect((await phase('verify', 'P-1')).code).toBe(0);
      expect([h.state('P-1')?.RELEASE_STATUS, await h.deployed()]).toEqual(['released', await h.head()]);
    });

    test('a prepare that is gone on with is still the same release', async () => {
      const h = host();
      const base = await h.head();
      const hook =
        "if (process.env.LICENCE !== 'paid') { console.error('no licence'); process.exit(3); }\nexport {};\n";
      const target = await h.push(await h.service('alpha', '3', { files: { 'scripts/preflight.ts': hook } }));
      const halted = await h.run('run', ['P-2']);
      expect([halted.code, halted.text]).toEqual([1, expect.stringContaining('| no licence')]);
      h.setEnv({ LICENCE: 'due' });
      for (const code of [1, 1])
        expect((await h.run('run', ['P-2', '--resume', '--accept-drift', '--reason=licence'])).code).toBe(code);
      expect(h.state('P-2')).toMatchObject({
        BASE_SHA: base,
        TARGET_SHA: target,
        SERVICES: 'alpha',
        BRANCH: 'main',
        RELEASE_STATUS: 'halted',
      });
      h.setEnv({ LICENCE: 'paid' });
      expect((await h.run('run', ['P-2', '--resume', '--accept-drift', '--reason=licence'])).code).toBe(0);
      expect(h.state('P-2')).toMatchObject({
        BASE_SHA: base,
        MERGE_SHA: target,
        SERVICES: 'alpha',
        RELEASE_STATUS: 'released',
      });
      expect(h.log('P-2').filter((e) => e.event === 'start' && e.phase === 'prepare')).toHaveLength(1);
    });

    test('a verification that was skipped is made by --resume, and not before is it released', async () => {
      const h = host();
      const base = await h.deployed();
      await h.push(await h.service('beta', '2'));
      const skipped = await h.run('run', ['P-3', '--skip-verify', '--reason=in a hurry']);
      expect([skipped.code, h.state('P-3')?.RELEASE_STATUS, await h.deployed()]).toEqual([8, 'unverified', base]);
      expect((await h.run('run', ['P-3', '--resume'])).code).toBe(0);
      expect([h.state('P-3')?.RELEASE_STATUS, await h.deployed()]).toEqual(['released', await h.head()]);
      expect(h.log('P-3').some((e) => e.event === 'step-done' && e.step === 'health')).toBe(true);
    });

    test('without prepare, a service that left is taken down all the same', async () => {
      const h = host();
      await h.push({ 'packages/beta/': null });
      await h.git(h.prod, 'pull', '--quiet');
      const done = await h.run('run', ['P-4', '--skip-prepare', '--reason=pulled by hand']);
      expect([done.code, await h.httpVersion('beta')]).toEqual([0, undefined]);
    });

    test('with --json the end of a failed release is one event with what failed and what to type', async () => {
      const h = host();
      await h.push(await h.service('alpha', 'sick'));
      const { code, stdout } = await h.run('run', ['P-5', '--json']);
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(code).toBe(1);
      expect(events.at(-1)).toMatchObject({
        event: 'error',
        kind: 'step-failed',
        exit: 1,
        where: 'service alpha, phase migrate, step healthy',
        next: expect.arrayContaining([expect.objectContaining({ command: 'just release-run P-5 --resume' })]),
      });
      expect(events.filter((e) => e.event === 'error')).toHaveLength(1);
    });

    test('an abandoned ticket that is begun again goes back to where its first run began', async () => {
      const h = host();
      const first = h.state('P-5');
      expect((await h.run('abandon', ['P-5', '--reason=again'])).code).toBe(0);
      await h.push(await h.service('alpha', '6'));
      expect((await h.run('run', ['P-5'])).code).toBe(0);
      expect(h.state('P-5')).toMatchObject({
        BASE_SHA: first?.BASE_SHA ?? '',
        BACKUPS: first?.BACKUPS ?? '',
        RELEASE_STATUS: 'released',
      });
      expect(h.receipt('P-5')?.services.alpha?.backup?.stamp).toBe((first?.BACKUPS ?? '').split('=')[1] ?? '');
    });
  },
  ['pm2'],
);
