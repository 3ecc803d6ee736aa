// All releases that this host has records of, each with what its state file and its log say together.
import { type HostPaths, ticketPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { ReleaseError } from '../model/error.ts';
import { isTicket } from '../model/names.ts';
import type { ReleaseState } from '../model/release.ts';
import { listArchives } from './archive.ts';
import { readLog } from './log.ts';
import { reconcile, type Verdict } from './reconcile.ts';
import { readState } from './state.ts';

export interface ReleaseEntry {
  ticket: string;
  /** The number of an archive; undefined for the ticket's current records. */
  archive?: number;
  state?: ReleaseState;
  /** `unreadable`: `problem` says why the state file (or the log) cannot be read; the state is the other one's, where there is one. */
  verdict: Verdict | 'unreadable';
  differences: string[];
  torn?: string;
  broken?: { line: number; why: string };
  problem?: ReleaseError;
  files: { state: string; log: string; receipt: string; records: string };
}

/** Every ticket with a state file or log, in name order; damaged ones too. Reads only. @param options.archives also earlier runs. */
export function listReleases(host: Host, paths: HostPaths, options: { archives?: boolean } = {}): ReleaseEntry[] {
  const names = host.files.list(paths.releases).map((name) => /^(.+)\.(env|log)$/.exec(name)?.[1] ?? '');
  const tickets = [...new Set(names.filter(isTicket))].filter((ticket) => {
    const { state, log } = ticketPaths(paths, ticket);
    // The folder of a ticket that is called `1.log` is no log of ticket 1.
    return [state, log].some((path) => !['folder', undefined].includes(host.files.stat(path)?.kind));
  });
  const current = tickets.map((ticket) => readRelease(host, ticketPaths(paths, ticket), ticket));
  if (!options.archives) return current;
  const archived = listArchives(host, paths).map((archive) => ({
    ...readRelease(host, archive, archive.ticket),
    archive: archive.n,
  }));
  return [...current, ...archived];
}

/** What a host's releases were when they were last read, by log, and which files that was read from. */
const remembered = new WeakMap<Host, Map<string, { stamps: string; entry: ReleaseEntry }>>();

/**
 * One release as its files say; files that are as they were are not read again: a host has many releases, and a verb asks for them more
 * than once. Never throws for what is in them.
 */
export function readRelease(host: Host, files: ReleaseEntry['files'], ticket: string): ReleaseEntry {
  const known = remembered.get(host) ?? new Map();
  remembered.set(host, known);
  const stamps = [files.state, files.log].map((path) => stampOf(host, path)).join();
  const before = known.get(files.log);
  if (before?.stamps === stamps) return before.entry;
  const entry = readFiles(host, files, ticket);
  known.set(files.log, { stamps, entry });
  return entry;
}

function stampOf(host: Host, path: string): string {
  const stat = host.files.stat(path);
  return stat === undefined ? '' : [stat.kind, stat.dev, stat.ino, stat.size, stat.mtimeMs].join(' ');
}

function readFiles(host: Host, files: ReleaseEntry['files'], ticket: string): ReleaseEntry {
  const { state, log, receipt, records } = files;
  const entry = { ticket, files: { state, log, receipt, records } };
  const file = attempt(() => readState(host, state));
  const reading = attempt(() => readLog(host, log));
  const problem = file.problem ?? reading.problem;
  const result = reconcile(file.value, reading.value ?? { events: [], bytes: 0, lines: 0, linesEnd: 0, lastSum: '' });
  return {
    ...entry,
    ...(result.state ? { state: result.state } : {}),
    verdict: problem ? 'unreadable' : result.verdict,
    differences: result.differences,
    ...(reading.value?.torn === undefined ? {} : { torn: reading.value.torn }),
    ...(reading.value?.broken ? { broken: reading.value.broken } : {}),
    ...(problem ? { problem } : {}),
  };
}

function attempt<T>(read: () => T): { value?: T; problem?: ReleaseError } {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof ReleaseError) return { problem: error };
    throw error;
  }
}
