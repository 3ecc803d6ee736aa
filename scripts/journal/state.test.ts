import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { parse } from 'dotenv';
import fc from 'fast-check';
import type { ReleaseState } from '../model/release.ts';
import { BASE, memoryHost, releaseLog, TARGET, withWorld } from './fixture.ts';
import { formatPairs, plain } from './keyvalue.ts';
import { readLog } from './log.ts';
import { project } from './project.ts';
import { formatState, parseState, readState, stateEntries, writeState } from './state.ts';

function released(): ReleaseState {
  const state = project(readLog(memoryHost({ bytes: releaseLog() }), '/log').events);
  if (!state) throw new Error('the fixture is no release');
  return state;
}

/** What bash has after sourcing the file, key by key. */
function sourced(file: string, keys: string[]): Record<string, string> {
  const script = `set -eu; source "$1"; shift; for k in "$@"; do printf '%s\\0' "\${!k}"; done`;
  const { stdout, stderr } = Bun.spawnSync(['bash', '--norc', '-c', script, 'bash', file, ...keys], { env: {} });
  expect(stderr.toString()).toBe('');
  const values = stdout.toString().split('\0');
  return Object.fromEntries(keys.map((key, index) => [key, values[index] ?? '']));
}

test('the keys stand in their order, as operators grep for them', () => {
  const text = formatState({ ...released(), supersedes: '1233' });
  expect(text.split('\n').map((line) => line.split('=')[0])).toEqual([
    'SCHEMA',
    'TICKET',
    'BRANCH',
    'BASE_SHA',
    'TARGET_SHA',
    'MERGE_SHA',
    'PHASE',
    'PHASE_STATUS',
    'RELEASE_STATUS',
    'SERVICES',
    'ADDED',
    'REMOVED',
    'BACKUPS',
    'ENGINE',
    'SUPERSEDES',
    'TIMESTAMP_PREPARE_START',
    'TIMESTAMP_PREPARE_DONE',
    'TIMESTAMP_MIGRATE_START',
    'TIMESTAMP_MIGRATE_DONE',
    'TIMESTAMP_TICKET_START',
    'TIMESTAMP_VERIFY_START',
    'TIMESTAMP_VERIFY_DONE',
    'LOG_SUM',
    '',
  ]);
  expect(text).toContain('\nSERVICES="redmine wikijs"\n');
  expect(text).toContain('\nBACKUPS="redmine=20260518_153012 wikijs=20260518_153015"\n');
  expect(text).toContain(`\nMERGE_SHA=${TARGET}\n`);
});

test('bash, dotenv and this engine read the same', () =>
  withWorld(({ host, paths }) => {
    const path = join(paths.releases, '1234.env');
    const state = { ...released(), mergeSha: '', added: [] };
    writeState(host, path, state);
    const entries = Object.fromEntries(stateEntries(state));
    expect(sourced(path, Object.keys(entries))).toEqual(entries);
    expect(parse(host.files.readText(path) ?? '')).toEqual(entries);
    expect(readState(host, path)).toEqual(state);
    expect(host.files.stat(path)?.mode).toBe(0o600);
  }));

test('whatever a value holds, it is refused or read alike by bash and dotenv', () =>
  withWorld(({ host, paths }) => {
    const path = join(paths.releases, 'any.env');
    const hostile = fc.string({ unit: fc.constantFrom(...'ab 9=~%$`"\\!#\'(){}*?;&|<>\n\r\t\u0000é+-,:@/._') });
    const pairs: Array<[string, string]> = [];
    for (const value of [...fc.sample(hostile, 400), '~root', '$(id)', '`id`', 'a #b', '-n', '"', "'", '\\n', '!!']) {
      const key = `K${pairs.length}`;
      if (plain(value) === value) pairs.push([key, value]);
      else expect(() => formatPairs([[key, value]], path)).toThrow(/bash sources/);
      pairs.push([`${key}P`, plain(value)]);
    }
    host.files.replace(path, formatPairs(pairs, path));
    const written = Object.fromEntries(pairs);
    expect(sourced(path, Object.keys(written))).toEqual(written);
    expect(parse(host.files.readText(path) ?? '')).toEqual(written);
  }));

test('a state whose names are hostile is not written', () => {
  expect(() => formatState({ ...released(), services: ['$(id)'] })).toThrow(
    expect.objectContaining({ kind: 'refused' }),
  );
  expect(() => formatState({ ...released(), branch: 'a\nPHASE=verify' })).toThrow(/BRANCH cannot be/);
});

test('keys that are not known, comments and missing optional keys are no problem', () => {
  const { supersedes, ...rest } = released();
  const text = formatState({ ...rest, supersedes }).replace(/^(ADDED|ENGINE)=.*\n/gm, '');
  expect(parseState(`# by hand\nLATER_KEY="soon $x"\n${text}`, 'f')).toEqual({
    ...rest,
    supersedes,
    added: [],
    engine: '',
  });
});

test.each([
  ['SCHEMA', '', 'SCHEMA is ""'],
  ['TICKET', '../x', 'TICKET is "../x"'],
  ['BASE_SHA', 'HEAD', 'BASE_SHA is "HEAD"'],
  ['MERGE_SHA', BASE.slice(1), 'MERGE_SHA is'],
  ['PHASE', 'migrated', 'PHASE is "migrated"'],
  ['PHASE_STATUS', 'ok', 'PHASE_STATUS is "ok"'],
  ['RELEASE_STATUS', 'toString', 'RELEASE_STATUS is "toString"'],
  ['SERVICES', '"redmine ../x"', 'SERVICES is "redmine ../x"'],
  ['BACKUPS', '"redmine=../../etc"', 'BACKUPS is'],
  ['BACKUPS', 'redmine', 'BACKUPS is'],
  ['TIMESTAMP_PREPARE_START', 'yesterday', 'TIMESTAMP_PREPARE_START is "yesterday"'],
  ['LOG_SUM', 'none', 'LOG_SUM is "none"'],
  ['SCHEMA', '2', 'newer engine'],
])('%s=%s is refused by name', (key, value, what) => {
  const text = formatState(released()).replace(new RegExp(`^${key}=.*$`, 'm'), `${key}=${value}`);
  expect(() => parseState(text, '/x/1234.env')).toThrow(what);
  expect(() => parseState(text, '/x/1234.env')).toThrow('/x/1234.env');
});

test('an empty file and a missing key are refused, a missing file is none, a link is not followed', () =>
  withWorld(({ host, paths }) => {
    expect(() => parseState('', 'f')).toThrow('SCHEMA is missing');
    expect(() => parseState(formatState(released()).replace(/^PHASE=.*\n/m, ''), 'f')).toThrow('PHASE is missing');
    const path = join(paths.releases, '1.env');
    expect(readState(host, path)).toBeUndefined();
    host.files.symlink('/etc/passwd', path);
    expect(() => readState(host, path)).toThrow('a symbolic link');
    expect(() => writeState(host, path, released())).toThrow('a symbolic link');
  }));
