// INT and TERM stop a release at its next safe point, in each phase; `--resume` goes on.
import { expect, test } from 'bun:test';
import { shutGate } from './harness/gate.ts';
import { commandLine, descendants, kill, until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

interface Stop {
  phase: string;
  step: string;
  signal: 'SIGINT' | 'SIGTERM';
  stopsIn?: string;
}

const STOPS: Stop[] = [
  { phase: 'prepare', step: 'preflight', signal: 'SIGINT' },
  { phase: 'migrate', step: 'pre-start-init', signal: 'SIGTERM' },
  // Its last step has ended well then, and with it the phase.
  { phase: 'ticket', step: 'script', signal: 'SIGTERM', stopsIn: 'verify' },
  { phase: 'verify', step: 'e2e', signal: 'SIGINT' },
];

let serial = 1;

onBoth('stopped', { services: { alpha: {} } }, (host) => {
  test.each(STOPS)('$signal in $phase', async ({ phase, step, signal, stopsIn = phase }) => {
    const h = host();
    serial += 1;
    const [ticket, version] = [`STOP-${serial}`, `v${serial}`];
    const gate = shutGate(h.folder, ticket);
    const here = (name: string) => (name === phase ? gate.wait : '');
    const hereSh = (name: string) => (name === phase ? gate.waitSh : '');
    const target = await h.push({
      ...(await h.service('alpha', version, {
        files: {
          'scripts/preflight.ts': h.hook(`${ticket} prepare`, here('prepare')),
          'scripts/pre_start_init.ts': h.hook(`${ticket} migrate`, here('migrate')),
        },
        manifest: {
          e2e: { enabled: true, command: ['sh', '-c', `${h.mark(`'${ticket} verify'`)}${hereSh('verify')}`] },
        },
      })),
      [`releases/${ticket}-data.sh`]: `${h.mark(`'${ticket} ticket'`)}${hereSh('ticket')}`,
    });
    const run = h.start('run', [ticket]);
    await until(`${ticket} is in ${phase}`, () => h.marks().includes(`${ticket} ${phase}`));
    // A terminal sends INT to all that it sees; TERM goes to one process, and just passes it on.
    const seen = descendants(run.pid).filter((pid) => commandLine(pid).includes('/scripts/release/run.ts'));
    for (const pid of signal === 'SIGINT' ? [run.pid, ...seen] : [run.pid]) kill(pid, signal);
    if (phase !== 'verify') {
      // What people wrote is not torn off in the middle: it ends, and nothing begins after it.
      expect(await Promise.race([run.ended.then(() => 'ended'), Bun.sleep(300)])).toBeUndefined();
      expect(h.state(ticket)).toMatchObject({ PHASE: phase, PHASE_STATUS: 'running' });
      gate.open();
    }
    const stopped = await run.ended;
    expect(stopped.text).toContain('stopping at the next safe point');
    expect(stopped.text).toContain(`just release-run ${ticket} --resume`);
    expect(stopped.code).toBe(8);
    expect(h.strays()).toEqual([]);
    expect(h.state(ticket)).toMatchObject({ PHASE: stopsIn, PHASE_STATUS: 'stopped', RELEASE_STATUS: 'halted' });
    expect(h.log(ticket).findLast((each) => each.step === step)?.event).toBe(
      phase === 'verify' ? 'step-stopped' : 'step-done',
    );
    expect(h.brokenLine(ticket)).toBe(0);
    gate.open();

    const resumed = await h.run('run', [ticket, '--resume']);
    expect(resumed.text).toContain(`Released ${ticket}`);
    expect(resumed.code).toBe(0);
    expect(await Promise.all([h.head(), h.deployed(), h.httpVersion('alpha')])).toEqual([target, target, version]);
    const phases = ['prepare', 'migrate', 'ticket', 'verify', ...(phase === 'verify' ? ['verify'] : [])];
    expect(h.marks().filter((word) => word.startsWith(`${ticket} `))).toEqual(
      phases.map((name) => `${ticket} ${name}`),
    );
  });
});
