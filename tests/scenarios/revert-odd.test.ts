// Reverts that are not a plain release taken back: by itself, of services that came and went, by pull request, of hotfixes and successors.
import { expect, test } from 'bun:test';
import { seed, stateOf, use, withData } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

const ALL = ['alpha', 'beta'];
const options = (runtime: string) => ({ services: { alpha: withData(runtime, 'alpha'), beta: {} } });

onBoth(
  'revert by itself',
  (runtime) => ({ ...options(runtime), config: { revert: { max_loss: '30m' } } }),
  (host) => {
    const impatient = { manifest: { health: { endpoint: '/health', timeout: '1s', stable_for: '0s' } } };

    test('--auto-revert: the host is as before, exit 6, both stories are in the log', async () => {
      const h = host();
      await seed(h, 'alpha');
      const before = await stateOf(h, ALL);
      const beta = await h.containerIds('beta');
      await h.push(await h.service('alpha', 'sick-1', impatient));
      const done = await h.run('run', ['A-1', '--auto-revert']);
      expect(done.text).toContain('alpha is not healthy');
      expect(done.text).toContain('Reverted A-1');
      expect(done.code).toBe(6);
      expect(await stateOf(h, ALL)).toEqual(before);
      expect(await h.containerIds('beta')).toEqual(beta);
      expect(h.state('A-1')).toMatchObject({ RELEASE_STATUS: 'reverted', PUSH: 'done' });
      expect(
        h
          .log('A-1')
          .filter((e) => ['failed', 'reverted'].includes(e.event))
          .map((e) => e.phase),
      ).toEqual(['migrate', 'revert']);
    });

    test('before its Advance a failure only halts; where it cannot go back, it is in doubt with 7', async () => {
      const h = host();
      await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
      const hook = (text: string) => ({ ...impatient, files: { 'scripts/preflight.ts': text } });
      await h.push(await h.service('alpha', 'sick-2', hook('process.exit(1);\n')));
      expect((await h.run('run', ['A-2', '--auto-revert'])).code).toBe(1);
      expect(h.state('A-2')).toMatchObject({ PHASE: 'prepare', RELEASE_STATUS: 'halted' });

      const lossy = { '.asd/release.yaml': 'branch: main\non_failure: revert\nrevert: { max_loss: 1s }\n' };
      await h.push({
        ...(await h.service('beta', '2')),
        'packages/alpha/scripts/': null,
        ...(await h.service('alpha', '1')),
        ...lossy,
      });
      expect((await h.run('run', ['A-3'])).text).toContain('Released A-3');
      const before = await stateOf(h, ALL);
      await h.push(
        await h.service('alpha', 'sick-3', {
          manifest: { health: { endpoint: '/health', timeout: '2s', stable_for: '0s' } },
        }),
      );
      const doubt = await h.run('run', ['A-4']);
      expect(doubt.code).toBe(7);
      expect(doubt.text).toContain('More would be lost than revert.max_loss allows (1.0 s)');
      expect(doubt.text).toContain('just release-revert A-4 --accept-loss');
      expect(h.state('A-4')).toMatchObject({ PHASE: 'revert', RELEASE_STATUS: 'in-doubt' });
      expect(
        h
          .log('A-4')
          .filter((e) => e.event === 'failed')
          .map((e) => e.phase),
      ).toEqual(['migrate', 'revert']);
      expect((await h.run('revert', ['A-4'])).code).toBe(4);
      const done = await h.run('revert', ['A-4', '--accept-loss']);
      expect(done.text).toContain('Reverted A-4');
      expect(done.code).toBe(0);
      expect(await stateOf(h, ALL)).toEqual(before);
    });
  },
);

onBoth(
  'revert of what came and went',
  (runtime) => ({ ...options(runtime), later: ['delta'] }),
  (host, runtime) => {
    test('an added service goes, a removed one comes back with its data', async () => {
      const h = host();
      await seed(h, 'alpha');
      const before = await stateOf(h, ALL);
      await h.push({ ...(await h.service('delta', '1')), 'packages/alpha/': null });
      const released = await h.run('run', ['C-1']);
      expect(released.text).toContain('Released C-1');
      expect(await Promise.all(['alpha', 'delta'].map(h.httpVersion))).toEqual([undefined, '1']);
      const beta = await h.containerIds('beta');
      const done = await h.run('revert', ['C-1']);
      expect(done.text).toContain('delta was added by the release and goes');
      expect(done.code).toBe(0);
      expect(await stateOf(h, ALL)).toEqual(before);
      expect(await h.instances('delta')).toEqual([]);
      expect(await h.containerIds('beta')).toEqual(beta);
      if (runtime === 'compose') expect((await h.volumes()).length).toBe(3);
    });
  },
);

onBoth(
  'revert by pull request',
  { services: { alpha: {}, beta: {} }, config: { revert: { push: 'branch' } } },
  (host) => {
    test('push: branch leaves main alone; push: none commits nothing', async () => {
      const h = host();
      const before = await stateOf(h, ALL);
      const target = await h.push(await h.service('alpha', '2'));
      expect((await h.run('run', ['B-1'])).code).toBe(0);
      const done = await h.run('revert', ['B-1']);
      expect(done.code).toBe(0);
      expect(done.text).toContain('asd-revert/B-1');
      expect(await stateOf(h, ALL)).toEqual(before);
      expect(h.state('B-1')).toMatchObject({ RELEASE_STATUS: 'reverted', PUSH: 'branch' });
      expect(await h.git(h.origin, 'rev-parse', 'main')).toBe(target);
      // Merged as a squash: the next release knows it.
      await h.git(h.dev, 'fetch', '--quiet', 'origin', 'asd-revert/B-1');
      await h.git(h.dev, 'merge', '--quiet', '--squash', 'FETCH_HEAD');
      await h.push({}, 'Undo (#1)');
      await h.push({
        ...(await h.service('beta', '2')),
        '.asd/release.yaml': 'branch: main\nrevert: { push: none }\n',
      });
      const next = await h.run('run', ['B-2']);
      expect(next.text).toContain('Released B-2');
      const none = await h.run('revert', ['B-2']);
      expect(none.code).toBe(0);
      expect(none.text).toContain('revert.push: none');
      expect(h.state('B-2')).toMatchObject({ PUSH: 'none' });
    });
  },
);

onBoth('revert without a way to push', { services: { alpha: {}, beta: {} } }, (host) => {
  /** As a deploy key that may only read: the remote ends the talk before it says what it has. */
  const closed = "sh -c 'echo ERROR: this key may not write >&2; exit 1'";
  const receiver = (h: ReturnType<typeof host>, ...words: string[]) =>
    h.git(h.prod, 'config', ...words.slice(0, 1), 'remote.origin.receivepack', ...words.slice(1));

  test('prepare finds it and plans push: none; the revert puts back, says how to push, and is recognised once it is there', async () => {
    const h = host();
    const before = await stateOf(h, ALL);
    const target = await h.push(await h.service('alpha', '2'));
    await receiver(h, '--replace-all', closed);
    const looked = await h.fingerprint();
    for (const look of [await h.run('check'), await h.run('run', ['W-1', '--dry-run'])]) {
      expect(look.code).toBe(0);
      expect(look.text).toContain('push: none');
      expect(look.text).toContain('could not be pushed to main');
    }
    expect(await h.fingerprint()).toEqual(looked);
    const ran = await h.run('run', ['W-1']);
    expect(ran.text).toContain('push: none');
    expect(ran.text).toContain('Released W-1');
    expect(ran.code).toBe(0);
    const done = await h.run('revert', ['W-1']);
    expect(done.text).toContain('push: none, as planned');
    expect(done.text).toContain('git push origin revert-W-1');
    expect(done.code).toBe(0);
    expect(h.state('W-1')).toMatchObject({ RELEASE_STATUS: 'reverted', PUSH: 'none' });
    expect(await stateOf(h, ALL)).toEqual(before);
    expect(await h.git(h.origin, 'rev-parse', 'main')).toBe(target);

    // Typed as printed, where it can be pushed; then it is merged.
    const from = done.text.indexOf('  git switch -c revert-W-1');
    const commands = done.text.slice(from, done.text.indexOf('\n', done.text.indexOf('git push origin revert-W-1')));
    await h.git(h.dev, 'config', 'user.name', 'Developer');
    await h.git(h.dev, 'config', 'user.email', 'developer@example.org');
    await h.git(h.dev, 'fetch', '--quiet', 'origin');
    const typed = Bun.spawnSync(['bash', '-euc', commands], { cwd: h.dev, env: h.env });
    expect(typed.stderr.toString()).toContain('revert-W-1');
    expect(typed.exitCode).toBe(0);
    await h.git(h.dev, 'push', '--quiet', 'origin', 'revert-W-1:main');
    await h.git(h.dev, 'switch', '--quiet', 'main');
    await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
    await h.push(await h.service('beta', '2'));
    const next = await h.run('run', ['W-2']);
    expect(next.text).toContain('Released W-2');
    expect(await Promise.all(['alpha', 'beta'].map(h.httpVersion))).toEqual(['1', '2']);
  });

  test('access that came since prepare is used', async () => {
    const h = host();
    await h.push(await h.service('beta', '3'));
    expect((await h.run('run', ['W-3'])).text).toContain('push: none');
    await receiver(h, '--unset-all');
    const done = await h.run('revert', ['W-3']);
    expect(done.code).toBe(0);
    expect(h.state('W-3')).toMatchObject({ RELEASE_STATUS: 'reverted', PUSH: 'done' });
    expect(await h.git(h.origin, 'log', '-1', '--format=%s', 'main')).toContain('Revert');
  });
});

onBoth(
  'revert of a hotfix, and of a successor',
  (runtime) => ({ ...options(runtime), config: { revert: { max_loss: '1s' } } }),
  (host) => {
    test('a hotfix: back on main, nothing is committed or pushed; what is too much to lose is lost only where it is accepted', async () => {
      const h = host();
      await seed(h, 'alpha');
      const before = await stateOf(h, ALL);
      await h.git(h.dev, 'checkout', '--quiet', '-b', 'hotfix/one');
      const target = await h.push(await h.service('alpha', '2'), 'fix', 'hotfix/one');
      await h.git(h.dev, 'checkout', '--quiet', 'main');
      expect((await h.run('run', ['X-1', 'hotfix/one', '--force-allow-non-main'])).text).toContain('Released X-1');
      await use(h, 'alpha');
      await Bun.sleep(1_200);
      const looked = await h.fingerprint();
      const refused = await h.run('revert', ['X-1']);
      expect(refused.code).toBe(4);
      expect(refused.text).toContain('More would be lost than revert.max_loss allows');
      if (h.runtime === 'pm2') expect(refused.text).toContain('notes: 5 then, 7 now');
      expect(refused.text).toContain('--accept-loss');
      expect(await h.fingerprint()).toEqual(looked);
      const done = await h.run('revert', ['X-1', '--accept-loss']);
      expect(done.text).toContain('Nothing was committed or pushed');
      expect(done.code).toBe(0);
      expect(await stateOf(h, ALL)).toEqual(before);
      expect(h.state('X-1')).toMatchObject({ RELEASE_STATUS: 'reverted', PUSH: 'none' });
      expect(await h.git(h.origin, 'rev-parse', 'hotfix/one')).toBe(target);
      expect(await h.git(h.origin, 'log', '--format=%s', 'main')).not.toContain('Revert');
    });

    test('a successor goes back to before the release that it took over, although it halted early itself', async () => {
      const h = host();
      const before = await stateOf(h, ALL);
      const impatient = { manifest: { health: { endpoint: '/health', timeout: '1s', stable_for: '0s' } } };
      await h.push(await h.service('alpha', 'sick-1', impatient));
      expect((await h.run('run', ['Y-1'])).code).toBe(1);
      const hook = { files: { 'scripts/pre_start_init.ts': 'process.exit(3);\n' } };
      await h.push({ ...(await h.service('alpha', 'sick-1', impatient)), ...(await h.service('beta', '2', hook)) });
      expect((await h.run('run', ['Y-2', '--supersedes=Y-1', '--reason=mend'])).code).toBe(1);
      const done = await h.run('revert', ['Y-2', '--accept-loss']);
      expect(done.text).toContain('Reverted Y-2');
      expect(done.code).toBe(0);
      expect(await stateOf(h, ALL)).toEqual(before);
    });
  },
);
