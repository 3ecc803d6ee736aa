// What a schema holds: tables with their rows, and the names of everything that is no table.
import type { BackupContext } from '../kind.ts';
import type { Client } from '../server/client.ts';
import { literal, quoted, sql, unhex } from './client.ts';

export interface Objects {
  tables: string[];
  /** Their engine has no transactions, so that a dump of them is no moment's. */
  loose: string[];
  sequences: string[];
  views: string[];
  /** Views of what is not there (any more): the server itself cannot dump or make them. */
  broken: string[];
  triggers: string[];
  procedures: string[];
  functions: string[];
  events: string[];
}

const KINDS: Record<string, keyof Objects> = {
  'BASE TABLE': 'tables',
  'SYSTEM VERSIONED': 'tables',
  SEQUENCE: 'sequences',
  VIEW: 'views',
  TRIGGER: 'triggers',
  PROCEDURE: 'procedures',
  FUNCTION: 'functions',
  EVENT: 'events',
};

export async function objectsOf(
  context: BackupContext,
  client: Client,
  schema: string,
  as: 'client' | 'root' = 'client',
): Promise<Objects> {
  const at = literal(schema);
  const rows = await sql(
    context,
    client,
    `SELECT t.TABLE_TYPE, HEX(t.TABLE_NAME), COALESCE(e.TRANSACTIONS, '') FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_SCHEMA = ${at} AND t.TABLE_TYPE <> 'VIEW';
SELECT 'VIEW', HEX(v.TABLE_NAME), IF(EXISTS (SELECT 1 FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = v.TABLE_SCHEMA AND c.TABLE_NAME = v.TABLE_NAME), '', 'BROKEN') FROM information_schema.VIEWS v WHERE v.TABLE_SCHEMA = ${at};
SELECT 'TRIGGER', HEX(TRIGGER_NAME), '' FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${at};
SELECT ROUTINE_TYPE, HEX(ROUTINE_NAME), '' FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${at};
SELECT 'EVENT', HEX(EVENT_NAME), '' FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${at};`,
    as,
  );
  const found: Objects = {
    tables: [],
    loose: [],
    sequences: [],
    views: [],
    broken: [],
    triggers: [],
    procedures: [],
    functions: [],
    events: [],
  };
  for (const [type = '', hex = '', transactions] of rows) {
    const kind = KINDS[type];
    if (kind === undefined) continue;
    found[kind === 'views' && transactions === 'BROKEN' ? 'broken' : kind].push(unhex(hex));
    if (kind === 'tables' && transactions !== 'YES') found.loose.push(unhex(hex));
  }
  for (const names of Object.values(found)) names.sort();
  return found;
}

/** Rows by table, in one transaction. */
export async function rowsIn(
  context: BackupContext,
  client: Client,
  schema: string,
  tables: readonly string[],
  as: 'client' | 'root' = 'client',
): Promise<Record<string, number>> {
  const counts = tables.map((table, index) => `SELECT ${index}, COUNT(*) FROM ${quoted(schema)}.${quoted(table)};`);
  const text = ['START TRANSACTION WITH CONSISTENT SNAPSHOT;', ...counts, 'COMMIT;'].join('\n');
  const rows = tables.length === 0 ? [] : await sql(context, client, text, as);
  return Object.fromEntries(rows.map(([index, count]) => [tables[Number(index)] ?? '', Number(count)]));
}

/** For facts: how many there are. */
export const counted = (objects: Objects): Record<string, number> => ({
  sequences: objects.sequences.length,
  views: objects.views.length,
  triggers: objects.triggers.length,
  routines: objects.procedures.length + objects.functions.length,
});
