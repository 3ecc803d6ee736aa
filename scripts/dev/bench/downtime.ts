// Measurement 2: how long each of 10 services does not answer, and how long all of it takes.
import { startTestEngine } from '../engine/test-engine.ts';
import { type ComposeHost, openComposeHost } from './compose-host.ts';
import { type Figures, figure, sideBySide, statsOf } from './measure.ts';
import { whileProbed } from './prober.ts';
import { ownEnv } from './program.ts';
import type { Scratch } from './scratch.ts';
import type { Table } from './table.ts';

const SERVICES = 10;
const MEGABYTES = 50;
const DOWNTIME_SHARE = 1.3;
const MAKESPAN_SHARE = 0.7;
const INTERVAL_SHARE = 1.15;

async function probed(
  host: ComposeHost,
  env: Record<string, string>,
  act: (version: string) => Promise<number>,
): Promise<Figures> {
  const version = await host.commit();
  const { value, gaps } = await whileProbed(host.ports, env, () => act(version));
  const each = statsOf(gaps.map(({ from, to }) => to - from));
  const span = Math.max(...gaps.map(({ to }) => to)) - Math.min(...gaps.map(({ from }) => from));
  return { downtime: each.median, worst: each.max, makespan: value, span: span / 1000, paused: host.pausedMs(version) };
}

export async function measureDowntime(scratch: Scratch, runs: number, show: (table: Table) => void): Promise<void> {
  const docker = await startTestEngine();
  const env = ownEnv(scratch.env);
  const open: ComposeHost[] = [];
  try {
    const [engine, bash] = [
      await openComposeHost(scratch, docker, SERVICES, MEGABYTES),
      await openComposeHost(scratch, docker, SERVICES, MEGABYTES),
    ];
    open.push(engine, bash);
    const found = await sideBySide(
      {
        engine: () => probed(engine, env, (version) => engine.releaseRun(version)),
        bash: () => probed(bash, env, (version) => bash.limit(version, 1)),
      },
      runs,
    );
    const checkedEvery = async (seconds: number): Promise<Figures> => {
      // Docker's checks of the version that goes take time, too: that one has none.
      await engine.releaseRun(await engine.commit());
      return { s: await engine.releaseRun(await engine.commit(seconds)) };
    };
    const intervals = await sideBySide({ often: () => checkedEvery(1), seldom: () => checkedEvery(30) }, runs);
    const [downtime, makespan] = [figure(found.bash, 'downtime'), figure(found.bash, 'makespan')];
    const often = figure(intervals.often, 's');
    show({
      title: `2. Downtime of ${SERVICES} compose services, consistency: live`,
      rows: [
        {
          what: 'a service, release-run',
          stats: figure(found.engine, 'downtime'),
          unit: 'ms',
          goal: { bound: DOWNTIME_SHARE * downtime.median, why: `${DOWNTIME_SHARE} x one by one` },
        },
        { what: 'a service, compose one by one', stats: downtime, unit: 'ms' },
        { what: 'the worst service, release-run', stats: figure(found.engine, 'worst'), unit: 'ms' },
        { what: 'the worst service, one by one', stats: figure(found.bash, 'worst'), unit: 'ms' },
        {
          what: 'makespan, release-run',
          stats: figure(found.engine, 'makespan'),
          unit: 's',
          goal: { bound: MAKESPAN_SHARE * makespan.median, why: `${MAKESPAN_SHARE} x one by one` },
        },
        { what: 'makespan, one by one', stats: makespan, unit: 's' },
        { what: 'first stop to last answer, release-run', stats: figure(found.engine, 'span'), unit: 's' },
        { what: 'first stop to last answer, one by one', stats: figure(found.bash, 'span'), unit: 's' },
        { what: 'paused for the backup, release-run', stats: figure(found.engine, 'paused'), unit: 'ms' },
        {
          what: 'release-run, healthcheck every 30 s',
          stats: figure(intervals.seldom, 's'),
          unit: 's',
          goal: { bound: INTERVAL_SHARE * often.median, why: `${INTERVAL_SHARE} x that of every 1 s` },
        },
        { what: 'release-run, healthcheck every 1 s', stats: often, unit: 's' },
      ],
      notes: [
        'A figure of a turn is the median of its 10 services (or the worst of them); the prober asks every 20 ms over a new connection.',
        'Before each turn with a healthcheck goes a release that does not count, to a version without one: Docker checks only what comes.',
      ],
    });
  } finally {
    await Promise.all(open.map((host) => host.close()));
    await docker.stop();
  }
}
