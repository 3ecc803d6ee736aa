// Releases that halt after the services were started anew, and the ways on: a mended .env, a mended script, the right image back.
import { expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Files, RuntimeName } from './harness/kind.ts';
import { onBoth } from './harness/runtimes.ts';

/**
 * alpha without a file of settings ends with 3: at once under Compose, which has started it by then; at the first look at its health under pm2, whose
 * start waits until it is online. Neither runtime tries again.
 */
function needy(files: Files, runtime: RuntimeName, shared: string): Files {
  const words = 'nobody gave me my settings';
  const at = (name: string) => `packages/alpha/${name}`;
  const text = (name: string) => files[at(name)] ?? '';
  if (runtime === 'compose') {
    const command = `[sh, -c, 'test -e /shared/settings || { echo ${words} >&2; exit 3; }; exec sh /start.sh']`;
    const mounts = `volumes: [files:/files, "${shared}:/shared"]\n    command: ${command}`;
    const changed = text('docker-compose.yaml').replace('volumes: [files:/files]', mounts);
    return { ...files, [at('docker-compose.yaml')]: changed };
  }
  const server = `import { existsSync } from 'node:fs';
const end = () => {
  console.error('${words}');
  setTimeout(() => process.exit(3), 20);
  return new Response('no', { status: 503 });
};
if (existsSync('${shared}/settings')) await import('./page.ts');
else Bun.serve({ hostname: '127.0.0.1', port: Number(process.env.ALPHA_PORT), fetch: end });
`;
  const impatient = text('ecosystem.config.cjs').replace('kill_timeout: 3000', "$&, max_restarts: 1, min_uptime: '1h'");
  return {
    ...files,
    [at('server.ts')]: server,
    [at('page.ts')]: text('server.ts'),
    [at('ecosystem.config.cjs')]: impatient,
  };
}

onBoth('halted', { services: { alpha: {}, beta: {} } }, (host, runtime) => {
  test('unhealthy after the recreate, mended in .env', async () => {
    const h = host();
    const impatient = { manifest: { health: { endpoint: '/health', timeout: '2s', stable_for: '0s' } } };
    await h.push({ ...(await h.service('alpha', 'sick-1', impatient)), ...(await h.service('beta', '2')) });
    const halted = await h.run('run', ['SICK-1']);
    expect(halted.code).toBe(1);
    expect(halted.text).toMatch(/alpha is not healthy: http:\/\/127\.0\.0\.1:\d+\/health answered (503|404), not 200/);
    expect(halted.text).toContain('phase migrate, step healthy');
    expect(h.state('SICK-1')).toMatchObject({ PHASE: 'migrate', PHASE_STATUS: 'failed', RELEASE_STATUS: 'halted' });
    expect(await h.httpVersion('beta')).toBe('1');

    h.setEnv({ ALPHA_MOOD: 'healed' });
    const refused = await h.run('run', ['SICK-1', '--resume']);
    expect(refused.code).toBe(4);
    expect(refused.text).toContain('.env: ALPHA_MOOD is new');
    expect(refused.text).not.toContain('healed');
    expect(refused.text).toContain('--accept-drift');
    expect((await h.run('run', ['SICK-1', '--resume', '--accept-drift'])).code).toBe(2);

    const mended = await h.run('run', ['SICK-1', '--resume', '--accept-drift', '--reason=new setting']);
    expect(mended.text).toContain('Released SICK-1');
    expect(mended.code).toBe(0);
    expect([await h.httpVersion('alpha'), await h.httpVersion('beta')]).toEqual(['sick-1', '2']);
    expect(h.log('SICK-1').find((each) => each.event === 'drift-accepted')?.fields).toMatchObject({
      what: '.env: ALPHA_MOOD is new',
      reason: 'new setting',
    });
  });

  test('its runtime gave it up before what it needs was there: a resume starts it again', async () => {
    const h = host();
    const shared = join(h.folder, 'shared');
    mkdirSync(shared);
    await h.push(needy(await h.service('alpha', '2'), runtime, shared));
    const halted = await h.run('run', ['ENDED-1']);
    expect(halted.code).toBe(1);
    expect(halted.text).toContain('ended with exit code 3');
    expect(halted.text).toContain('nobody gave me my settings');
    const component = runtime === 'pm2' ? 'alpha' : 'web';
    expect((await h.run('run', ['ENDED-1', '--resume'])).code).toBe(1);
    writeFileSync(join(shared, 'settings'), '');
    const resumed = await h.run('run', ['ENDED-1', '--resume']);
    expect(resumed.text).toContain('Released ENDED-1');
    expect(resumed.code).toBe(0);
    expect(await h.httpVersion('alpha')).toBe('2');
    const done = h.log('ENDED-1').find(({ event, step }) => event === 'step-done' && step === 'healthy');
    expect(done?.fields.restarted).toBe(component);
  });

  test('another version than the prepared one runs at verify', async () => {
    const h = host();
    await h.push(await h.service('alpha', '3'));
    const skipped = await h.run('run', ['WRONG-1', '--skip-verify', '--reason=trial']);
    expect(skipped.code).toBe(8);
    expect(h.state('WRONG-1')?.RELEASE_STATUS).toBe('unverified');
    const base = await h.deployed();
    await h.impose('alpha', '4');

    const halted = await h.run('run', ['WRONG-1', '--from=verify']);
    expect(halted.code).toBe(1);
    expect(halted.text).toContain('The wrong version of alpha runs');
    const running = (await h.instances('alpha'))[0]?.image ?? 'none';
    const prepared = h.receipt('WRONG-1')?.services.alpha?.after?.[0]?.id ?? 'none';
    expect(halted.text).toContain(running);
    expect(halted.text).toContain(`prepared was ${prepared}`);
    expect(h.state('WRONG-1')).toMatchObject({ PHASE: 'verify', RELEASE_STATUS: 'halted' });
    expect(await h.deployed()).toBe(base);

    const right = await h.run('run', ['WRONG-1', '--from=migrate']);
    expect(right.text).toContain('Released WRONG-1');
    expect(right.code).toBe(0);
    expect(await h.httpVersion('alpha')).toBe('3');
    expect(await h.deployed()).toBe(await h.head());
  });

  test('a ticket script fails: mended in the checkout, or its cause is, and it runs again', async () => {
    const h = host();
    const path = 'releases/SCRIPT-1-b.sh';
    const wanted = join(h.folder, 'wanted');
    const base = await h.deployed();
    await h.push({
      ...(await h.service('alpha', '5')),
      'releases/SCRIPT-1-a.ts': h.hook('a'),
      [path]: `${h.mark('b')}cat '${wanted}' || exit 7\n`,
    });
    const earlier = h.marks().length;
    const halted = await h.run('run', ['SCRIPT-1']);
    expect(halted.code).toBe(1);
    expect(halted.text).toContain(`${path} exited 7`);
    expect(halted.text).toContain('phase ticket, step script');
    expect(h.state('SCRIPT-1')).toMatchObject({ PHASE: 'ticket', PHASE_STATUS: 'failed', RELEASE_STATUS: 'halted' });
    expect(await h.deployed()).toBe(base);
    expect(h.marks().slice(earlier)).toEqual(['a', 'b']);

    writeFileSync(join(h.prod, path), h.mark('mended'));
    const refused = await h.run('run', ['SCRIPT-1', '--resume']);
    expect(refused.code).toBe(4);
    expect(refused.text).toContain(`${path} was changed by hand`);
    await h.git(h.prod, 'checkout', '--', path);

    writeFileSync(wanted, 'here\n');
    const again = await h.run('run', ['SCRIPT-1', '--from=ticket']);
    expect(again.text).toContain('Released SCRIPT-1');
    expect(again.code).toBe(0);
    expect(h.marks().slice(earlier)).toEqual(['a', 'b', 'a', 'b']);
  });

  test('a script mended in the checkout runs as it is now, and a service whose .env changed starts anew, alone', async () => {
    const h = host();
    const path = 'releases/SCRIPT-2-typo.sh';
    await h.push({
      ...(await h.service('alpha', '6')),
      ...(await h.service('beta', '3')),
      [path]: `${h.mark('broken')}exit 7\n`,
    });
    const earlier = h.marks().length;
    expect((await h.run('run', ['SCRIPT-2'])).code).toBe(1);
    const [alpha, beta] = [await h.containerIds('alpha'), await h.containerIds('beta')];
    writeFileSync(join(h.prod, path), h.mark('mended'));
    h.setEnv({ BETA_MOOD: 'better' });
    const again = await h.run('run', ['SCRIPT-2', '--resume', '--accept-drift', '--reason=typo']);
    expect(again.text).toContain('Released SCRIPT-2');
    expect(again.code).toBe(0);
    expect(h.marks().slice(earlier)).toEqual(['broken', 'mended']);
    expect(await h.containerIds('alpha')).toEqual(alpha);
    expect(await h.containerIds('beta')).not.toEqual(beta);
    expect(h.log('SCRIPT-2').find((each) => each.event === 'drift-accepted')?.fields.what).toContain(path);
    await h.git(h.prod, 'checkout', '--', path);
  });
});
