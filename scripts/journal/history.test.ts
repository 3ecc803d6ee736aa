import { expect, test } from 'bun:test';
import { ticketPaths } from '../host/paths.ts';
import { archiveRecords } from './archive.ts';
import { BASE, TARGET, type World, withWorld } from './fixture.ts';
import { history } from './history.ts';
import { openLog } from './log.ts';

/** A release that took `tookS` and gave each service those times. */
function run(
  { host, paths, pass }: World,
  ticket: string,
  tookS: number,
  up: Record<string, string[]>,
  ends = 'released' as 'released' | 'failed',
): void {
  const log = openLog(host, ticketPaths(paths, ticket).log, ticket);
  const services = Object.keys(up);
  log.append('prepare', 'start', { base: BASE, target: TARGET, services: services.join(' ') });
  for (const service of services) {
    const [backup = '', paused = '', duration = '', downtime = ''] = up[service] ?? [];
    log.append('prepare', 'step-done', { step: 'backup', service, stamp: 'x', duration: backup, paused });
    log.append('migrate', 'step-done', { step: 'up', service, duration, downtime });
  }
  pass(tookS);
  log.append('verify', ends);
}

test('medians of what the released ones took, by service and by number of services', () =>
  withWorld((world) => {
    const { host, paths } = world;
    run(world, '1', 10, { redmine: ['1.5s', '0.25s', '2s', '0.5s'] });
    run(world, '2', 20, { redmine: ['2s', '0.75s', '3.5s', '1s'] });
    run(world, '3', 60, { redmine: ['9s', '', '91s', 'unknown'], wikijs: ['1s', '', '1s', ''] });
    run(world, '4', 1, { redmine: ['1000s', '1000s', '1000s', '1000s'] }, 'failed');
    const past = history(host, paths);
    expect(past.service('redmine')).toEqual({ durationS: 5.5, downtimeS: 0.75, pauseS: 0.5 });
    expect(past.service('wikijs')).toEqual({ durationS: 2 });
    expect([past.releaseS(1), past.releaseS(2), past.releaseS(9)]).toEqual([15, 60, 20]);
  }));

test('where nothing was released yet nothing is known', () =>
  withWorld((world) => {
    run(world, '1', 1, { redmine: ['1s', '1s', '1s', '1s'] }, 'failed');
    const past = history(world.host, world.paths);
    expect(past.service('redmine')).toEqual({});
    expect(past.releaseS(1)).toBeUndefined();
  }));

test('a release that halted on the way tells how long its steps took, not how long it waited', () =>
  withWorld((world) => {
    const { host, paths, pass } = world;
    run(world, '1', 5, { redmine: ['1s', '', '1s', ''] }, 'failed');
    pass(8 * 3600);
    const log = openLog(host, ticketPaths(paths, '1').log, '1');
    log.append('verify', 'resumed', { from: 'verify' });
    log.append('verify', 'released');
    const past = history(host, paths);
    expect(past.service('redmine')).toEqual({ durationS: 2 });
    expect(past.releaseS(1)).toBeUndefined();
  }));

test('the last ten count, archived ones too; broken logs and a clock that was set back do not', () =>
  withWorld((world) => {
    const { host, paths } = world;
    const aged = (path: string, hour: number) => {
      expect(Bun.spawnSync(['touch', '-d', `2026-01-01T${String(hour).padStart(2, '0')}:00:00Z`, path]).exitCode).toBe(
        0,
      );
    };
    for (let n = 1; n <= 14; n += 1) {
      run(world, `T${n}`, n === 14 ? -5 : n, { redmine: [`${n}s`] });
      aged(ticketPaths(paths, `T${n}`).log, n);
    }
    archiveRecords(host, paths, 'T13');
    host.files.append(ticketPaths(paths, 'T12').log, 'a note\n');
    aged(ticketPaths(paths, 'T12').log, 12);
    const past = history(host, paths);
    expect(past.service('redmine').durationS).toBe((8 + 9) / 2);
    expect(past.releaseS(1)).toBe(8);
  }));
