// A real Docker engine, and who dies in the middle of a recreate: compose, the release engine, both, or dockerd itself.
import { openScenarioHost, type ScenarioHost } from '../../../../tests/scenarios/harness/host.ts';
import {
  commandLine,
  descendants,
  kill,
  type Result,
  runCommand,
  until,
} from '../../../../tests/scenarios/harness/process.ts';
import { startTestEngine, unavailableReason } from '../../engine/test-engine.ts';
import { seeded } from '../../simulation/world.ts';
import type { Wish } from '../long-form.ts';
import { type Daemon, takeOver } from './daemon.ts';
import { type RealHosts, realForm } from './form.ts';
import { unsaid } from './recover.ts';

const VICTIMS = ['compose', 'engine', 'both', 'dockerd'] as const;
const BEGIN_MS = 60_000;
const SERVICES = { services: { alpha: { database: true }, beta: {} } };

interface Seen {
  id: string;
  name: string;
  startedAt: string;
  running: boolean;
}

/** Every container of a service, with when it was started. */
async function seen(h: ScenarioHost, service: string): Promise<Seen[]> {
  const label = `label=com.docker.compose.project=${h.prefix}${service}`;
  const listed = await h.docker?.('ps', '--all', '--quiet', '--no-trunc', '--filter', label);
  const ids = listed?.stdout.split('\n').filter((id) => id !== '') ?? [];
  if (ids.length === 0) return [];
  const text = (await h.docker?.('inspect', ...ids))?.stdout ?? '[]';
  const found = JSON.parse(text) as Array<{ Id: string; Name: string; State: { StartedAt: string; Running: boolean } }>;
  return found
    .map(({ Id, Name, State }) => ({
      id: Id,
      name: Name.slice(1),
      startedAt: State.StartedAt,
      running: State.Running,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const compose = (engine: number): number[] =>
  descendants(engine).filter((pid) => /docker-compose|docker compose/.test(commandLine(pid)));

/** @returns whether it came about. */
async function strike(victim: (typeof VICTIMS)[number], engine: number, over: () => boolean, daemon: Daemon) {
  if (victim === 'compose' || victim === 'both') {
    const found = await until('compose runs', () => {
      const pids = over() ? [] : compose(engine);
      return over() || pids.length > 0 ? pids : undefined;
    });
    if (victim === 'both') kill(engine, 'SIGKILL');
    for (const pid of found) kill(pid, 'SIGKILL');
    return found.length > 0;
  }
  if (over()) return false;
  if (victim === 'engine') kill(engine, 'SIGKILL');
  else await daemon.kill();
  return true;
}

async function open({ seed, from, most }: Wish): Promise<RealHosts> {
  const engine = await startTestEngine({ own: true });
  let daemon: Daemon | undefined;
  let h: ScenarioHost | undefined;
  const close = async () => {
    await h?.close();
    await daemon?.stop();
    await engine.stop();
  };
  try {
    daemon = await takeOver(engine);
    h = await openScenarioHost('compose', SERVICES, engine);
    const [host, owned] = [h, daemon];
    const untouched = JSON.stringify(await seen(host, 'beta'));
    const random = seeded(seed);
    const points = Array.from({ length: from + most }, () => ({
      victim: VICTIMS[Math.floor(random() * VICTIMS.length)] ?? 'engine',
      part: random(),
      back: random() < 0.5,
    }));
    let version = '1';
    let ghosts = 0;
    /** How long a recreate takes here; what was killed before its end says nothing about it. */
    let takesMs = 1500;
    const visit: RealHosts['visit'] = async (at) => {
      const point = points[at];
      if (point === undefined) return 'missed';
      const { victim, part, back } = point;
      const [ticket, next] = [`D-${at}`, `v${at}`];
      await host.git(host.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
      await host.push(await host.service('alpha', next));
      // The way back may stop a service's database; it never makes another container of it.
      const databaseOf = async () =>
        JSON.stringify(
          (await seen(host, 'alpha'))
            .filter(({ name }) => name.includes('-db-'))
            .map(({ id, startedAt }) => (back ? id : `${id} ${startedAt}`)),
        );
      const database = await databaseOf();
      const release = host.start('run', [ticket]);
      let over = false;
      void release.ended.then(() => {
        over = true;
      });
      // It may end before it gets there, or the machine is so slow that nobody sees it begin.
      const pid = await Promise.race([release.engine(), release.ended.then(({ text }) => text)]);
      if (typeof pid === 'string')
        return { where: `release-run ${ticket}`, what: `it ended at once: ${pid.slice(-600)}` };
      const began = () => host.log(ticket).some(({ step, event }) => step === 'up' && event === 'step-start');
      await until('alpha is recreated', () => began() || over, BEGIN_MS);
      const afterMs = Math.round(part * takesMs);
      await Bun.sleep(afterMs);
      const came = await strike(victim, pid, () => over, owned);
      // Whoever runs Docker has it started again by its service manager, soon.
      if (came && victim === 'dockerd') await owned.start();
      const ended = await release.ended;
      const took = host.log(ticket).find(({ step, event }) => step === 'up' && event === 'step-done')?.fields.duration;
      if (!came && took !== undefined) takesMs = Math.max(500, Number.parseFloat(took) * 1000);
      const how = back ? 'release-revert' : '--resume';
      const where = `${victim} killed ${afterMs} ms after the recreate began, then ${how}`;
      const silent = came && (victim === 'engine' || victim === 'both');
      const freed = async () => {
        ghosts += 1;
        await owned.restart();
      };
      const outcome = { ticket, back, wanted: back ? version : next };
      const what = await settle(host, outcome, silent ? undefined : ended, freed);
      // The next one is a release of its own, whatever came of this one.
      if (what !== undefined) await host.run('abandon', [ticket, '--reason=it failed']);
      version = (await host.httpVersion('alpha')) ?? '';
      const [other, own] = [JSON.stringify(await seen(host, 'beta')), await databaseOf()];
      const wrong = [
        ...(what === undefined ? [] : [what]),
        ...(other === untouched ? [] : [`beta, which nothing concerned, was restarted: ${untouched} is ${other}`]),
        ...(own === database
          ? []
          : [`the database of alpha did not change, and is another one: ${database} is ${own}`]),
      ];
      return came ? { where, what: wrong.length === 0 ? undefined : wrong.join('; ') } : 'missed';
    };
    const notes = () =>
      ghosts === 0
        ? []
        : [`in ${ghosts} Docker kept a port for a container that was gone, and was restarted as doctor says`];
    return { visit, close, notes };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Outcome {
  ticket: string;
  back: boolean;
  /** The version that answers then. */
  wanted: string;
}

/**
 * Goes on or back. @param ended undefined where nobody was left to say anything. @param restart does what doctor says where Docker itself
 * is left with a port. @returns what is not as it has to be then.
 */
async function settle(
  h: ScenarioHost,
  { ticket, back, wanted }: Outcome,
  ended: Result | undefined,
  restart: () => Promise<void>,
): Promise<string | undefined> {
  const words = ended === undefined ? undefined : unsaid(ended);
  if (words !== undefined) return words;
  const stands = await h.run('state', [ticket]);
  if (stands.code !== 0) return `release-state: ${stands.text}`;
  const released = h.state(ticket)?.RELEASE_STATUS === 'released';
  const again = async () =>
    back ? await h.run('revert', [ticket]) : released ? undefined : await h.run('run', [ticket, '--resume']);
  let settled = await again();
  if (settled?.text.includes('port is already allocated')) {
    const { text } = await runCommand(['just', 'doctor', 'alpha'], h.prod, h.env);
    if (!/held by Docker, for a container that is gone[\s\S]*systemctl restart docker/.test(text))
      return `Docker holds a port, and doctor does not say so: ${text.slice(-600)}`;
    await restart();
    settled = await again();
  }
  const tail = settled?.text.trim().split('\n').slice(-8).join(' | ');
  if (settled !== undefined && settled.code !== 0) return `exit ${settled.code}: ${errorOf(settled)} | ${tail}`;
  const answered = await h.httpVersion('alpha');
  const names = (await seen(h, 'alpha')).map(({ name, running }) => `${name}${running ? '' : ' (stopped)'}`).join(' ');
  const expected = ['db', 'web'].map((each) => `${h.prefix}alpha-${each}-1`).join(' ');
  const strays = h.strays();
  const wrong = [
    ...(answered === wanted ? [] : [`alpha answers ${answered} instead of ${wanted}`]),
    ...(names === expected ? [] : [`containers of alpha: ${names}`]),
    ...(strays.length === 0 ? [] : [`left running: ${strays.join(', ')}`]),
    ...((await h.git(h.prod, 'status', '--porcelain')) === '' ? [] : ['the checkout is not clean']),
  ];
  return wrong.length === 0 ? undefined : `${wrong.join('; ')} | ${tail}`;
}

const errorOf = ({ text }: Result): string =>
  text
    .split('\n')
    .filter((line) => /^error: |Error response from daemon/.test(line))
    .join(' | ');

export const DOCKERD = realForm({
  kind: 'dockerd',
  what: 'real Docker: compose, the engine or dockerd killed in the middle of a recreate',
  count: 100,
  lacks: unavailableReason,
  open,
});
