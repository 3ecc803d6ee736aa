// The state file: KEY=value for people, bash and dotenv. It is written whole, and is a projection of the log.
import type { Host } from '../host/port.ts';
import { refused } from '../model/error.ts';
import { isSha, isTicket } from '../model/names.ts';
import {
  PHASES,
  type Phase,
  type PhaseStatus,
  type PushState,
  type ReleaseState,
  type ReleaseStatus,
  SCHEMA,
} from '../model/release.ts';
import { formatPairs, parsePairs } from './keyvalue.ts';
import { regularFile } from './place.ts';
import { formatBackups, parseBackups, words } from './project.ts';

const PHASE_STATUSES: readonly PhaseStatus[] = ['running', 'done', 'failed', 'stopped'];
const RELEASE_STATUSES: readonly ReleaseStatus[] = [
  'running',
  'halted',
  'released',
  'unverified',
  'awaiting-confirm',
  'reverting',
  'reverted',
  'in-doubt',
  'abandoned',
];
const ALL_PHASES: readonly Phase[] = [...PHASES, 'confirm', 'revert'];
const PUSH_STATES: readonly PushState[] = ['pending', 'done', 'branch', 'none'];
const TIMES = ALL_PHASES.flatMap((phase) =>
  ['START', 'DONE', 'FAILED'].map((what) => `${phase.toUpperCase()}_${what}`),
);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const NAME = /^[a-z0-9][a-z0-9_-]*$/;
const STAMP = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const SUM = /^[0-9a-f]{8}$/;

/** The keys and values of a state in their order. */
export function stateEntries(state: ReleaseState): Array<[string, string]> {
  const entries: Array<[string, string]> = [
    ['SCHEMA', String(state.schema)],
    ['TICKET', state.ticket],
    ['BRANCH', state.branch],
    ['BASE_SHA', state.baseSha],
    ['TARGET_SHA', state.targetSha],
    ['MERGE_SHA', state.mergeSha],
    ['PHASE', state.phase],
    ['PHASE_STATUS', state.phaseStatus],
    ['RELEASE_STATUS', state.releaseStatus],
    ['SERVICES', state.services.join(' ')],
    ['ADDED', state.added.join(' ')],
    ['REMOVED', state.removed.join(' ')],
    ['BACKUPS', formatBackups(state.backups)],
    ['ENGINE', state.engine],
  ];
  if (state.supersedes !== '') entries.push(['SUPERSEDES', state.supersedes]);
  if (state.push !== undefined) entries.push(['PUSH', state.push]);
  if (state.deadline !== undefined) entries.push(['DEADLINE', state.deadline]);
  for (const time of TIMES) {
    const value = state.timestamps[time];
    if (value !== undefined) entries.push([`TIMESTAMP_${time}`, value]);
  }
  entries.push(['LOG_SUM', state.logSum]);
  return entries;
}

/** @throws refused where a value holds what bash or dotenv would take for more than text. */
export function formatState(state: ReleaseState): string {
  return formatPairs(stateEntries(state), `${state.ticket}.env`);
}

/**
 * Keys that are not known are passed over.
 * @param file named in errors. @throws refused, naming the key, where one is missing or malformed or the schema is newer.
 */
export function parseState(text: string, file: string): ReleaseState {
  const pairs = parsePairs(text);
  const take = (key: string, fits: (value: string) => boolean, otherwise?: string): string => {
    const value = Object.hasOwn(pairs, key) ? pairs[key] : otherwise;
    if (value !== undefined && fits(value)) return value;
    throw malformed(file, key, value);
  };
  const list = (key: string): string[] =>
    words(take(key, (value) => words(value).every((word) => NAME.test(word)), ''));
  const schema = Number(take('SCHEMA', (value) => /^[1-9]\d{0,8}$/.test(value)));
  if (schema > SCHEMA) throw newer(file, schema);
  const oneOf = <T extends string>(key: string, all: readonly T[]): T => {
    const found = all.find((known) => known === pairs[key]);
    if (found === undefined) throw malformed(file, key, pairs[key]);
    return found;
  };
  const shaOrNone = (value: string): boolean => value === '' || isSha(value);
  const timestamps: Record<string, string> = {};
  for (const time of TIMES) {
    const key = `TIMESTAMP_${time}`;
    if (Object.hasOwn(pairs, key)) timestamps[time] = take(key, (value) => TIME.test(value));
  }
  return {
    schema,
    ticket: take('TICKET', isTicket),
    branch: take('BRANCH', (value) => /^[A-Za-z0-9._/@+-]*$/.test(value), ''),
    baseSha: take('BASE_SHA', isSha),
    targetSha: take('TARGET_SHA', isSha),
    mergeSha: take('MERGE_SHA', shaOrNone, ''),
    phase: oneOf('PHASE', ALL_PHASES),
    phaseStatus: oneOf('PHASE_STATUS', PHASE_STATUSES),
    releaseStatus: oneOf('RELEASE_STATUS', RELEASE_STATUSES),
    services: list('SERVICES'),
    added: list('ADDED'),
    removed: list('REMOVED'),
    backups: parseBackups(take('BACKUPS', isBackups, '')),
    engine: take('ENGINE', (value) => /^[A-Za-z0-9._-]*$/.test(value), ''),
    supersedes: take('SUPERSEDES', (value) => value === '' || isTicket(value), ''),
    ...(pairs.PUSH === undefined ? {} : { push: oneOf('PUSH', PUSH_STATES) }),
    ...(pairs.DEADLINE === undefined ? {} : { deadline: take('DEADLINE', (value) => TIME.test(value)) }),
    timestamps,
    logSum: take('LOG_SUM', (value) => SUM.test(value)),
  };
}

const isBackups = (text: string): boolean =>
  Object.entries(parseBackups(text)).every(([service, stamp]) => NAME.test(service) && STAMP.test(stamp));

/** @returns undefined where there is none. @throws refused as {@link parseState}, and for a link or FIFO in its place. */
export function readState(host: Host, path: string): ReleaseState | undefined {
  if (!regularFile(host, path)) return undefined;
  const text = host.files.readText(path, { maxBytes: 1024 * 1024 });
  return text === undefined ? undefined : parseState(text, path);
}

/** Replaces the file whole, 0600. @throws refused as {@link formatState}. */
export function writeState(host: Host, path: string, state: ReleaseState): void {
  regularFile(host, path);
  host.files.replace(path, formatState(state), { mode: 0o600 });
}

function malformed(file: string, key: string, value: string | undefined) {
  const said = value === undefined ? 'is missing' : `is ${JSON.stringify(value.slice(0, 80))}, which it cannot be`;
  return refused({
    what: `${key} ${said}`,
    where: file,
    hint: 'Put the line right, or move the file away: it is rebuilt from the log beside it.',
  });
}

function newer(file: string, schema: number) {
  return refused({
    what: `SCHEMA is ${schema}: a newer engine wrote this file, and this one reads up to ${SCHEMA}`,
    where: file,
    hint: 'Use the engine that ran the release, or bring this one up to date.',
  });
}
