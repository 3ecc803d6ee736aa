// A release is taken back: data, images, code and configuration are what they were, by our own look; nothing else is touched.
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sealed } from '../../scripts/journal/shape.ts';
import type { ScenarioHost } from './harness/host.ts';
import { hasData, seed, stateOf, use, withData } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

const ALL = ['alpha', 'beta', 'gamma'];
const options = (runtime: string) => ({
  services: { alpha: withData(runtime, 'alpha'), beta: withData(runtime, 'beta'), gamma: {} },
});

async function released(h: ScenarioHost, ticket: string, files: Record<string, string | null>): Promise<string> {
  const target = await h.push(files, ticket);
  const done = await h.run('run', [ticket]);
  expect(done.text).toContain(`Released ${ticket}`);
  expect(done.code).toBe(0);
  return target;
}

async function reverted(h: ScenarioHost, ticket: string, ...flags: string[]): Promise<string> {
  const done = await h.run('revert', [ticket, ...flags]);
  expect(done.text).toContain(`Reverted ${ticket}`);
  expect(done.code).toBe(0);
  expect(h.state(ticket)).toMatchObject({ PHASE: 'revert', PHASE_STATUS: 'done', RELEASE_STATUS: 'reverted' });
  // dev goes on from what is on origin now.
  await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
  return done.text;
}

/** Everything as it stands; the data is there from the first test on. */
async function begin(h: ScenarioHost): Promise<Record<string, string>> {
  for (const service of ['alpha', 'beta']) if (!(await hasData(h, service))) await seed(h, service);
  return await stateOf(h, ALL);
}

const originHead = (h: ScenarioHost) => h.git(h.origin, 'rev-parse', 'main');

onBoth('revert', options, (host, runtime) => {
  test('after users wrote data: everything is as before, origin has the revert, and the next release works', async () => {
    const h = host();
    const base = await h.head();
    const [before, gamma] = [await begin(h), await h.containerIds('gamma')];
    const config = {
      files: {
        'scripts/ensure-config.ts': `import { appendFileSync } from 'node:fs';
appendFileSync(process.env.ASD_ROOT + '/.env', 'ADDED_BY_RELEASE=1\\n');\n`,
      },
    };
    const merge = await released(h, 'R-1', {
      ...(await h.service('alpha', '2', config)),
      ...(await h.service('beta', '2')),
    });
    await Promise.all(['alpha', 'beta'].map((service) => use(h, service)));
    expect(await stateOf(h, ALL)).not.toEqual(before);
    expect(readFileSync(join(h.prod, '.env'), 'utf8')).toContain('ADDED_BY_RELEASE');

    const fingerprint = await h.fingerprint();
    const dry = await h.run('revert', ['R-1', '--dry-run']);
    expect(dry.text).toContain('Nothing was changed.');
    expect(dry.text).toContain('.env goes back in: ADDED_BY_RELEASE');
    if (runtime === 'pm2') expect(dry.text).toContain('notes: 5 then, 7 now');
    expect(dry.code).toBe(0);
    expect(await h.fingerprint()).toEqual(fingerprint);

    const said = await reverted(h, 'R-1');
    expect(said).toContain('Merging the same branch again does not bring R-1 back');
    expect(said).toContain('Compared with before the release: no difference');
    expect(h.log('R-1').find((e) => e.step === 'compare' && e.event === 'step-done')?.fields.residue).toBe('0');
    expect(await stateOf(h, ALL)).toEqual(before);
    expect(await h.containerIds('gamma')).toEqual(gamma);
    expect(h.state('R-1')).toMatchObject({ PUSH: 'done', BASE_SHA: base, MERGE_SHA: merge });
    const tip = await originHead(h);
    expect(await h.git(h.origin, 'log', '-1', '--format=%B', 'main')).toContain(`This reverts commit ${merge}`);
    expect(await Promise.all([h.head(), h.deployed()])).toEqual([tip, tip]);
    expect(h.brokenLine('R-1')).toBe(0);

    const twice = await h.run('revert', ['R-1']);
    expect(twice.text).toContain('R-1 is reverted already');
    expect(twice.code).toBe(4);
    const next = await released(h, 'R-2', await h.service('beta', '3'));
    expect(await Promise.all([h.head(), h.httpVersion('alpha'), h.httpVersion('beta')])).toEqual([next, '1', '3']);
  });

  test('a secret that was rotated after the release stays, and is named', async () => {
    const h = host();
    await begin(h);
    h.setEnv({ ALPHA_MOOD: 'calm', OWN_TOKEN: 'first-secret' });
    const hook = `import { readFileSync, writeFileSync } from 'node:fs';
const file = process.env.ASD_ROOT + '/.env';
writeFileSync(file, readFileSync(file, 'utf8').replace('ALPHA_MOOD=calm', 'ALPHA_MOOD=wild').replace('ADDED_BY_RELEASE=1\\n', ''));\n`;
    await released(h, 'E-1', await h.service('alpha', '2', { files: { 'scripts/ensure-config.ts': hook } }));
    h.setEnv({ OWN_TOKEN: 'second-secret' });
    const said = await reverted(h, 'E-1');
    expect(said).toContain('.env goes back in: ALPHA_MOOD');
    expect(said).toContain('Changed since, and stays: OWN_TOKEN');
    expect(said).not.toContain('second-secret');
    expect(said).toMatch(/this is not the same:\n {2}\.env: OWN_TOKEN is not as before\n/);
    const env = readFileSync(join(h.prod, '.env'), 'utf8');
    expect(env).toContain('ALPHA_MOOD=calm');
    expect(env).toContain('OWN_TOKEN=second-secret');
  });

  test('halted in migrate at the first of two: the second is not touched; before Advance there is nothing to revert', async () => {
    const h = host();
    const before = await begin(h);
    const impatient = { manifest: { health: { endpoint: '/health', timeout: '1s', stable_for: '0s' } } };
    await h.push({ ...(await h.service('alpha', 'sick-4', impatient)), ...(await h.service('beta', '4')) });
    expect((await h.run('run', ['H-1'])).code).toBe(1);
    expect(h.state('H-1')).toMatchObject({ PHASE: 'migrate', RELEASE_STATUS: 'halted' });
    await Promise.all(['alpha', 'beta'].map((service) => use(h, service)));
    const written = (await stateOf(h, ALL))['beta data'] ?? '';
    const ids = await Promise.all(['beta', 'gamma'].map(h.containerIds));
    await reverted(h, 'H-1');
    expect(await stateOf(h, ALL)).toEqual({ ...before, 'beta data': written });
    expect(await Promise.all(['beta', 'gamma'].map(h.containerIds))).toEqual(ids);

    const broken = { files: { 'scripts/preflight.ts': 'process.exit(1);\n' } };
    await h.push(await h.service('gamma', '2', broken));
    expect((await h.run('run', ['H-0'])).code).toBe(1);
    const nothing = await h.run('revert', ['H-0']);
    expect(nothing.text).toContain('Nothing to put back');
    expect(nothing.code).toBe(5);
    await h.push({ ...(await h.service('gamma', '1')), 'packages/gamma/scripts/': null });
    expect((await h.run('abandon', ['H-0', '--reason=test'])).code).toBe(0);
  });

  test('halted in the ticket phase: scripts are taken back newest first, by their frozen copies', async () => {
    const h = host();
    const before = await begin(h);
    const earlier = h.marks().length;
    await h.push({
      ...(await h.service('gamma', '5')),
      'releases/T-1-a.sh': h.mark('a'),
      'releases/T-1-a.revert.sh': h.mark('undo-a'),
      'releases/T-1-b.sh': h.mark('b'),
      'releases/T-1-b.revert.sh': h.mark('undo-b'),
      'releases/T-1-c.sh': `${h.mark('c')}exit 9\n`,
      'releases/T-1-d.sh': h.mark('d'),
    });
    expect((await h.run('run', ['T-1'])).code).toBe(1);
    const said = await reverted(h, 'T-1');
    expect(said).toContain('releases/T-1-c.sh has no revert script');
    expect(said).not.toContain('releases/T-1-d.sh has no revert script');
    expect(h.marks().slice(earlier)).toEqual(['a', 'b', 'c', 'undo-b', 'undo-a']);
    expect(await stateOf(h, ALL)).toEqual(before);
  });

  test('a damaged backup, a lost image, too much loss: refused before anything is touched', async () => {
    const h = host();
    const before = await begin(h);
    await released(h, 'D-1', await h.service('alpha', '6'));
    await use(h, 'alpha');
    const stamp = h.receipt('D-1')?.services.alpha?.backup?.stamp ?? '';
    const folder = join(h.prod, '.asd/workspace/backups/alpha', stamp);
    const archive = join(folder, readdirSync(folder).find((name) => name.endsWith('.tar.zst')) ?? '');
    const good = readFileSync(archive);
    const bad = Buffer.from(good);
    bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 4;
    writeFileSync(archive, bad);
    const looked = await h.fingerprint();
    const damaged = await h.run('revert', ['D-1']);
    expect(damaged.text).toContain('checksum differs');
    expect(damaged.code).toBe(4);
    writeFileSync(archive, good);
    expect({ ...(await h.fingerprint()), backups: '' }).toEqual({ ...looked, backups: '' });

    if (runtime === 'compose') {
      const old = h.receipt('D-1')?.services.alpha?.before?.[0];
      // The image itself is in use by other services of the test: the receipt names another that nobody has.
      const missing = '0'.repeat(64);
      const file = join(h.prod, '.asd/workspace/releases/D-1.receipt.json');
      const receipt = readFileSync(file, 'utf8');
      writeFileSync(file, sealed(JSON.parse(receipt.replaceAll(old?.id ?? 'none', `sha256:${missing}`))));
      const gone = await h.run('revert', ['D-1']);
      expect(gone.text).toContain('which is gone');
      expect(gone.code).toBe(4);
      writeFileSync(file, receipt);
    }

    await reverted(h, 'D-1', '--accept-loss');
    expect(await stateOf(h, ALL)).toEqual(before);
  });

  test('a later release on top: refused, naming the order; in that order it works', async () => {
    const h = host();
    const before = await begin(h);
    await released(h, 'O-1', await h.service('alpha', '7'));
    const between = await stateOf(h, ALL);
    await released(h, 'O-2', await h.service('gamma', '7'));
    const refused = await h.run('revert', ['O-1']);
    expect(refused.code).toBe(4);
    expect(refused.text).toMatch(/just release-revert O-2[\s\S]*just release-revert O-1/);
    await reverted(h, 'O-2');
    expect(await stateOf(h, ALL)).toEqual(between);
    await reverted(h, 'O-1');
    expect(await stateOf(h, ALL)).toEqual(before);
  });

  test('--skip-data keeps the data, --skip-git commits and pushes nothing; a reverted change needs --ack-reverted', async () => {
    const h = host();
    const before = await begin(h);
    const setting = {
      files: {
        'scripts/ensure-config.ts': `import { appendFileSync, readFileSync } from 'node:fs';
const file = process.env.ASD_ROOT + '/.env';
if (!readFileSync(file, 'utf8').includes('ALPHA_NEWS')) appendFileSync(file, 'ALPHA_NEWS=1\\n');\n`,
        // A file that git does not know, in the checkout: nobody's backup has it.
        'scripts/post_start_init.ts': `import { writeFileSync } from 'node:fs';
writeFileSync('left-behind', 'x');\n`,
      },
    };
    const target = await released(h, 'S-1', await h.service('alpha', '8', setting));
    await use(h, 'alpha');
    expect(readFileSync(join(h.prod, '.env'), 'utf8')).toContain('ALPHA_NEWS');
    const written = (await stateOf(h, ALL))['alpha data'];
    const done = await h.run('revert', ['S-1', '--skip-git', '--skip-data']);
    expect(done.text).toContain('--skip-data: the data of the new version stays, under the old code');
    expect(done.text).toContain('.env goes back in: ALPHA_NEWS');
    expect(done.text).toContain('packages/alpha/left-behind lies in the checkout, is not in git, and is new');
    expect(done.text).toContain('alpha: its data is what the new version left (--skip-data)');
    rmSync(join(h.prod, 'packages/alpha/left-behind'));
    expect(done.code).toBe(0);
    expect(h.state('S-1')).toMatchObject({ RELEASE_STATUS: 'reverted', PUSH: 'none' });
    expect(await originHead(h)).toBe(target);
    const after = await stateOf(h, ALL);
    expect(after).toEqual({ ...before, 'alpha data': written ?? '' });

    await h.push(await h.service('gamma', '8'));
    const refused = await h.run('run', ['S-2']);
    expect(refused.code).toBe(4);
    expect(refused.text).toContain('--ack-reverted=S-1');
    const again = await h.run('run', ['S-2', '--ack-reverted=S-1']);
    expect(h.log('S-2').find((e) => e.event === 'reverted-acknowledged')?.fields).toMatchObject({
      by: expect.any(String),
      reverted: 'S-1',
    });
    expect(again.text).toContain('Released S-2');
    expect(again.code).toBe(0);
    expect(await Promise.all(['alpha', 'gamma'].map(h.httpVersion))).toEqual(['8', '8']);
  });

  test('origin refuses the push: exit 9 and pending, and the same command finishes it', async () => {
    const h = host();
    const before = await begin(h);
    await released(h, 'P-1', await h.service('gamma', '9'));
    const hook = join(h.origin, 'hooks/pre-receive');
    writeFileSync(hook, '#!/bin/sh\necho no pushes today\nexit 1\n', { mode: 0o755 });
    const pending = await h.run('revert', ['P-1']);
    expect(pending.code).toBe(9);
    expect(pending.text).toContain('no pushes today');
    expect(pending.text).toContain('just release-revert P-1');
    expect(h.state('P-1')).toMatchObject({ RELEASE_STATUS: 'reverted', PUSH: 'pending' });
    expect(await stateOf(h, ALL)).toEqual(before);
    expect((await h.run('state', ['P-1'])).text).toContain('just release-revert P-1');
    rmSync(hook);
    await reverted(h, 'P-1');
    expect(h.state('P-1')?.PUSH).toBe('done');
    expect(await h.head()).toBe(await originHead(h));
  });

  test('newer commits on origin are neither lost nor deployed; conflicting ones are refused first', async () => {
    const h = host();
    const before = await begin(h);
    const base = await h.head();
    await released(h, 'N-1', await h.service('gamma', '10'));
    await h.push(await h.service('beta', '10'), 'newer');
    await reverted(h, 'N-1');
    expect(await stateOf(h, ALL)).toEqual(before);
    expect(await h.head()).toBe(base);
    const next = await h.run('run', ['N-2']);
    expect(next.text).toContain('Released N-2');
    expect(await Promise.all(['beta', 'gamma'].map(h.httpVersion))).toEqual(['10', before['gamma answers'] ?? '']);

    await released(h, 'N-3', await h.service('gamma', '11'));
    await h.push(await h.service('gamma', '12'), 'conflicting');
    const looked = await h.fingerprint();
    const refused = await h.run('revert', ['N-3']);
    expect(refused.code).toBe(4);
    expect(refused.text).toContain('conflicts with newer commits');
    expect(await h.fingerprint()).toEqual(looked);
    expect((await h.run('run', ['N-4'])).text).toContain('Released N-4');
  });

  test('a log that was tampered with: state and receipt are relied on, and it is said', async () => {
    const h = host();
    const before = await begin(h);
    await released(h, 'J-1', await h.service('alpha', '13'));
    await use(h, 'alpha');
    const file = join(h.prod, '.asd/workspace/releases/J-1.log');
    writeFileSync(file, readFileSync(file, 'utf8').replace('event=done', 'event=gone'));
    const said = await reverted(h, 'J-1');
    expect(said).toMatch(/line \d+ of the log cannot be believed/);
    expect(await stateOf(h, ALL)).toEqual(before);
  });

  test('the old version cannot become healthy: in doubt, and the same command again puts it right', async () => {
    const h = host();
    const before = await begin(h);
    await released(h, 'F-1', await h.service('gamma', '14'));
    const blocker = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
    const port = h.port('gamma');
    h.setEnv({ GAMMA_PORT: String(blocker.port) });
    const doubt = await h.run('revert', ['F-1']);
    blocker.stop(true);
    expect(doubt.code).toBe(7);
    expect(h.state('F-1')).toMatchObject({ PHASE: 'revert', PHASE_STATUS: 'failed', RELEASE_STATUS: 'in-doubt' });
    expect(doubt.text).toContain('just release-revert F-1');
    expect(doubt.text).toContain('just release-abandon F-1');
    const resume = await h.run('run', ['F-1', '--resume']);
    expect(resume.code).toBe(4);
    h.setEnv({ GAMMA_PORT: String(port) });
    await reverted(h, 'F-1');
    expect(await stateOf(h, ALL)).toMatchObject({ ...before, env: expect.any(String) });
    expect(existsSync(join(h.prod, '.asd/workspace/stage/F-1.base'))).toBe(false);
  });
});
