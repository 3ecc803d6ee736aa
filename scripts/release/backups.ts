// just release-backups [SERVICE]: the backups of this host, newest first: age, size, who needs them, when they were last read back.
import { listBackups } from '../backups/list.ts';
import { storedBytes } from '../backups/record.ts';
import { awayOf } from '../backups/restic.ts';
import { endings, unfinishedRestore } from '../backups/restore-mark.ts';
import { verifiedAt } from '../backups/verified.ts';
import { checkServiceName } from '../model/names.ts';
import { formatBytes } from '../plan/describe.ts';
import { openHolders } from './backup-holders.ts';
import { inColumns } from './columns.ts';
import { openContext } from './context.ts';
import { enter, type Verb } from './verb.ts';

const HOUR_MS = 3_600_000;

export const verb: Verb = {
  usage: {
    verb: 'release-backups',
    words: ['[SERVICE]'],
    what: 'The backups of this host: age, size, who needs them, when they were last read back.',
    flags: { json: { type: 'boolean', what: 'as JSON, a line each' } },
  },
  mutating: false,
  check: (given) => given.words.forEach(checkServiceName),
  async run(given, world) {
    const context = await openContext(world);
    const { host, paths } = context;
    const { backups, bad } = listBackups(host, paths.backups, given.words[0]);
    const holdersOf = openHolders(host, paths);
    const now = host.clock.now().getTime();
    const rows = backups.map((each) => ({
      service: each.service,
      stamp: each.stamp,
      ageMs: now - Date.parse(each.startedAt),
      bytes: storedBytes(each),
      for: each.purpose ?? each.ticket,
      label: each.label,
      verifiedAt: verifiedAt(host, each.dir, each),
      away: awayOf(host, each.dir) ?? null,
      neededBy: holdersOf(each),
      dir: each.dir,
    }));
    const say = (line: string) => world.terminal.say(line);
    if (given.has('json')) {
      for (const row of rows) say(JSON.stringify(row));
      for (const each of bad) say(JSON.stringify(each));
      return 0;
    }
    const lines = inColumns(
      ['SERVICE', 'STAMP (UTC)', 'AGE', 'SIZE', 'FOR', 'READ BACK', 'AWAY', 'NEEDED BY'],
      rows.map((row) => [
        row.service,
        row.stamp,
        age(row.ageMs),
        formatBytes(row.bytes),
        row.for,
        row.verifiedAt.slice(0, 16).replace('T', ' '),
        row.away?.snapshot.slice(0, 8) ?? '-',
        row.neededBy.join('; '),
      ]),
    );
    if (rows.length === 0) say('No backups yet. Take one: just release-backup');
    else for (const line of lines) say(line);
    for (const { dir, why } of bad) say(`not usable: ${dir}: ${why}`);
    for (const service of new Set(backups.map((each) => each.service))) {
      const restore = unfinishedRestore(host, paths.backups, service);
      if (restore !== undefined) say(`unfinished: a restore; finish it: ${endings(service, restore).finish}`);
    }
    return 0;
  },
};

function age(ms: number): string {
  const hours = ms / HOUR_MS;
  if (hours < 1) return `${Math.max(0, Math.floor(ms / 60_000))} min`;
  return hours < 48 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} d`;
}

if (import.meta.main) void enter(verb);
