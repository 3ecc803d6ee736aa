// Dumps into a schema of another name on the same server, and schemas that go again.
import { join } from 'node:path';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile } from '../kind.ts';
import type { Client } from '../server/client.ts';
import { differences, notTheSame } from '../server/drill.ts';
import { feedDump } from '../server/dump.ts';
import { quoted, sql, unhex } from './client.ts';
import { counted, objectsOf, rowsIn } from './facts.ts';

/** Names of all schemas. */
export async function schemas(context: BackupContext, client: Client): Promise<string[]> {
  const rows = await sql(context, client, 'SELECT HEX(SCHEMA_NAME) FROM information_schema.SCHEMATA;', 'root');
  return rows.map(([hex = '']) => unhex(hex));
}

export async function dropSchema(context: BackupContext, client: Client, ...names: string[]): Promise<void> {
  const statements = names.map((schema) => `DROP DATABASE IF EXISTS ${quoted(schema)};`);
  await sql(context, client, statements.join('\n'), 'root');
}

/** The word by which this schema is made again: a new one has its character set and collation. */
export const createSchema = (schema: string, facts: BackupFile['facts']): string =>
  `CREATE DATABASE IF NOT EXISTS ${quoted(schema)} CHARACTER SET ${facts.charset} COLLATE ${facts.collation};`;

/** The files whose names end in one of the parts, in that order. */
export const partsOf = (files: readonly BackupFile[], parts: readonly string[]): BackupFile[] =>
  parts.flatMap((part) => files.filter(({ file }) => file.endsWith(`.${part}.sql.zst`)));

/** @param parts `tables`, `routines`, `views`, `events`. @throws step-failed. */
export async function feedParts(
  context: BackupContext,
  client: Client,
  folder: string,
  files: readonly BackupFile[],
  parts: readonly string[],
  schema: string,
): Promise<void> {
  for (const { file } of partsOf(files, parts)) {
    const argv = client.inside('root', '--default-character-set=utf8mb4', `--database=${schema}`);
    await feedDump(context, client, `loading ${file} into ${schema}`, join(folder, file), argv);
  }
}

/** Makes the schema, fills it and compares it with the facts. It is there afterwards, also on failure. @throws step-failed. */
export async function loadInto(
  context: BackupContext,
  client: Client,
  folder: string,
  files: readonly BackupFile[],
  schema: string,
  parts: readonly string[],
): Promise<void> {
  const [dump] = files;
  if (dump === undefined) throw stepFailed({ what: 'the backup has no dump', where: folder });
  await sql(context, client, createSchema(schema, dump.facts), 'root');
  await feedParts(context, client, folder, files, parts, schema);
  const objects = await objectsOf(context, client, schema, 'root');
  const rows = await rowsIn(context, client, schema, objects.tables, 'root');
  const all = counted(objects);
  const others = parts.includes('views') ? all : { sequences: all.sequences ?? 0 };
  const found = differences(rows, dump.facts, others);
  if (found.length > 0) throw notTheSame(`the MariaDB database ${dump.facts.database}`, folder, dump, found);
}
