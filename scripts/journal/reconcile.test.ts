import { expect, test } from 'bun:test';
import { memoryHost, RELEASE, releaseLog } from './fixture.ts';
import { readLog } from './log.ts';
import { project } from './project.ts';
import { reconcile } from './reconcile.ts';

const bytes = releaseLog();
const log = readLog(memoryHost({ bytes }), '/log');
const none = readLog(memoryHost({ bytes: new Uint8Array() }), '/log');
const broken = { ...log, events: log.events.slice(0, 5), broken: { line: 6, why: 'why' } };
const now = project(log.events);
const older = project(log.events.slice(0, 7));
if (!now || !older) throw new Error('the fixture is no release');

test('a file that says what the log adds up to', () => {
  expect(reconcile(now, log)).toEqual({ state: now, verdict: 'same', differences: [] });
  expect(reconcile(undefined, none)).toEqual({ state: undefined, verdict: 'same', differences: [] });
});

test('each older state, and a missing one, is brought up to the log', () => {
  expect(reconcile(undefined, log)).toEqual({ state: now, verdict: 'rebuilt', differences: [] });
  for (let length = 1; length < log.events.length; length += 1) {
    expect(reconcile(project(log.events.slice(0, length)), log)).toEqual({
      state: now,
      verdict: 'rebuilt',
      differences: [],
    });
  }
});

test('a file that somebody edited is named key by key, at its own place in the log', () => {
  const edited = { ...older, releaseStatus: 'released' as const, services: ['redmine'], added: [] };
  expect(reconcile(edited, log)).toEqual({
    state: now,
    verdict: 'edited',
    differences: [
      'RELEASE_STATUS: file says released, log says running',
      'SERVICES: file says redmine, log says redmine wikijs',
      'ADDED: file says nothing, log says wikijs',
    ],
  });
});

test('a file whose place is nowhere in the log is not trusted', () => {
  const result = reconcile({ ...now, logSum: '00000001' }, log);
  expect(result).toEqual({
    state: now,
    verdict: 'edited',
    differences: [`LOG_SUM: file says 00000001, log says ${now.logSum}`],
  });
  const shorter = { ...log, events: log.events.slice(0, 8) };
  expect(reconcile(now, shorter)).toMatchObject({ verdict: 'edited', state: { phase: 'prepare' } });
});

test('where the log is broken before the place of the file, or gone, there is only the file', () => {
  expect(reconcile(now, broken)).toEqual({
    state: now,
    verdict: 'file-only',
    differences: ['the log is broken at line 6: why'],
  });
  expect(reconcile(now, none)).toMatchObject({ state: now, verdict: 'file-only' });
  const early = project(log.events.slice(0, 3));
  expect(reconcile(early, broken)).toEqual({ state: project(broken.events), verdict: 'rebuilt', differences: [] });
});

test('a log in which no release begins gives no state', () => {
  const torn = readLog(memoryHost({ bytes: releaseLog([RELEASE[1] ?? ['prepare', 'notice']]) }), '/log');
  expect(reconcile(undefined, torn)).toEqual({ state: undefined, verdict: 'log-only', differences: [] });
  expect(reconcile(now, torn)).toMatchObject({ state: now, verdict: 'file-only' });
});
