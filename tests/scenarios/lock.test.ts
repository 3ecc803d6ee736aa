// The host's one lock: a second release while one holds it, and what becomes of it when its holder is killed.
import { expect, test } from 'bun:test';
import { shutGate } from './harness/gate.ts';
import { onBoth } from './harness/runtimes.ts';

onBoth('lock', { services: { alpha: {}, beta: {} } }, (host) => {
  test('a second release is refused, and the first one is not harmed', async () => {
    const h = host();
    const gate = shutGate(h.folder, 'first');
    const waits = h.hook('first waits', gate.wait);
    const target = await h.push(await h.service('alpha', '2', { files: { 'scripts/pre_start_init.ts': waits } }));
    const first = h.start('run', ['LOCK-1']);
    await h.event('LOCK-1', { event: 'step-start', step: 'pre-start-init' });
    const before = await h.fingerprint();

    const second = await h.run('run', ['LOCK-2']);
    expect(second.code).toBe(3);
    expect(second.text).toContain(`release LOCK-1: release-run LOCK-1, process ${await first.engine()} of `);
    expect(second.text).toContain('just release-log LOCK-1 --follow');
    expect((await h.run('run', ['LOCK-1'])).code).toBe(3);
    for (const verb of ['abandon', 'accept'] as const)
      expect((await h.run(verb, ['LOCK-1', '--reason=impatient'])).code).toBe(3);
    expect((await h.run('adopt')).code).toBe(3);
    expect(await h.fingerprint()).toEqual(before);
    expect(h.state('LOCK-2')).toBeUndefined();

    const state = await h.run('state', ['LOCK-1']);
    expect(state.code).toBe(0);
    expect(state.text).toContain('LOCK-1: running in migrate, by ');
    expect(state.text).toContain(`(pid ${await first.engine()})`);
    const dry = await h.run('check');
    expect(dry.code).toBe(4);
    expect(dry.text).toContain('LOCK-1 is running in migrate');

    gate.open();
    expect((await first.ended).code).toBe(0);
    expect(h.state('LOCK-1')).toMatchObject({ RELEASE_STATUS: 'released', MERGE_SHA: target });
    expect(h.brokenLine('LOCK-1')).toBe(0);
    expect(await h.httpVersion('alpha')).toBe('2');
    expect((await h.run('run', ['LOCK-2'])).code).toBe(5);
  });

  test('a holder that was killed holds nothing', async () => {
    const h = host();
    const gate = shutGate(h.folder, 'killed');
    const waits = h.hook('killed waits', `Bun.spawn(['sleep', '1000'], { detached: true }).unref();\n${gate.wait}`);
    await h.push(await h.service('beta', '2', { files: { 'scripts/preflight.ts': waits } }));
    const first = h.start('run', ['LOCK-3']);
    await h.event('LOCK-3', { event: 'step-start', step: 'preflight' });
    await first.crash();

    const state = await h.run('state', ['LOCK-3']);
    expect(state.text).toContain('interrupted in prepare: its process is gone without a word');
    gate.open();
    const second = await h.run('run', ['LOCK-4']);
    expect(second.text).toContain('Released LOCK-4');
    expect(second.code).toBe(0);
    expect(await h.httpVersion('beta')).toBe('2');
  });

  test('a log that is followed ends with its release', async () => {
    const h = host();
    const gate = shutGate(h.folder, 'followed');
    const waits = h.hook('followed waits', gate.wait);
    await h.push(await h.service('alpha', '3', { files: { 'scripts/preflight.ts': waits } }));
    const release = h.start('run', ['LOCK-5']);
    await h.event('LOCK-5', { event: 'step-start', step: 'preflight' });
    const follower = h.start('log', ['LOCK-5', '--follow']);
    expect(await Promise.race([follower.ended.then(() => 'ended'), Bun.sleep(600)])).toBeUndefined();
    gate.open();
    expect((await release.ended).code).toBe(0);
    const followed = await follower.ended;
    expect(followed.code).toBe(0);
    const whole = await h.run('log', ['LOCK-5']);
    expect(followed.stdout).toBe(whole.stdout);
    expect(whole.stdout.split('\n').at(-2)).toContain('event=released');
    expect(whole.stdout.split('\n').length - 1).toBe(h.log('LOCK-5').length);
  });

  test('every release of the host is listed', async () => {
    const h = host();
    const list = await h.run('list');
    expect(list.code).toBe(0);
    const rows = list.stdout.trim().split('\n').slice(1);
    expect(rows.map((row) => row.split(/\s+/).slice(1, 4).join(' '))).toEqual([
      'LOCK-1 released verify',
      'LOCK-3 running prepare',
      'LOCK-4 released verify',
      'LOCK-5 released verify',
    ]);
    const json = (await h.run('list', ['--json'])).stdout.trim().split('\n');
    expect(json.map((line) => (JSON.parse(line) as { ticket: string }).ticket)).toEqual([
      'LOCK-1',
      'LOCK-3',
      'LOCK-4',
      'LOCK-5',
    ]);
  });
});
