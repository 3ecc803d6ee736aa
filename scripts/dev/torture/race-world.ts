// One guarded release on a disk in memory, and several processes that want something of it. Locks are the kernel's: on a file, not on its name.
import { hostPaths, ticketPaths } from '../../host/paths.ts';
import type { FileLock, Host } from '../../host/port.ts';
import { type Armed, anchored, guardFiles, momentNow, writeArmed } from '../../journal/guard.ts';
import { openLog, readLog } from '../../journal/log.ts';
import { project } from '../../journal/project.ts';
import { writeState } from '../../journal/state.ts';
import { parseReleaseConfig } from '../../manifest/release-config.ts';
import type { EventName, LoggedEvent } from '../../model/event.ts';
import type { Phase } from '../../model/release.ts';
import type { Context } from '../../release/context.ts';
import { Disk } from '../simulation/disk.ts';
import { Containers } from '../simulation/docker-state.ts';
import { GitObjects } from '../simulation/git-objects.ts';
import { simFiles } from '../simulation/sim-files.ts';
import { makeWorld, type World } from '../simulation/world.ts';

export const TICKET = 'G-1';
export const WITHIN_MS = 600_000;
const CAP_MS = 1_800_000;
const START_MS = Date.parse('2026-05-18T15:29:00Z');
const TARGET = 'b'.repeat(40);

export const PATHS = hostPaths('/host', '/engine', '.asd/workspace/backups');
export const FILES = ticketPaths(PATHS, TICKET);
/** What the host runs: there where it was put back. */
export const OLD_VERSION = '/host/old-version';

export interface RaceWorld {
  world: World;
  clock: { wallMs: number; bootMs: number };
  /** Inode of a lock file -> the process that holds it. */
  locks: Map<number, number>;
  /** Called within the system calls of whoever runs. */
  meanwhile: (() => void) | undefined;
  /** Writes to the log by a process that does not hold the lock. */
  trespasses: string[];
}

export function raceWorld(disk: Disk, seed: number): RaceWorld {
  const world = makeWorld({ disk, objects: new GitObjects(), containers: new Containers(), nowMs: START_MS, seed });
  const race: RaceWorld = {
    world,
    clock: { wallMs: START_MS, bootMs: 5_000_000 },
    locks: new Map(),
    meanwhile: undefined,
    trespasses: [],
  };
  const { effect } = world;
  world.effect = (what, path) => {
    race.meanwhile?.();
    return effect(what, path);
  };
  return race;
}

/** The host as one process sees it. @param pid its own number. */
export function processHost(race: RaceWorld, pid: number): Host {
  const { world, clock, locks } = race;
  const files = simFiles(world);
  const holds = (path: string): boolean => locks.get(world.disk.find(path)?.id ?? -1) === pid;
  const lock = (path: string): FileLock | undefined => {
    const inode = world.disk.find(path) ?? world.disk.create(path, 'file', 0o600);
    if (locks.has(inode.id)) return undefined;
    locks.set(inode.id, pid);
    return {
      write: (content) => world.disk.write(inode, Buffer.from(content)),
      stillHeld: () => locks.get(inode.id) === pid && holds(path),
      release() {
        if (locks.get(inode.id) !== pid) return;
        world.disk.write(inode, new Uint8Array());
        locks.delete(inode.id);
      },
    };
  };
  const append: Host['files']['append'] = (path, content, options) => {
    if (path === FILES.log && !holds(PATHS.lock)) race.trespasses.push(`process ${pid} wrote ${content.trim()}`);
    files.append(path, content, options);
  };
  const machine: Partial<Host['machine']> = {
    pid,
    uid: 0,
    user: `operator-${pid}`,
    hostname: 'simulated',
    bootId: 'boot-1',
    alive: (other) => [...locks.values()].includes(other),
    startTime: (other) => String(other),
    random: (bytes) =>
      Array.from({ length: bytes }, () =>
        Math.floor(world.random() * 256)
          .toString(16)
          .padStart(2, '0'),
      ).join(''),
  };
  return {
    files: { ...files, append, lock },
    machine,
    clock: { now: () => new Date(clock.wallMs), monotonicMs: () => clock.bootMs },
  } as Host;
}

const { config } = parseReleaseConfig(undefined);
const quiet = { say: () => undefined, warn: () => undefined, status: () => undefined, isTty: false, detached: false };

export const contextOn = (host: Host): Context =>
  ({ host, paths: PATHS, config, terminal: quiet, env: {}, secrets: [] }) as unknown as Context;

/** What a release writes to its log, and the state that it adds up to. */
export function write(
  host: Host,
  assertHeld: () => void,
  ...entries: Array<[Phase, EventName, Record<string, string>?]>
): void {
  const journal = openLog(host, FILES.log, TICKET, { assertHeld });
  for (const [phase, event, fields] of entries) {
    journal.append(phase, event, fields);
    const state = project(journal.events);
    if (state) writeState(host, FILES.state, state);
  }
}

export const logOf = (race: RaceWorld): LoggedEvent[] => readLog(processHost(race, 1), FILES.log).events;

/** A disk on which a release waits for its confirmation, made once. */
export function waitingDisk(): Disk {
  const race = raceWorld(new Disk(), 1);
  const host = processHost(race, 1);
  host.files.mkdir(PATHS.releases);
  host.files.mkdir(PATHS.guard);
  const lock = host.files.lock(PATHS.lock);
  const armed: Armed = {
    schema: 1,
    ticket: TICKET,
    id: 'ab',
    stage: 'provisional',
    at: momentNow(host),
    leftMs: CAP_MS,
    capLeftMs: CAP_MS,
    withinMs: WITHIN_MS,
    capMs: CAP_MS,
    watch: 'notice',
    afterConfirm: [['true']],
    config,
  };
  writeArmed(host, PATHS, armed);
  const deadline = '2026-05-18T18:00:00Z';
  const begun = { branch: 'main', base: 'a'.repeat(40), target: TARGET, services: 'wiki' };
  write(
    host,
    () => undefined,
    ['prepare', 'start', begun],
    ['prepare', 'armed', { deadline, within: '10m' }],
    ['prepare', 'step-done', { step: 'advance', sha: TARGET }],
    ['verify', 'start'],
    ['verify', 'done'],
  );
  writeArmed(host, PATHS, { ...anchored(armed, momentNow(host), WITHIN_MS, CAP_MS), stage: 'window' });
  write(host, () => undefined, ['confirm', 'start', { deadline }]);
  host.files.replace(guardFiles(PATHS, TICKET).run, '#!/bin/sh\n');
  lock?.release();
  return race.world.disk;
}
