// A dump into a database of another name on the same server, and databases that go again.
import { join } from 'node:path';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile } from '../kind.ts';
import type { Client } from '../server/client.ts';
import { differences, notTheSame } from '../server/drill.ts';
import { feedDump } from '../server/dump.ts';
import { connection, maintenance, sql } from './client.ts';
import { contentOf } from './facts.ts';
import { END_SESSIONS } from './queries.ts';

export const RESTORE = ['pg_restore', '--exit-on-error', '--no-password'];

/** Names of databases that begin so. */
export async function databasesLike(
  context: BackupContext,
  client: Client,
  at: string,
  prefix: string,
): Promise<string[]> {
  const found = await sql(
    context,
    client,
    at,
    "SELECT to_json(datname) FROM pg_database WHERE starts_with(datname, :'prefix');",
    { prefix },
  );
  return found.map((line) => JSON.parse(line) as string);
}

/** Sessions in it are ended. Nothing where there is none. */
export async function dropDatabase(
  context: BackupContext,
  client: Client,
  at: string,
  ...names: string[]
): Promise<void> {
  const values = Object.fromEntries(names.map((name, index) => [`db${index}`, name]));
  const text = names.map((_, index) => `\\set db :db${index}\n${END_SESSIONS}\nDROP DATABASE IF EXISTS :"db";`);
  if (names.length > 0) await sql(context, client, at, text.join('\n'), values);
}

export const scriptOf = (files: readonly BackupFile[], ending: string): string | undefined =>
  files.find(({ file }) => file.endsWith(ending))?.file;

/** One of the two small scripts, for the database `:"db"`. @throws step-failed where the backup has none. */
export function scriptText(
  context: BackupContext,
  folder: string,
  files: readonly BackupFile[],
  ending: string,
): string {
  const file = scriptOf(files, ending);
  const text = file === undefined ? undefined : context.host.files.readText(join(folder, file));
  if (text === undefined) throw stepFailed({ what: `the backup has no ${ending}`, where: folder });
  return text;
}

/** Makes the database, fills it and compares it with the facts. It is there afterwards, also on failure. @throws step-failed. */
export async function loadInto(
  context: BackupContext,
  client: Client,
  folder: string,
  files: readonly BackupFile[],
  db: string,
): Promise<void> {
  const [dump] = files;
  if (dump === undefined) throw stepFailed({ what: 'the backup has no dump', where: folder });
  const database = String(dump.facts.database);
  await sql(context, client, maintenance(database), scriptText(context, folder, files, '.create.sql'), { db });
  // Indexes are sorted in memory where they fit into it.
  const argv = client.inside(...RESTORE, `--dbname=${connection(db)} options='-c maintenance_work_mem=256MB'`);
  await feedDump(context, client, `restoring the dump of ${database} into ${db}`, join(folder, dump.file), argv);
  const { rows, others } = await contentOf(context, client, db);
  const found = differences(rows, dump.facts, others);
  if (found.length > 0) throw notTheSame(`the PostgreSQL database ${database}`, folder, dump, found);
}
