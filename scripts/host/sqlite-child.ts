// Runs in a child process: its source is handed to `bun -e`, so it may use nothing but its arguments.
import type { Database as SqliteDatabase, constants as sqliteConstants } from 'bun:sqlite';

export type SqliteTask =
  | { do: 'dump'; source: string; target: string; readonly: boolean; busyMs: number }
  | { do: 'inspect'; file: string };

export interface SqliteFacts {
  /** Of the SQLite library that read it. */
  sqlite: string;
  journalMode: string;
  pageSize: number;
  userVersion: number;
  applicationId: number;
  schemaObjects: number;
  /** Rows by table; virtual tables are left to the tables that they keep their data in. */
  rows: Array<[table: string, count: number]>;
  /** `ok`, or the first complaints. */
  integrity: string;
}

/** Takes a snapshot (dump) or looks into a file that nothing else has open (inspect). */
export function sqliteChild(
  Database: typeof SqliteDatabase,
  constants: typeof sqliteConstants,
  task: SqliteTask,
): SqliteFacts {
  const value = (db: SqliteDatabase, sql: string) => Object.values(db.query(sql).get() as object)[0] as string | number;
  let mode = '';
  if (task.do === 'dump') {
    const source = new Database(task.source, task.readonly ? { readonly: true } : { readwrite: true, create: false });
    source.run(`PRAGMA busy_timeout = ${task.busyMs}`);
    mode = String(value(source, 'PRAGMA journal_mode'));
    source.run('VACUUM INTO ?', [task.target]);
    source.close();
    if (mode === 'wal') {
      const target = new Database(task.target, { readwrite: true, create: false });
      target.run('PRAGMA journal_mode = wal');
      target.close();
    }
  }
  const file = task.do === 'dump' ? task.target : task.file;
  const uri = `file:${encodeURI(file).replaceAll('?', '%3F').replaceAll('#', '%23')}?immutable=1`;
  const db = new Database(uri, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
  const tables = db
    .query("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name")
    .all() as Array<{ name: string }>;
  const rows = tables.map(({ name }): [string, number] => [
    name,
    Number(value(db, `SELECT count(*) FROM "${name.replaceAll('"', '""')}"`)),
  ]);
  const complaints =
    task.do === 'inspect'
      ? (db.query('PRAGMA integrity_check(5)').values() as string[][]).map((row) => row[0])
      : ['ok'];
  const facts = {
    sqlite: String(value(db, 'SELECT sqlite_version()')),
    journalMode: mode,
    pageSize: Number(value(db, 'PRAGMA page_size')),
    userVersion: Number(value(db, 'PRAGMA user_version')),
    applicationId: Number(value(db, 'PRAGMA application_id')),
    schemaObjects: Number(value(db, 'SELECT count(*) FROM sqlite_schema')),
    rows,
    integrity: complaints.join('; '),
  };
  db.close();
  return facts;
}
