// Releases of little: a ticket script and no service, the checkout alone, one service whose `.env` changed.
import { expect, test } from 'bun:test';
import { onBoth } from './harness/runtimes.ts';

onBoth('no service changed', { services: { alpha: {}, beta: {} }, env: { ALPHA_MOOD: 'calm' } }, (host, runtime) => {
  test('a ticket script alone is work', async () => {
    const h = host();
    const before = await h.fingerprint();
    const target = await h.push({ 'releases/NONE-1-mend.sh': h.mark('mended $BASE_SHA $MERGE_SHA') });
    const base = await h.head();
    const done = await h.run('run', ['NONE-1']);
    expect(done.text).toContain('Released NONE-1');
    expect(done.code).toBe(0);
    expect(h.marks()).toEqual([`mended ${base} ${target}`]);
    expect(h.state('NONE-1')).toMatchObject({
      RELEASE_STATUS: 'released',
      SERVICES: '',
      BACKUPS: '',
      MERGE_SHA: target,
    });
    expect(await Promise.all([h.head(), h.deployed()])).toEqual([target, target]);
    expect((await h.fingerprint()).running).toBe(before.running ?? '');
  });

  test("a script of another ticket is not this one's", async () => {
    const h = host();
    const before = await h.fingerprint();
    const target = await h.push({ 'releases/OTHER-1-mend.sh': h.mark('never') });
    expect((await h.run('run', ['NONE-2'])).code).toBe(5);
    expect(await h.fingerprint()).toEqual(before);
    expect((await h.run('run', ['NONE-2', '--advance-only'])).code).toBe(0);
    expect(h.marks().includes('never')).toBe(false);
    expect(await Promise.all([h.head(), h.deployed()])).toEqual([target, target]);
  });

  test('--advance-only moves nothing where a service changed', async () => {
    const h = host();
    const before = await h.fingerprint();
    await h.push(await h.service('beta', '2'));
    const refused = await h.run('run', ['NONE-3', '--advance-only']);
    expect(refused.code).toBe(4);
    expect(refused.text).toContain('beta');
    expect(await h.fingerprint()).toEqual(before);
    expect((await h.run('run', ['NONE-3'])).code).toBe(0);
  });

  test('a changed variable is named, and released where its service is', async () => {
    const h = host();
    expect((await h.run('run', ['NONE-4'])).code).toBe(5);
    h.setEnv({ ALPHA_MOOD: 'excited-indeed' });
    const ids = await Promise.all(['alpha', 'beta'].map(h.containerIds));
    await h.push(await h.service('beta', '3'));
    const check = await h.run('check');
    expect(check.code).toBe(0);
    expect(check.text).toMatch(/Notice: \.env: ALPHA_MOOD changed since the last release of alpha.*--services=alpha/);
    expect(check.text).not.toContain('excited-indeed');
    expect((await h.run('run', ['NONE-4'])).code).toBe(0);
    expect(await h.containerIds('alpha')).toEqual(ids[0] ?? []);

    const done = await h.run('run', ['NONE-5', '--services=alpha']);
    expect(done.text).toContain('asked for by --services');
    expect(done.text).toContain('ALPHA_MOOD');
    expect(done.text).toContain('Released NONE-5');
    expect(done.code).toBe(0);
    expect(h.state('NONE-5')).toMatchObject({ SERVICES: 'alpha' });
    expect(await h.containerIds('alpha')).not.toEqual(ids[0] ?? []);
    expect((await h.run('check', [])).text).not.toContain('ALPHA_MOOD');
    if (runtime === 'compose') {
      const [id = ''] = await h.containerIds('alpha');
      expect((await h.docker?.('inspect', '--format', '{{.Config.Env}}', id))?.stdout).toContain('MOOD=excited-indeed');
    }
    for (const services of ['gamma', '-x', '../alpha', 'alpha;beta']) {
      const bad = await h.run('run', ['NONE-6', `--services=${services}`]);
      expect([2, 4]).toContain(bad.code);
      expect(bad.text).toContain(services);
    }
  });
});
