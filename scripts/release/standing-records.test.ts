import { expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { ticketPaths } from '../host/paths.ts';
import { BASE, openWorld, TARGET, type World } from '../journal/fixture.ts';
import { openLog } from '../journal/log.ts';
import { project } from '../journal/project.ts';
import { writeState } from '../journal/state.ts';
import { secureWorkspace } from '../journal/workspace.ts';
import type { ReleaseError } from '../model/error.ts';
import type { EventName } from '../model/event.ts';
import type { Phase } from '../model/release.ts';
import type { Context } from './context.ts';
import { checkBelievable, checkFresh, checkUnblocked, inheritance, readRecords } from './standing-records.ts';

type Entry = [Phase, EventName, Record<string, string>?];
const BEGUN: Entry = [
  'prepare',
  'start',
  { branch: 'main', base: BASE, target: TARGET, services: 'wiki', removed: 'old' },
];
const BACKUP: Entry = ['prepare', 'step-done', { step: 'backup', service: 'wiki', stamp: '20260518_153012' }];
const ADVANCED: Entry = ['prepare', 'step-done', { step: 'advance', sha: TARGET }];
const FAILED: Entry = ['migrate', 'failed', { rc: '1', reason: 'it broke' }];
const ABANDONED: Entry = ['migrate', 'abandoned', { by: 'op', reason: 'enough' }];
const RELEASED: Entry = ['verify', 'released', { sha: TARGET }];

function withRecords(
  use: (world: World & { context: Context; write: (ticket: string, ...entries: Entry[]) => void }) => void,
) {
  const world = openWorld();
  const { host, paths } = world;
  secureWorkspace(host, paths);
  const write = (ticket: string, ...entries: Entry[]): void => {
    const files = ticketPaths(paths, ticket);
    const log = openLog(host, files.log, ticket);
    for (const [phase, event, fields] of entries) log.append(phase, event, fields);
    const state = project(log.events);
    if (state) writeState(host, files.state, state);
    world.pass(60);
  };
  try {
    use({ ...world, context: { host, paths } as Context, write });
  } finally {
    world.dispose();
  }
}

function refusal(act: () => unknown): ReleaseError {
  try {
    act();
  } catch (error) {
    expect(error).toMatchObject({ name: 'ReleaseError', kind: 'refused' });
    return error as ReleaseError;
  }
  throw new Error('nothing was thrown');
}

test('halted after its Advance, a release blocks every other one and says how it can be ended; before it, none', () => {
  withRecords(({ context, write }) => {
    write('1', BEGUN, BACKUP, ['prepare', 'failed']);
    expect(() => checkUnblocked(readRecords(context, '2'), undefined)).not.toThrow();
    expect(() => checkFresh(readRecords(context, '1'))).not.toThrow();
    write('1', ADVANCED, FAILED);
    const { facts } = refusal(() => checkUnblocked(readRecords(context, '2'), undefined));
    expect(facts.what).toContain('1 is halted in migrate');
    for (const command of ['1 --resume', '1 --from=migrate', '--supersedes=1', 'release-abandon 1'])
      expect([facts.hint].flat().join('\n')).toContain(command);
    expect(() => checkUnblocked(readRecords(context, '2'), '1')).not.toThrow();
    expect(refusal(() => checkFresh(readRecords(context, '1'))).facts.what).toContain('cannot simply begin again');
    write('1', ABANDONED);
    expect(() => checkUnblocked(readRecords(context, '2'), undefined)).not.toThrow();
    expect(() => checkFresh(readRecords(context, '1'))).not.toThrow();
  });
});

test('records that cannot be read are a doubt, and no release begins on one', () => {
  withRecords(({ context, paths }) => {
    writeFileSync(ticketPaths(paths, '1').log, 'not a log\n');
    const { facts } = refusal(() => checkUnblocked(readRecords(context, '2'), undefined));
    expect(facts.what).toContain('The records of 1 cannot be read');
  });
});

test('a log with nothing but a torn first line stands in nobody’s way', () => {
  withRecords(({ context, paths }) => {
    writeFileSync(ticketPaths(paths, '1').log, '2026-05-18T15:29:00Z ticket=1 pha');
    expect(() => checkUnblocked(readRecords(context, '2'), undefined)).not.toThrow();
  });
});

test('an edited state file and a broken log are named, and nothing goes on from them', () => {
  withRecords(({ context, paths, write }) => {
    write('1', BEGUN, ['prepare', 'failed']);
    const { state, log } = ticketPaths(paths, '1');
    const text = context.host.files.readText(state) ?? '';
    writeFileSync(state, text.replace('PHASE_STATUS=failed', 'PHASE_STATUS=done'));
    const edited = refusal(() => checkBelievable(readRecords(context, '1').entry));
    expect(edited.facts.details).toEqual(['PHASE_STATUS: file says done, log says failed']);
    context.host.files.remove(state);
    expect(() => checkBelievable(readRecords(context, '1').entry)).not.toThrow();
    writeFileSync(log, `${context.host.files.readText(log)}a note\n`);
    expect(refusal(() => checkBelievable(readRecords(context, '1').entry)).facts.where).toBe(`${log}:3`);
  });
});

test('what is taken over: of the named one, of the last abandoned one, of this ticket’s own earlier run', () => {
  withRecords(({ context, write }) => {
    const from = (ticket: string, supersedes?: string, deployed: string | undefined = BASE) =>
      inheritance(readRecords(context, ticket), supersedes, deployed);
    expect(from('9')).toBeUndefined();
    write('1', BEGUN, BACKUP, ADVANCED, FAILED);
    expect(from('9')).toBeUndefined();
    const expected = {
      ticket: '1',
      baseSha: BASE,
      mergeSha: TARGET,
      services: ['wiki', 'old'],
      backups: { wiki: '20260518_153012' },
    };
    expect(from('9', '1')).toMatchObject(expected);
    write('1', ABANDONED);
    expect(from('9')).toMatchObject(expected);
    expect(from('1')).toMatchObject(expected);
    expect(inheritance(readRecords(context, '9'), undefined, undefined)).toMatchObject(expected);
    expect(from('9', undefined, TARGET)).toBeUndefined();
    write('2', BEGUN, ADVANCED, FAILED, ABANDONED);
    expect(from('9')?.ticket).toBe('2');
  });
});

test('only what was halted after its Advance can be superseded', () => {
  withRecords(({ context, write }) => {
    write('1', BEGUN, ['prepare', 'failed']);
    write('2', BEGUN, ADVANCED, RELEASED);
    const why = (ticket: string) => refusal(() => inheritance(readRecords(context, '9'), ticket, BASE)).facts.what;
    expect(why('1')).toContain('it is halted, and nothing live was changed by it');
    expect(why('2')).toContain('it is released');
    expect(why('3')).toContain('no record of it');
  });
});
