// A release that goes back unless somebody says that it stays.
import { expect, test } from 'bun:test';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_PATH } from '../../scripts/dev/engine/packages.ts';
import { sealed } from '../../scripts/journal/shape.ts';
import { contained } from './harness/engines.ts';
import type { ScenarioHost } from './harness/host.ts';
import { kill, runCommand, startCommand, until } from './harness/process.ts';
import { stateOf } from './harness/proof.ts';
import { onBoth } from './harness/runtimes.ts';

/** A machine that is busy with other things takes its time. */
const PATIENCE_MS = 90_000;
let serial = 1;

/** A new version of alpha on origin, with other files where wanted. @returns its ticket and label. */
async function next(
  h: ScenarioHost,
  { version: name = 'v' }: { version?: string } = {},
  files: Record<string, string> = {},
) {
  serial += 1;
  await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
  const version = `${name}${serial}`;
  const target = await h.push({ ...(await h.service('alpha', version)), ...files });
  return { ticket: `G-${serial}`, version, target };
}

/** Waits until the release stands so, and nobody watches over it any more where it is over. */
async function stands(h: ScenarioHost, ticket: string, status: string): Promise<void> {
  await until(
    () => `${ticket} is ${status}; it is ${h.state(ticket)?.RELEASE_STATUS}`,
    () => h.state(ticket)?.RELEASE_STATUS === status,
    PATIENCE_MS,
  );
  if (status !== 'awaiting-confirm') await until('the watchdog is gone', () => h.strays().length === 0, PATIENCE_MS);
}

/** A release that waits, with its release-run in the background. */
async function waiting(h: ScenarioHost, what: { version?: string }, ...flags: string[]) {
  const made = await next(h, what);
  const run = h.start('run', [made.ticket, ...flags]);
  await stands(h, made.ticket, 'awaiting-confirm');
  return { ...made, run };
}

const count = (h: ScenarioHost, ticket: string, event: string): number =>
  h.log(ticket).filter((e) => e.event === event).length;

/** kill -9 of everything of ours: release-run, watchdog, and what they run. */
async function killAll(h: ScenarioHost): Promise<void> {
  for (const line of h.strays()) kill(Number(line.split(' ')[0]), 'SIGKILL');
  await until('everything is dead', () => h.strays().length === 0);
}

onBoth('guard', { services: { alpha: {}, beta: {} } }, (host, runtime) => {
  test('confirmed in time: it stays, and release-run says so', async () => {
    const h = host();
    const { ticket, version, target, run } = await waiting(h, {}, '--confirm-within=5m');
    const state = await h.run('state', [ticket]);
    expect(state.text).toMatch(/deadline: put back at \S+Z \(in 4m5\ds\) unless it is confirmed/);
    expect(state.text).toContain(`just release-confirm ${ticket} --no`);
    const json = JSON.parse((await h.run('state', [ticket, '--json'])).stdout) as {
      deadline: { stage: string; watched: boolean };
    };
    expect(json.deadline).toMatchObject({ stage: 'window', watched: true });
    const other = await h.run('run', ['OTHER']);
    expect(other.code).toBe(4);
    expect(other.text).toContain(`just release-confirm ${ticket} --no`);
    expect((await h.run('run', ['OTHER', `--supersedes=${ticket}`, '--reason=test'])).code).toBe(4);
    expect((await h.run('abandon', [ticket, '--reason=test'])).code).toBe(4);

    const confirmed = await h.run('confirm', [ticket]);
    expect(confirmed.text).toContain(`${ticket} is confirmed`);
    expect(confirmed.code).toBe(0);
    const ended = await run.ended;
    expect(ended.text).toContain(`Released ${ticket}: it was confirmed.`);
    expect(ended.code).toBe(0);
    await stands(h, ticket, 'released');
    expect(h.state(ticket)).toMatchObject({ PHASE: 'confirm', PHASE_STATUS: 'done' });
    expect(h.state(ticket)?.DEADLINE).toBeUndefined();
    expect(await Promise.all([h.head(), h.deployed(), h.httpVersion('alpha')])).toEqual([target, target, version]);
    const again = await h.run('confirm', [ticket]);
    expect(again.text).toContain(`${ticket} is released since`);
    expect(again.code).toBe(4);
    expect(h.brokenLine(ticket)).toBe(0);
  });

  test('not confirmed: it goes back by itself, once; a late confirmation is refused', async () => {
    const h = host();
    const before = await stateOf(h, ['alpha', 'beta']);
    const { ticket } = await next(h);
    const run = await h.run('run', [ticket, '--confirm-within=1s']);
    expect(run.text).toContain(`Reverted ${ticket}`);
    expect(run.code).toBe(6);
    await stands(h, ticket, 'reverted');
    expect(await stateOf(h, ['alpha', 'beta'])).toEqual(before);
    expect([count(h, ticket, 'going-back'), count(h, ticket, 'reverted')]).toEqual([1, 1]);
    const late = await h.run('confirm', [ticket]);
    expect(late.text).toContain(`${ticket} is reverted since`);
    expect(late.code).toBe(4);
  });

  test('--no puts it back at once, and release-run ends with 6', async () => {
    const h = host();
    const before = await stateOf(h, ['alpha', 'beta']);
    const { ticket, run } = await waiting(h, {}, '--confirm-within=5m');
    const no = await h.run('confirm', [ticket, '--no']);
    expect(no.text).toContain(`${ticket} is put back and verified.`);
    expect(no.code).toBe(0);
    expect((await run.ended).code).toBe(6);
    await stands(h, ticket, 'reverted');
    expect(await stateOf(h, ['alpha', 'beta'])).toEqual(before);
    expect(count(h, ticket, 'reverted')).toBe(1);
  });

  // What follows asks the same of both runtimes.
  if (runtime === 'compose') return;

  test('--detach ends with 10; release-log follows to the end; more time, but not past the cap', async () => {
    const h = host();
    const { ticket } = await next(h);
    const run = await h.run('run', [ticket, '--confirm-within=20s', '--detach']);
    expect(run.text).toContain(`just release-extend ${ticket} 5m`);
    expect(run.code).toBe(10);
    const follower = h.start('log', [ticket, '--follow']);
    const past = await h.run('extend', [ticket, '31m']);
    expect(past.text).toMatch(new RegExp(`At most: just release-extend ${ticket} 29m\\d\\ds`));
    expect(past.code).toBe(4);
    expect((await h.run('extend', [ticket, '10m'])).code).toBe(0);
    const state = await h.run('state', [ticket]);
    expect(state.text).toMatch(/\(in 10m1\ds\) unless it is confirmed/);
    expect((await h.run('extend', [ticket, 'soon'])).code).toBe(2);
    expect((await h.run('confirm', [ticket, '--json'])).stdout).toContain('"status":"released"');
    const followed = await follower.ended;
    expect(followed.code).toBe(0);
    expect(followed.stdout).toContain('event=extended');
    expect(followed.stdout.trim().split('\n').at(-1)).toContain('event=released');
    await stands(h, ticket, 'released');
  });

  test('the connection and release-run die: the watchdog stays, and puts it back', async () => {
    const h = host();
    const before = await stateOf(h, ['alpha', 'beta']);
    const { ticket, run } = await waiting(h, {}, '--confirm-within=3s');
    await run.crash();
    await stands(h, ticket, 'reverted');
    expect(await stateOf(h, ['alpha', 'beta'])).toEqual(before);
    expect(count(h, ticket, 'reverted')).toBe(1);
  });

  test('the watchdog is killed: the next verb that changes something does its work, a look does not', async () => {
    const h = host();
    const { ticket } = await waiting(h, {}, '--confirm-within=1s');
    await killAll(h);
    await Bun.sleep(1_200);
    const looked = await h.run('state', [ticket]);
    expect(looked.text).toContain('nobody watches over it now: just release-sweep');
    await h.run('list');
    expect(h.state(ticket)).toMatchObject({ RELEASE_STATUS: 'awaiting-confirm' });
    const confirm = await h.run('confirm', [ticket]);
    expect(confirm.text).toContain(`${ticket} was not confirmed in time: it is reverted`);
    expect(confirm.code).toBe(4);
    await stands(h, ticket, 'reverted');
  });

  test('killed with everything in the middle of going back: the next sweep ends it, and there is one revert', async () => {
    const h = host();
    const before = await stateOf(h, ['alpha', 'beta']);
    const { ticket } = await waiting(h, {}, '--confirm-within=1s');
    await h.event(ticket, { phase: 'revert', event: 'step-start', step: 'up' });
    await killAll(h);
    expect(h.state(ticket)).toMatchObject({ RELEASE_STATUS: 'reverting' });
    const swept = await h.run('sweep');
    expect(swept.text).toContain('Nothing waits for a confirmation.');
    await stands(h, ticket, 'reverted');
    expect(await stateOf(h, ['alpha', 'beta'])).toEqual(before);
    expect([count(h, ticket, 'going-back'), count(h, ticket, 'reverted')]).toEqual([1, 1]);
  });

  test('arming fails: refused, and nothing was changed', async () => {
    const h = host();
    const { ticket } = await next(h);
    writeFileSync(join(h.prod, '.asd/workspace/guard', ticket), 'in the way');
    const before = await h.fingerprint();
    const run = await h.run('run', [ticket, '--confirm-within=5m']);
    expect(run.text).toContain(`The deadline of ${ticket} could not be armed`);
    expect(run.code).toBe(4);
    expect({ ...(await h.fingerprint()), refs: '' }).toEqual({ ...before, refs: '' });
    expect(h.state(ticket)).toBeUndefined();
  });

  test('it is killed before its Advance: there is nothing to put back, and that is said', async () => {
    const h = host();
    const { ticket } = await next(h);
    const begun = join(h.folder, 'begun');
    const hook = `require('node:fs').writeFileSync('${begun}', ''); await Bun.sleep(60_000);\n`;
    await h.push({ 'packages/alpha/scripts/preflight.ts': hook });
    const run = h.start('run', [ticket, '--confirm-within=5m']);
    await until('the hook has begun', () => existsSync(begun), PATIENCE_MS);
    await killAll(h);
    await run.ended;
    const refused = await h.run('confirm', [ticket, '--no']);
    expect([refused.code, refused.text]).toEqual([5, expect.stringContaining(`Nothing to put back: ${ticket}`)]);
    expect(existsSync(join(h.prod, '.asd/workspace/guard', ticket))).toBeFalse();
    expect((await h.run('abandon', [ticket, '--reason=nothing was done'])).code).toBe(0);
    await h.git(h.dev, 'rm', '--quiet', 'packages/alpha/scripts/preflight.ts');
    await h.push({});
  });

  test('it halts after its Advance, and everybody leaves: the provisional deadline puts it back', async () => {
    const h = host();
    const before = await stateOf(h, ['alpha', 'beta']);
    const { ticket } = await next(h);
    await h.push(await h.service('alpha', 'sick-1', { manifest: { health: { endpoint: '/health', timeout: '1s' } } }));
    expect((await h.run('run', [ticket, '--confirm-within=5m'])).code).toBe(1);
    const state = await h.run('state', [ticket]);
    expect(state.text).toContain('whatever becomes of it');
    const file = join(h.prod, '.asd/workspace/guard', ticket, 'armed.json');
    const armed = JSON.parse(readFileSync(file, 'utf8')) as { leftMs: number };
    expect(armed.leftMs).toBeGreaterThan(1_800_000);
    writeFileSync(file, sealed({ ...armed, leftMs: 100 }));
    await stands(h, ticket, 'reverted');
    expect(await stateOf(h, ['alpha', 'beta'])).toEqual(before);
  });

  test('three failed probes in a row are said, and it goes on waiting', async () => {
    const h = host();
    const before = await stateOf(h, ['alpha', 'beta']);
    const { ticket, run } = await waiting(h, { version: 'fades' }, '--confirm-within=5m');
    writeFileSync(join(h.folder, 'faded'), '');
    await until('it was found ill', () => count(h, ticket, 'unhealthy') > 0, PATIENCE_MS);
    expect(h.log(ticket).find((e) => e.event === 'unhealthy')?.fields.reason).toContain('answered 503');
    expect(h.state(ticket)).toMatchObject({ RELEASE_STATUS: 'awaiting-confirm' });
    // A person does it by hand: that is the one revert there is.
    expect((await h.run('revert', [ticket])).code).toBe(0);
    expect((await run.ended).code).toBe(6);
    await stands(h, ticket, 'reverted');
    expect(await stateOf(h, ['alpha', 'beta'])).toEqual(before);
    expect(count(h, ticket, 'reverted')).toBe(1);
  });
});

/** What a new boot is to a process: another boot id, and a clock of the boot that has just begun. */
async function boot(h: ScenarioHost): Promise<void> {
  const id = join(h.folder, 'boot-id');
  writeFileSync(id, `${randomUUID()}\n`);
  const line =
    readFileSync(join(h.folder, 'crontab'), 'utf8')
      .split('\n')
      .find((each) => each.startsWith('@reboot ')) ?? '';
  const script = `mount --bind '${id}' /proc/sys/kernel/random/boot_id && exec sh -c "$1"`;
  const offset = Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split('.')[0]));
  const argv = ['unshare', '--mount', '--time', `--boottime=-${offset}`, 'sh', '-c', script, 'sh', line.slice(8)];
  startCommand(argv, h.folder, { PATH: SYSTEM_PATH });
  await until('the watchdog is there', () => h.strays().some((each) => each.includes('--stay')));
}

const guarded = {
  services: { alpha: {} },
  config: {
    confirm: { within: '5m', watch: 'revert' },
    after_confirm: [
      ['sh', '-c', 'echo first >> after'],
      ['sh', '-c', 'exit 3'],
      ['sh', '-c', 'echo third >> after'],
    ],
    ignore: ['.asd/**'],
  },
  files: { '.gitignore': '.asd/workspace/\n.env\nafter\n' },
};

onBoth(
  'guard by settings',
  guarded,
  (host) => {
    test('what comes after a confirmation runs once; what fails of it undoes nothing', async () => {
      const h = host();
      const { ticket, run, target } = await waiting(h, {});
      expect(existsSync(join(h.prod, 'after'))).toBeFalse();
      expect((await h.run('confirm', [ticket])).code).toBe(0);
      expect((await run.ended).code).toBe(0);
      await stands(h, ticket, 'released');
      await h.run('sweep');
      expect(readFileSync(join(h.prod, 'after'), 'utf8')).toBe('first\nthird\n');
      expect(
        h
          .log(ticket)
          .filter((e) => e.step === 'after-confirm')
          .map((e) => e.event),
      ).toEqual(['step-start', 'step-done', 'step-start', 'step-failed', 'step-start', 'step-done']);
      expect(await h.head()).toBe(target);
    });

    test('three failed probes in a row put it back at once, where that is asked for', async () => {
      const h = host();
      const before = await stateOf(h, ['alpha']);
      const { ticket, run } = await waiting(h, { version: 'fades' });
      writeFileSync(join(h.folder, 'faded'), '');
      expect((await until('it is over', () => run.ended, PATIENCE_MS)).code).toBe(6);
      await stands(h, ticket, 'reverted');
      expect(h.log(ticket).find((e) => e.event === 'going-back')?.fields.cause).toBe('alpha is not healthy');
      expect(await stateOf(h, ['alpha'])).toEqual(before);
    });

    test('guard-install, with a crontab: after a reboot what is left of the window is waited for, then it goes back', async () => {
      const h = host();
      const before = await stateOf(h, ['alpha']);
      const bin = join(h.folder, 'bin');
      mkdirSync(bin);
      const file = join(h.folder, 'crontab');
      writeFileSync(
        join(bin, 'crontab'),
        `#!/bin/sh\ncase $1 in -l) cat '${file}' ;; -) cat > '${file}' ;; *) exit 2 ;; esac\n`,
        { mode: 0o755 },
      );
      const env = { ...h.env, PATH: `${bin}:${h.env.PATH}` };
      for (const said of ['Installed in', 'Installed already in']) {
        const installed = await runCommand(['just', 'guard-install'], h.prod, env);
        expect(installed.text).toContain(said);
        expect(installed.code).toBe(0);
      }
      const { ticket } = await waiting(h, {}, '--confirm-within=15s');
      await killAll(h);
      await boot(h);
      expect(h.state(ticket)).toMatchObject({ RELEASE_STATUS: 'awaiting-confirm' });
      await stands(h, ticket, 'reverted');
      expect(await stateOf(h, ['alpha'])).toEqual(before);
      expect([count(h, ticket, 'going-back'), count(h, ticket, 'reverted')]).toEqual([1, 1]);

      // It was over while the host was off.
      const second = await waiting(h, {}, '--confirm-within=1s');
      await killAll(h);
      await Bun.sleep(1_000);
      await boot(h);
      await stands(h, second.ticket, 'reverted');

      // Confirmed, and killed before anybody wrote that down.
      const third = await waiting(h, {}, '--confirm-within=2s');
      await killAll(h);
      const folder = join(h.prod, '.asd/workspace/guard', third.ticket);
      const verdict = { schema: 1, kind: 'confirm', cause: 'confirmed', by: 'operator', manual: false };
      writeFileSync(join(folder, 'verdict.json'), JSON.stringify(verdict));
      await Bun.sleep(2_000);
      await boot(h);
      await stands(h, third.ticket, 'released');
      expect(await h.head()).toBe(third.target);
      expect((await runCommand(['just', 'guard-install', '--uninstall'], h.prod, env)).code).toBe(0);
      expect(readFileSync(file, 'utf8')).toBe('');
    });

    test('a revert that is refused is tried again: here until somebody has taken back what stood in its way', async () => {
      const h = host();
      const before = await stateOf(h, ['alpha']);
      const { ticket, run } = await waiting(h, {}, '--confirm-within=3s');
      // Settings that do not parse keep nobody from trying; a changed file in the checkout does.
      writeFileSync(join(h.prod, '.asd/release.yaml'), 'confirm: { within: [\n');
      await h.event(ticket, { event: 'try-failed' });
      expect((await h.run('backup')).code).toBe(4);
      await h.git(h.prod, 'checkout', '--quiet', '--', '.asd/release.yaml');
      expect((await run.ended).code).toBe(6);
      await stands(h, ticket, 'reverted');
      expect(await stateOf(h, ['alpha'])).toEqual(before);
      expect([count(h, ticket, 'going-back'), count(h, ticket, 'reverted')]).toEqual([1, 1]);
    });
  },
  ['pm2'],
);

onBoth(
  'guard of its own engine',
  { services: { alpha: {} }, ...contained() },
  (host) => {
    test('a release whose engine cannot even be loaded goes back, by the engine that began it', async () => {
      const h = host();
      const before = await stateOf(h, ['alpha']);
      const broken = ['main', 'run', 'sweep', 'verb', 'revert-now', 'guard/settle', 'guard/watchdog'].map(
        (name): [string, string] => [
          `scripts/release/${name}.ts`,
          "throw new Error('this engine cannot be loaded');\n",
        ],
      );
      const { ticket } = await next(h, {}, Object.fromEntries(broken));
      const run = await h.run('run', [ticket, '--confirm-within=2s']);
      expect(run.text).toContain(`Reverted ${ticket}`);
      expect(run.code).toBe(6);
      await stands(h, ticket, 'reverted');
      expect(await stateOf(h, ['alpha'])).toEqual(before);
    });
  },
  ['pm2'],
);
