// How a dump is read back, and what it must have again.
import { join } from 'node:path';
import type { ErrorFacts } from '../../model/error.ts';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile } from '../kind.ts';

export const ROWS = 'rows:';
/** Where a table was written to during the dump, and the counts before and after it differ: the other count. */
export const MOVING = 'moving:';
const AUTO_FULL_BELOW = 1e9;

/** `auto` is a full restore where the dump is under 1 GB, else its table of contents. */
export function drillOf(context: BackupContext, facts: BackupFile['facts']): 'full' | 'list' | 'off' {
  const { drill } = context.service.backup;
  if (drill !== 'auto') return drill;
  return Number(facts.dumpBytes ?? facts.databaseBytes ?? 0) < AUTO_FULL_BELOW ? 'full' : 'list';
}

export const rowFacts = (rows: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(rows).map(([table, count]) => [`${ROWS}${table}`, count]));

/** Tables and their rows, out of facts. */
export const rowsOf = (facts: BackupFile['facts']): Record<string, number> =>
  Object.fromEntries(
    Object.entries(facts)
      .filter(([key]) => key.startsWith(ROWS))
      .map(([key, count]) => [key.slice(ROWS.length), Number(count)]),
  );

/** Counts before and after a dump that could not share its moment. */
export function bracket(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  const moving = Object.entries(after).filter(([table, count]) => before[table] !== count);
  return {
    ...rowFacts(after),
    ...Object.fromEntries(moving.map(([table]) => [`${MOVING}${table}`, before[table] ?? 0])),
  };
}

/** @param found what the restored database has. @returns one line a difference. */
export function differences(
  found: Readonly<Record<string, number>>,
  facts: BackupFile['facts'],
  others: Readonly<Record<string, number>> = {},
): string[] {
  const written = rowsOf(facts);
  const tables = [...new Set([...Object.keys(written), ...Object.keys(found)])];
  const rows = tables.flatMap((table) => {
    const [want, got, moving] = [written[table], found[table], facts[`${MOVING}${table}`]];
    if (want === got) return [];
    if (
      want !== undefined &&
      got !== undefined &&
      moving !== undefined &&
      (got > 0 || Math.min(want, Number(moving)) === 0)
    )
      return [];
    return [`${table}: ${want ?? 'no table'} written, ${got ?? 'no table'} read back`];
  });
  const rest = Object.entries(others)
    .filter(([key, value]) => facts[key] !== value)
    .map(([key, value]) => `${key}: ${facts[key]} written, ${value} read back`);
  return [...rows, ...rest];
}

export function notTheSame(what: string, folder: string, file: BackupFile, details: string[]) {
  const facts: ErrorFacts = {
    what: `the dump of ${what} does not hold what was read`,
    where: join(folder, file.file),
    details,
    hint: 'Check the database itself, then memory and disk; take the backup again.',
  };
  return stepFailed(facts);
}

export const emptyDatabase = (what: string, has: string) =>
  stepFailed({
    what: `${what} is empty: it has no ${has}`,
    hint: 'Check database.name and database.container in the manifest: is it the one that the service uses?',
  });
