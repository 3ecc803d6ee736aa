// What a copy of a SQLite database has to have again wherever it is read: integrity, and counts by table.
import { join } from 'node:path';
import type { SqliteFacts, SqliteLimits } from '../../host/sqlite.ts';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile } from '../kind.ts';

export const BUSY_MS = 10_000;
const ROWS = 'rows:';

export const limits = (context: BackupContext): SqliteLimits => ({
  timeoutMs: context.timeoutMs,
  ...(context.signal === undefined ? {} : { signal: context.signal }),
});

export const content = (facts: SqliteFacts): Record<string, number> => ({
  pageSize: facts.pageSize,
  userVersion: facts.userVersion,
  applicationId: facts.applicationId,
  schemaObjects: facts.schemaObjects,
  ...Object.fromEntries(facts.rows.map(([table, count]) => [`${ROWS}${table}`, count])),
});

/** @throws step-failed with every difference. */
export function checkContent(found: SqliteFacts, folder: string, file: BackupFile): void {
  const details =
    found.integrity === 'ok' ? differing(content(found), file.facts) : [`integrity_check: ${found.integrity}`];
  if (details.length === 0) return;
  throw stepFailed({
    what: 'the copy of the SQLite database is not what was read',
    where: join(folder, file.file),
    details,
    hint: 'Check the database itself (PRAGMA integrity_check), then the disk; take the backup again.',
  });
}

function differing(found: Record<string, number>, facts: BackupFile['facts']): string[] {
  const written = Object.keys(facts).filter((key) => key.startsWith(ROWS));
  const keys = new Set([...Object.keys(found), ...written]);
  return [...keys]
    .filter((key) => found[key] !== facts[key])
    .map((key) => `${key}: ${facts[key]} written, ${found[key]} read back`);
}
