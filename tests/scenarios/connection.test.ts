// The operator's connection is lost while a release runs: it goes on to its end, and its log has everything.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { shutGate } from './harness/gate.ts';
import type { ScenarioHost } from './harness/host.ts';
import { commandLine, descendants, kill, runCommand, until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';
import { type Sshd, sshdLacks, startSshd } from './harness/sshd.ts';

const PHASES = ['prepare', 'migrate', 'ticket', 'verify'] as const;
const lacks = sshdLacks();
if (lacks !== undefined) {
  if (process.env.CI === 'true') throw new Error(`no ssh for the tests: ${lacks} is missing`);
  console.warn(`skipped, no ssh for the tests: ${lacks} is missing`);
}

let serial = 1;

/** A release that waits in `phase` until the gate is opened. */
async function waiting(h: ScenarioHost, phase: (typeof PHASES)[number]) {
  serial += 1;
  const [ticket, version] = [`LOST-${serial}`, `v${serial}`];
  const gate = shutGate(h.folder, ticket);
  const here = (name: string) => (name === phase ? gate.wait : '');
  const alpha = await h.service('alpha', version, {
    files: {
      'scripts/preflight.ts': h.hook(`${ticket}-prepare`, here('prepare')),
      'scripts/pre_start_init.ts': h.hook(`${ticket}-migrate`, here('migrate')),
    },
    manifest: {
      e2e: {
        enabled: true,
        command: ['sh', '-c', `${h.mark(`${ticket}-verify`)}${phase === 'verify' ? gate.waitSh : ''}`],
      },
    },
  });
  const script = `${h.mark(`${ticket}-ticket`)}${phase === 'ticket' ? gate.waitSh : ''}echo migrated\n`;
  const target = await h.push({ ...alpha, [`releases/${ticket}-data.sh`]: script });
  const reached = () => until(`${ticket} is in ${phase}`, () => h.marks().includes(`${ticket}-${phase}`));
  return { ticket, version, target, gate, reached };
}

async function expectReleased(h: ScenarioHost, { ticket, version, target }: Awaited<ReturnType<typeof waiting>>) {
  const status = () => h.state(ticket)?.RELEASE_STATUS;
  await until(
    () => `${ticket} is released; it is ${status()}: ${JSON.stringify(h.log(ticket).slice(-2))}`,
    () => status() === 'released' && h.strays().length === 0,
  );
  expect(h.state(ticket)).toMatchObject({ PHASE: 'verify', PHASE_STATUS: 'done', MERGE_SHA: target });
  expect(await Promise.all([h.head(), h.deployed(), h.httpVersion('alpha')])).toEqual([target, target, version]);
  const log = h.log(ticket);
  expect(h.brokenLine(ticket)).toBe(0);
  expect(log.filter(({ step }) => step === undefined).map(({ phase, event }) => `${phase} ${event}`)).toEqual([
    ...PHASES.flatMap((phase) => [`${phase} start`, `${phase} done`]),
    'verify released',
  ]);
  expect(h.marks().filter((word) => word.startsWith(`${ticket}-`))).toEqual(
    PHASES.map((phase) => `${ticket}-${phase}`),
  );
}

const CUTS = [
  { phase: 'prepare', who: 'client', tty: true },
  { phase: 'migrate', who: 'server', tty: true },
  { phase: 'ticket', who: 'client', tty: false },
  { phase: 'verify', who: 'server', tty: true },
] as const;

onBoth('lost connection', { services: { alpha: {} } }, (host, runtime) => {
  describe.skipIf(lacks !== undefined)('over ssh', () => {
    let sshd: Sshd | undefined;
    beforeAll(async () => {
      sshd = await startSshd(host().env);
    });
    afterAll(() => sshd?.stop());

    test.each(CUTS)('in $phase: the $who dies, terminal: $tty', async ({ phase, who, tty }) => {
      const h = host();
      const release = await waiting(h, phase);
      const session = sshd?.session(`cd ${h.prod} && just release-run ${release.ticket}`, tty);
      if (session === undefined) throw new Error('no sshd');
      await release.reached();
      if (who === 'client') session.cutClient();
      else await session.cutServer();
      const { code, text } = await session.ended;
      expect(code).not.toBe(0);
      expect(text).toContain(`Release ${release.ticket}: main`);
      expect(text).not.toContain('Released');
      release.gate.open();
      await expectReleased(h, release);
    });

    if (runtime === 'compose') return;
    test('a connection that lasts brings the output and the exit code', async () => {
      const h = host();
      const release = await waiting(h, 'prepare');
      release.gate.open();
      const whole = await sshd?.session(`cd ${h.prod} && just release-run ${release.ticket}`, true).ended;
      expect(whole?.text).toContain(`Released ${release.ticket}`);
      expect(whole?.code).toBe(0);
      expect((await sshd?.session(`cd ${h.prod} && just release-run ${release.ticket}-again`, true).ended)?.code).toBe(
        5,
      );
    });
  });

  if (runtime === 'compose') return;
  test('the reader of its output goes away early', async () => {
    const h = host();
    const release = await waiting(h, 'migrate');
    const command = `just release-run ${release.ticket} | head -n 1; exit "\${PIPESTATUS[0]}"`;
    const running = runCommand(['bash', '-c', command], h.prod, h.env);
    await release.reached();
    release.gate.open();
    const { code, stdout } = await running;
    expect(stdout).toBe(
      `Release ${release.ticket}: main ${(h.state(release.ticket)?.BASE_SHA ?? '').slice(0, 12)} -> ${release.target.slice(0, 12)}\n`,
    );
    expect(code).toBe(0);
    await expectReleased(h, release);
  });

  test.each(['SIGHUP', 'SIGKILL'] as const)('%s to what the terminal sees', async (signal) => {
    const h = host();
    const release = await waiting(h, 'migrate');
    const run = h.start('run', [release.ticket]);
    await release.reached();
    const fronts = descendants(run.pid).filter((pid) => commandLine(pid).includes('/scripts/release/run.ts'));
    expect(fronts.length).toBe(1);
    for (const pid of [run.pid, ...fronts]) kill(pid, signal);
    release.gate.open();
    await run.ended;
    await expectReleased(h, release);
  });
});
