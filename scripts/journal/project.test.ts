import { expect, test } from 'bun:test';
import type { EventName, LoggedEvent } from '../model/event.ts';
import { BASE, memoryHost, RELEASE, releaseLog, TARGET } from './fixture.ts';
import { readLog } from './log.ts';
import { project } from './project.ts';

const SECOND = 'c'.repeat(40);
const foldOf = (entries: typeof RELEASE) => project(readLog(memoryHost({ bytes: releaseLog(entries) }), '/log').events);
const begin = RELEASE[0] ?? ['prepare', 'start'];
const backup = (service: string, stamp: string): (typeof RELEASE)[number] => [
  'prepare',
  'step-done',
  { step: 'backup', service, stamp },
];
const advance: (typeof RELEASE)[number] = ['prepare', 'step-done', { step: 'advance', sha: TARGET }];

test('a release that went well adds up to released', () => {
  const { events } = readLog(memoryHost({ bytes: releaseLog() }), '/log');
  const at = '2026-05-18T15:29:00Z';
  expect(project(events)).toEqual({
    schema: 1,
    ticket: '1234',
    branch: 'main',
    baseSha: BASE,
    targetSha: TARGET,
    mergeSha: TARGET,
    phase: 'verify',
    phaseStatus: 'done',
    releaseStatus: 'released',
    services: ['redmine', 'wikijs'],
    added: ['wikijs'],
    removed: ['old'],
    backups: { redmine: '20260518_153012', wikijs: '20260518_153015' },
    engine: 'e1',
    supersedes: '',
    timestamps: {
      PREPARE_START: at,
      PREPARE_DONE: at,
      MIGRATE_START: at,
      MIGRATE_DONE: at,
      TICKET_START: at,
      VERIFY_START: at,
      VERIFY_DONE: at,
    },
    logSum: events.at(-1)?.sum ?? '',
  });
});

test('without an event that begins a release there is no state', () => {
  expect(project([])).toBeUndefined();
  expect(foldOf([['prepare', 'torn-tail', { dropped: 'x' }]])).toBeUndefined();
});

test.each([
  ['failed', 'failed', 'halted', true],
  ['stopped', 'stopped', 'halted', false],
  ['skipped', 'done', 'running', false],
  ['done', 'done', 'running', false],
] as const)('%s in migrate', (event, phaseStatus, releaseStatus, failedAt) => {
  const state = foldOf([begin, ['migrate', 'start'], ['migrate', event]]);
  expect(state).toMatchObject({ phase: 'migrate', phaseStatus, releaseStatus });
  expect(state?.timestamps.MIGRATE_FAILED !== undefined).toBe(failedAt);
  expect(state?.timestamps.MIGRATE_DONE !== undefined).toBe(event === 'done');
});

test.each([
  ['released', 'released'],
  ['accepted', 'released'],
  ['unverified', 'unverified'],
  ['abandoned', 'abandoned'],
  ['superseded', 'abandoned'],
] as const)('%s ends it as %s', (event, releaseStatus) => {
  expect(foldOf([begin, ['verify', 'start'], ['verify', event]])).toMatchObject({ phase: 'verify', releaseStatus });
});

test('a resumed release runs again, in the phase that it names', () => {
  const state = foldOf([
    begin,
    ['prepare', 'done'],
    ['migrate', 'start'],
    ['migrate', 'failed'],
    ['migrate', 'resumed', { from: 'migrate' }],
  ]);
  expect(state).toMatchObject({ phase: 'migrate', phaseStatus: 'running', releaseStatus: 'running' });
});

test('a phase that is begun again forgets how its last attempt ended', () => {
  const { timestamps } = foldOf([begin, ['verify', 'start'], ['verify', 'failed'], ['verify', 'start']]) ?? {
    timestamps: {},
  };
  expect(Object.keys(timestamps)).toEqual(['PREPARE_START', 'VERIFY_START']);
});

test('a prepare that is begun again has its own commits, services and backups', () => {
  const again: typeof begin = ['prepare', 'start', { ...begin[2], target: SECOND, services: 'redmine' }];
  const state = foldOf([
    begin,
    backup('redmine', '1'),
    backup('wikijs', '1'),
    ['prepare', 'failed'],
    again,
    backup('redmine', '2'),
  ]);
  expect(state).toMatchObject({ targetSha: SECOND, services: ['redmine'], backups: { redmine: '2' }, mergeSha: '' });
});

test('before the Advance the newest backup counts', () => {
  expect(foldOf([begin, backup('redmine', '1'), backup('redmine', '2')])?.backups).toEqual({ redmine: '2' });
});

test('after the Advance the first backups and MERGE_SHA stay, whatever a second prepare does', () => {
  const again: typeof begin = ['prepare', 'start', { ...begin[2], target: SECOND }];
  const before = [begin, backup('redmine', '1'), advance, ['migrate', 'failed'], again] as typeof RELEASE;
  expect(foldOf(before)).toMatchObject({ mergeSha: TARGET, backups: { redmine: '1' } });
  const after = foldOf([
    ...before,
    backup('redmine', '2'),
    backup('wikijs', '2'),
    ['prepare', 'step-done', { step: 'advance', sha: SECOND }],
  ]);
  expect(after).toMatchObject({ mergeSha: SECOND, backups: { redmine: '1', wikijs: '2' } });
});

test('a release that supersedes another takes over its Advance and its first backups', () => {
  const state = foldOf([
    ['prepare', 'start', { ...begin[2], supersedes: '1', merge: TARGET, backups: 'redmine=1' }],
    backup('redmine', '2'),
  ]);
  expect(state).toMatchObject({ supersedes: '1', mergeSha: TARGET, backups: { redmine: '1' } });
});

test('events of a newer engine and hostile names change nothing but the place in the log', () => {
  const odd = (event: string, fields: Record<string, string>): LoggedEvent => ({
    time: '2026-05-18T15:29:01Z',
    ticket: '1234',
    phase: 'migrate',
    event: event as EventName,
    fields,
    line: 2,
    sum: '0badcafe',
  });
  const first = readLog(memoryHost({ bytes: releaseLog([begin]) }), '/log').events;
  const state = project(first);
  for (const event of [
    odd('celebrated', {}),
    odd('constructor', {}),
    odd('__proto__', {}),
    odd('step-done', { step: 'backup' }),
  ]) {
    expect(project([...first, event])).toEqual({ ...state, logSum: '0badcafe' } as typeof state);
  }
});
