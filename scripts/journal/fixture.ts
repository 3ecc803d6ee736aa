// For the journal's tests: a host with a temp folder and a clock of its own, a log in memory, and a release to write down.
import { tmpdir } from 'node:os';
import { type HostPaths, hostPaths } from '../host/paths.ts';
import type { FileStat, Host } from '../host/port.ts';
import { openHost } from '../host/real.ts';
import type { EventName, JournalEvent } from '../model/event.ts';
import { type JournalLog, openLog } from './log.ts';
import { secureWorkspace } from './workspace.ts';

export const BASE = 'a'.repeat(40);
export const TARGET = 'b'.repeat(40);
export const START_MS = Date.parse('2026-05-18T15:29:00Z');

export interface World {
  host: Host;
  paths: HostPaths;
  /** Lets the clock go on. */
  pass(seconds: number): void;
  dispose(): void;
}

/** The real host below a temp folder, with a clock that stands still. */
export function openWorld(): World {
  const real = openHost();
  const root = real.files.tempFolder(tmpdir(), 'journal-');
  let nowMs = START_MS;
  const host: Host = { ...real, clock: { ...real.clock, now: () => new Date(nowMs) } };
  return {
    host,
    paths: hostPaths(root, root, '.asd/workspace/backups'),
    pass(seconds) {
      nowMs += seconds * 1000;
    },
    dispose: () => real.files.remove(root),
  };
}

export function withWorld(use: (world: World) => void): void {
  const world = openWorld();
  try {
    secureWorkspace(world.host, world.paths);
    use(world);
  } finally {
    world.dispose();
  }
}

/** A host with nothing but one file in memory: for tests that read a log thousands of times. */
export function memoryHost(content: { bytes: Uint8Array }): Host {
  const stat = (): FileStat => ({
    kind: 'file',
    size: content.bytes.length,
    mode: 0o600,
    uid: 0,
    gid: 0,
    mtimeMs: 0,
    dev: 1,
    ino: 1,
  });
  const files: Partial<Host['files']> = {
    stat,
    readRange: (_, offset, length) => content.bytes.subarray(offset, offset + length),
    append(_, text, options) {
      const kept = content.bytes.subarray(0, options?.truncateTo ?? content.bytes.length);
      content.bytes = Buffer.concat([kept, Buffer.from(text)]);
    },
  };
  return { files, clock: { now: () => new Date(START_MS) } } as Host;
}

type Entry = [JournalEvent['phase'], EventName, Record<string, string>?];

/** A release of two services that went well, event by event. */
export const RELEASE: Entry[] = [
  [
    'prepare',
    'start',
    {
      by: 'root',
      branch: 'main',
      base: BASE,
      target: TARGET,
      head: BASE,
      services: 'redmine wikijs',
      added: 'wikijs',
      removed: 'old',
      engine: 'e1',
    },
  ],
  ['prepare', 'step-start', { step: 'backup', service: 'redmine' }],
  [
    'prepare',
    'step-done',
    { step: 'backup', service: 'redmine', stamp: '20260518_153012', duration: '2.5s', paused: '0.4s' },
  ],
  ['prepare', 'step-start', { step: 'backup', service: 'wikijs' }],
  ['prepare', 'step-done', { step: 'backup', service: 'wikijs', stamp: '20260518_153015', duration: '3s' }],
  ['prepare', 'step-start', { step: 'advance' }],
  ['prepare', 'step-done', { step: 'advance', sha: TARGET, duration: '1s' }],
  ['prepare', 'done', { duration: '72s' }],
  ['migrate', 'start', { services: 'redmine wikijs' }],
  ['migrate', 'step-start', { step: 'up', service: 'redmine' }],
  ['migrate', 'step-done', { step: 'up', service: 'redmine', duration: '6s', downtime: '0.9s' }],
  ['migrate', 'step-start', { step: 'up', service: 'wikijs' }],
  ['migrate', 'step-done', { step: 'up', service: 'wikijs', duration: '4s', downtime: '0.5s' }],
  ['migrate', 'done', { duration: '10s' }],
  ['ticket', 'start'],
  ['ticket', 'skipped-no-script'],
  ['verify', 'start'],
  ['verify', 'step-done', { step: 'health', service: 'redmine', duration: '1.5s' }],
  ['verify', 'done', { duration: '2s' }],
  [
    'verify',
    'released',
    { reason: 'all healthy: "fine"\n2026-05-18T15:29:00Z ticket=9 phase=verify event=released sum=00000000' },
  ],
];

export function writeRelease(log: Pick<JournalLog, 'append'>, entries: readonly Entry[] = RELEASE): void {
  for (const [phase, event, fields] of entries) log.append(phase, event, fields);
}

/** The release's log as it would be in its file. */
export function releaseLog(entries: readonly Entry[] = RELEASE): Uint8Array {
  const content = { bytes: new Uint8Array() };
  writeRelease(openLog(memoryHost(content), '/log', '1234'), entries);
  return new Uint8Array(content.bytes);
}
