// The guard under a real systemd: watchdogs are units of their own, which no login takes along, and a boot finds what waits.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioHost } from './harness/host.ts';
import { until } from './harness/process.ts';
import { docker, onBoth } from './harness/runtimes.ts';
import { type Machine, startMachine } from './harness/systemd.ts';

if (docker !== undefined)
  onBoth(
    'guard, systemd',
    { services: {}, files: { 'releases/.keep': '' } },
    (host) => {
      let machine: Machine;
      beforeAll(async () => {
        if (docker === undefined) throw new Error('no engine');
        machine = await startMachine(docker, host());
      }, 600_000);
      afterAll(async () => await machine?.remove(), 60_000);

      const must = async (...argv: string[]): Promise<string> => {
        const { code, text } = await machine.run(...argv);
        expect([argv.join(' '), code, code === 0 ? '' : text]).toEqual([argv.join(' '), 0, '']);
        return text.trim();
      };
      const units = async (pattern: string): Promise<string[]> => {
        const listed = await must('systemctl', 'list-units', '--all', '--plain', '--no-legend', '--full', pattern);
        return listed.split('\n').flatMap((line) => line.split(/\s+/)[0] || []);
      };
      const watchdogs = () => units('belay-watchdog-*');
      const show = (unit: string, property: string) =>
        must('systemctl', 'show', '--value', `--property=${property}`, unit);
      const status = (h: ScenarioHost, ticket: string) => h.state(ticket)?.RELEASE_STATUS;
      const stands = (h: ScenarioHost, ticket: string, wanted: string) =>
        until(
          () => `${ticket} is ${wanted}; it is ${status(h, ticket)}`,
          () => status(h, ticket) === wanted,
        );
      const gone = () => until('no watchdog is left', async () => (await watchdogs()).length === 0);
      const count = (h: ScenarioHost, ticket: string, event: string) =>
        h.log(ticket).filter((each) => each.event === event).length;
      /** A release of a script that writes its ticket down, and takes it away again on the way back. */
      const next = async (h: ScenarioHost, ticket: string): Promise<void> => {
        const file = join(h.folder, 'value');
        await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
        await h.push({
          [`releases/${ticket}-a.sh`]: `echo ${ticket} >> '${file}'\n`,
          [`releases/${ticket}-a.revert.sh`]: `sed -i '/^${ticket}$/d' '${file}'\n`,
        });
      };
      const values = (h: ScenarioHost) => readFileSync(join(h.folder, 'value'), 'utf8');

      test('a unit of its own has the watchdog; nobody confirms, and it puts the release back once', async () => {
        const h = host();
        await next(h, 'S-1');
        const before = await h.head();
        const run = await machine.run('just', 'release-run', 'S-1', '--confirm-within=15s', '--detach');
        expect([run.code, run.text]).toEqual([10, expect.stringContaining('just release-confirm S-1')]);
        const [unit = '', ...others] = await watchdogs();
        expect(others).toEqual([]);
        expect(await show(unit, 'ActiveState')).toBe('active');
        expect(await show(unit, 'ControlGroup')).toBe(`/system.slice/${unit}`);
        const pid = await show(unit, 'MainPID');
        const words = (await must('cat', `/proc/${pid}/cmdline`)).split('\0');
        expect(words.slice(-4)).toEqual(['release-sweep', 'S-1', '--stay', '']);
        expect(values(h)).toBe('S-1\n');
        await stands(h, 'S-1', 'reverted');
        await gone();
        expect([count(h, 'S-1', 'going-back'), count(h, 'S-1', 'reverted')]).toEqual([1, 1]);
        expect(values(h)).toBe('');
        const tree = (commit: string) => h.git(h.prod, 'rev-parse', `${commit}^{tree}`);
        expect(await tree('HEAD')).toBe(await tree(before));
      });

      test('a confirmation ends the unit', async () => {
        const h = host();
        await next(h, 'S-2');
        expect((await machine.run('just', 'release-run', 'S-2', '--confirm-within=5m', '--detach')).code).toBe(10);
        expect(await watchdogs()).toHaveLength(1);
        await must('just', 'release-confirm', 'S-2');
        await gone();
        expect(status(h, 'S-2')).toBe('released');
        expect(values(h)).toBe('S-2\n');
      });

      test('the login from which it was started is ended with all its processes: the watchdog stays', async () => {
        const h = host();
        await next(h, 'S-3');
        const login = ['systemd-run', '--quiet', '--scope', '--slice=user.slice', '--unit=session-7'];
        await machine.detach(...login, 'just', 'release-run', 'S-3', '--confirm-within=15s');
        await stands(h, 'S-3', 'awaiting-confirm');
        const [unit = ''] = await watchdogs();
        await must('systemctl', 'kill', '--signal=KILL', 'session-7.scope');
        await until('the login is over', async () => (await units('session-7.scope')).length === 0);
        expect([status(h, 'S-3'), await show(unit, 'ActiveState')]).toEqual(['awaiting-confirm', 'active']);
        await stands(h, 'S-3', 'reverted');
        await gone();
        expect([count(h, 'S-3', 'reverted'), values(h)]).toEqual([1, 'S-2\n']);
      });

      test('after a boot the installed timer puts back what has expired, and watches over what has not', async () => {
        const h = host();
        expect(await must('just', 'guard-install')).toMatch(/^Installed in systemd's belay-guard-[0-9a-f]{12}\.timer/);
        expect(await must('just', 'guard-install')).toContain('Installed already');
        const [timer = ''] = (await must('systemctl', 'list-unit-files', '--no-legend', 'belay-guard-*.timer')).split(
          /\s+/,
        );
        const service = timer.replace('.timer', '.service');
        await next(h, 'S-4');
        expect((await machine.run('just', 'release-run', 'S-4', '--confirm-within=5s', '--detach')).code).toBe(10);
        await machine.shutDown();
        expect(status(h, 'S-4')).toBe('awaiting-confirm');
        await Bun.sleep(5_000);
        await machine.boot();
        await stands(h, 'S-4', 'reverted');
        await until('its watchdog is gone', async () => (await show(service, 'ActiveState')) === 'inactive');
        expect([count(h, 'S-4', 'going-back'), count(h, 'S-4', 'reverted')]).toEqual([1, 1]);
        expect(values(h)).toBe('S-2\n');

        await next(h, 'S-5');
        expect((await machine.run('just', 'release-run', 'S-5', '--confirm-within=10m', '--detach')).code).toBe(10);
        await machine.cutPower();
        await machine.boot();
        await until(
          'the timer has started the watchdog',
          async () => (await show(service, 'ActiveState')) === 'active',
        );
        const watched = async () => {
          const { stdout } = await machine.run('just', 'release-state', 'S-5', '--json');
          return (JSON.parse(stdout) as { deadline?: { watched: boolean } }).deadline?.watched;
        };
        await until('it watches', watched);
        // Somebody ends it: the timer comes round.
        await must('systemctl', 'kill', '--signal=KILL', service);
        await until('nobody watches', async () => !(await watched()));
        await until('it watches again', watched);
        await must('just', 'release-confirm', 'S-5');
        await until('its watchdog is gone', async () => (await show(service, 'ActiveState')) === 'inactive');
        expect([status(h, 'S-5'), values(h)]).toEqual(['released', 'S-2\nS-5\n']);

        expect(await must('just', 'guard-install', '--uninstall')).toContain('Nothing of Belay is in systemd');
        expect((await machine.run('systemctl', 'list-unit-files', '--no-legend', 'belay-guard-*')).stdout).toBe('');
      });
    },
    ['pm2'],
  );
