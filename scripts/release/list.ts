// just release-list: every release that this host has records of, oldest first.
import { listReleases, type ReleaseEntry } from '../journal/records.ts';
import { openRecords } from './records-context.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'release-list',
    words: [],
    what: 'Every release of this host, oldest first.',
    flags: { json: { type: 'boolean', what: 'as JSON, a line each' } },
  },
  mutating: false,
  async run(given, world) {
    const paths = await openRecords(world);
    const rows = listReleases(world.host, paths, { archives: true })
      .map(rowOf)
      .toSorted((a, b) => (a.start < b.start ? -1 : 1));
    if (given.has('json')) for (const row of rows) world.terminal.say(JSON.stringify(row));
    else for (const line of table(rows)) world.terminal.say(line);
    return 0;
  },
};

interface Row {
  start: string;
  ticket: string;
  status: string;
  phase: string;
  base: string;
  target: string;
  services: string;
}

function rowOf(entry: ReleaseEntry): Row {
  const { state } = entry;
  const doubt = entry.verdict === 'edited' || entry.verdict === 'unreadable' || entry.broken;
  return {
    start: state?.timestamps.PREPARE_START ?? '',
    ticket: entry.archive === undefined ? entry.ticket : `${entry.ticket} (run ${entry.archive})`,
    status: doubt ? 'in doubt' : (state?.releaseStatus ?? 'unknown'),
    phase: state?.phase ?? '',
    base: state?.baseSha.slice(0, 12) ?? '',
    target: state?.targetSha.slice(0, 12) ?? '',
    services: [...(state?.services ?? []), ...(state?.removed ?? []).map((s) => `-${s}`)].join(' '),
  };
}

function table(rows: Row[]): string[] {
  if (rows.length === 0) return ['No releases yet. Begin with: just release-adopt'];
  const header: Row = {
    start: 'BEGUN',
    ticket: 'TICKET',
    status: 'STATUS',
    phase: 'PHASE',
    base: 'BASE',
    target: 'TARGET',
    services: 'SERVICES',
  };
  const all = [header, ...rows];
  const keys = ['start', 'ticket', 'status', 'phase', 'base', 'target', 'services'] as const;
  const widths = keys.map((key) => Math.max(...all.map((row) => row[key].length)));
  return all.map((row) =>
    keys
      .map((key, at) => row[key].padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

if (import.meta.main) void enter(verb);
