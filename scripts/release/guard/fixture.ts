// For tests: a guarded release on a host whose clocks, boot and sudden end are the test's to decide, with a revert that is a few lines of log and one file.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mortalHost } from '../../backups/mortal-host.ts';
import { hostPaths, ticketPaths } from '../../host/paths.ts';
import type { Host } from '../../host/port.ts';
import { openHost } from '../../host/real.ts';
import { BASE, START_MS, TARGET } from '../../journal/fixture.ts';
import { type Armed, anchored, momentNow, writeArmed } from '../../journal/guard.ts';
import type { ReleaseLock } from '../../journal/lock.ts';
import { openLog, readLog } from '../../journal/log.ts';
import { project } from '../../journal/project.ts';
import { writeState } from '../../journal/state.ts';
import { secureWorkspace } from '../../journal/workspace.ts';
import { parseReleaseConfig } from '../../manifest/release-config.ts';
import { EXIT } from '../../model/error.ts';
import type { EventName } from '../../model/event.ts';
import type { Phase } from '../../model/release.ts';
import type { Context } from '../context.ts';
import { type Hands, type Settled, settleGuard } from './settle.ts';

export const TICKET = 'G-1';
export const WITHIN_MS = 600_000;
export const CAP_MS = 1_800_000;
const LOCK = { assertHeld: () => undefined, release: () => undefined } as ReleaseLock;

export interface GuardWorld {
  host: Host;
  context: Context;
  clock: { wallMs: number; bootMs: number; boot: string };
  /** What the host runs: `new` from the start of the release on, `old` once it was put back. */
  runs(): string;
  events(): string[];
  count(event: EventName): number;
  /** Both clocks go on. */
  pass(ms: number): void;
  /** Another boot, so many milliseconds ago, after so long without power. */
  reboot(offMs: number, upMs?: number): void;
  write(on: Host, ...entries: Array<[Phase, EventName, Record<string, string>?]>): void;
  arm(on?: Host): Armed;
  openWindow(on?: Host): void;
  /** @param life effects after which everything dies; undefined: it lives. @returns `killed` where it died. */
  sweep(life?: number): Promise<Settled | 'killed'>;
  mortal(life: number): Host;
  /** How the next reverts end; without one they go well. */
  failing: Array<number | Error>;
  reverts: number;
  after: string[][];
  dispose(): void;
}

/** @param settings of .asd/release.yaml. */
export function openGuardWorld(settings?: string): GuardWorld {
  const real = openHost();
  const root = real.files.tempFolder(tmpdir(), 'guard-');
  const clock = { wallMs: START_MS, bootMs: 5_000_000, boot: 'boot-1' };
  const host: Host = {
    ...real,
    clock: { ...real.clock, now: () => new Date(clock.wallMs), monotonicMs: () => clock.bootMs },
    machine: new Proxy(real.machine, {
      get: (machine, name) => (name === 'bootId' ? clock.boot : Reflect.get(machine, name)),
    }),
  };
  const paths = hostPaths(root, root, '.asd/workspace/backups');
  secureWorkspace(host, paths);
  const { config } = parseReleaseConfig(settings);
  const quiet = { say: () => undefined, warn: () => undefined, status: () => undefined, isTty: false, detached: false };
  const contextOn = (on: Host) =>
    ({ host: on, paths, config, terminal: quiet, env: {}, secrets: [] }) as unknown as Context;
  const files = ticketPaths(paths, TICKET);
  const version = join(root, 'version');
  const log = () => readLog(host, files.log).events;
  const write: GuardWorld['write'] = (on, ...entries) => {
    const journal = openLog(on, files.log, TICKET);
    for (const [phase, event, fields] of entries) {
      journal.append(phase, event, fields);
      const state = project(journal.events);
      if (state) writeState(on, files.state, state);
    }
  };
  const hands: Hands = {
    async revert(context) {
      world.reverts += 1;
      write(context.host, ['revert', 'start']);
      const wrong = world.failing.shift();
      if (wrong instanceof Error) throw wrong;
      if (wrong !== undefined) {
        write(context.host, ['revert', wrong === EXIT.stopped ? 'stopped' : 'failed', { reason: 'as told' }]);
        return wrong;
      }
      context.host.files.replace(version, 'old');
      write(context.host, ['revert', 'reverted', { push: 'none' }]);
      return EXIT.ok;
    },
    async afterConfirm(_context, _journal, _ticket, commands) {
      world.after.push(...commands);
    },
  };
  const mortal = (life: number): Host => {
    const { host: dying } = mortalHost(host, life);
    return dying;
  };
  const world: GuardWorld = {
    host,
    context: contextOn(host),
    clock,
    runs: () => host.files.readText(version) ?? 'new',
    events: () => log().map((e) => `${e.phase} ${e.event}`),
    count: (event) => log().filter((e) => e.event === event).length,
    pass(ms) {
      clock.wallMs += ms;
      clock.bootMs += ms;
    },
    reboot(offMs, upMs = 20_000) {
      clock.wallMs += offMs + upMs;
      clock.bootMs = upMs;
      clock.boot = `boot-${Number(clock.boot.slice(5)) + 1}`;
    },
    write,
    arm(on = host) {
      const leftMs = 3_600_000 + CAP_MS;
      const own: Armed = {
        schema: 1,
        ticket: TICKET,
        id: 'ab',
        stage: 'provisional',
        at: momentNow(host),
        leftMs,
        capLeftMs: leftMs,
        withinMs: WITHIN_MS,
        capMs: CAP_MS,
        watch: 'notice',
        afterConfirm: [['true']],
        config,
      };
      writeArmed(on, paths, own);
      const fields = { branch: 'main', base: BASE, target: TARGET, services: 'wiki' };
      write(
        on,
        ['prepare', 'start', fields],
        ['prepare', 'armed', { deadline: '2026-05-18T18:00:00Z', within: '10m' }],
      );
      return own;
    },
    openWindow(on = host) {
      write(on, ['prepare', 'step-done', { step: 'advance', sha: TARGET }], ['verify', 'start'], ['verify', 'done']);
      const own = { ...world.arm, ...JSON.parse(host.files.readText(join(paths.guard, TICKET, 'armed.json')) ?? '{}') };
      writeArmed(on, paths, { ...anchored(own as Armed, momentNow(host), WITHIN_MS, CAP_MS), stage: 'window' });
      write(on, ['confirm', 'start', { deadline: '2026-05-18T16:00:00Z' }]);
    },
    async sweep(life) {
      if (life === undefined) return await settleGuard(contextOn(host), LOCK, TICKET, hands);
      const dying = mortalHost(host, life);
      try {
        const settled = await settleGuard(contextOn(dying.host), LOCK, TICKET, hands);
        return dying.dead() ? 'killed' : settled;
      } catch (error) {
        if (dying.dead()) return 'killed';
        throw error;
      }
    },
    mortal,
    failing: [],
    reverts: 0,
    after: [],
    dispose: () => real.files.remove(root),
  };
  return world;
}
