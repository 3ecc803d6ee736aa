// A dump and counts of one moment. The format is pg_dump's own, uncompressed (`-Fc -Z0`), through zstd: four times as quick as pg_dump's gzip,
// and pg_restore can list it, take one table out of it, and put indexes and constraints after the data; a plain script can do none of that.
import { join } from 'node:path';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile } from '../kind.ts';
import type { Client } from '../server/client.ts';
import { saveDump } from '../server/dump.ts';
import { connection, PSQL, sql } from './client.ts';
import { type Content, contentOf } from './facts.ts';
import { CREATE, PROPERTIES } from './queries.ts';

/** Holds a transaction open while `act` runs; the server ends it when our end of the pipe closes, however that happens. */
async function withSnapshot<T>(
  context: BackupContext,
  client: Client,
  database: string,
  act: (snapshot: string) => Promise<T>,
): Promise<T> {
  const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
  const hold = ['--command', begin, '--command', 'SELECT pg_export_snapshot()', '--file=-'];
  const argv = client.inside(...PSQL, `--dbname=${connection(database)}`, ...hold);
  const holder = context.host.exec.start(argv, client.options);
  try {
    const first = await holder.lines[Symbol.asyncIterator]().next();
    if (first.done === true)
      throw stepFailed({
        what: `PostgreSQL gave no snapshot of ${database}`,
        where: `container ${client.server.name}`,
      });
    return await act(first.value);
  } finally {
    holder.closeInput();
    await holder.end(1000);
  }
}

/** Waits for all, so that none goes on behind our back. */
async function together<T extends readonly unknown[]>(acts: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(acts);
  return (await Promise.all(acts)) as unknown as T;
}

/** @param name of the item. @returns the dump, what it holds, and the two small scripts that make and dress the database. */
export async function dumpDatabase(
  context: BackupContext,
  client: Client,
  database: string,
  folder: string,
  name: string,
): Promise<{ dump: BackupFile; scripts: BackupFile[]; content: Content }> {
  const what = `dumping the PostgreSQL database ${database}`;
  const dumper = ['pg_dump', '--format=custom', '--compress=0', '--no-password', `--dbname=${connection(database)}`];
  const ofServer = async (ending: string, query: string) =>
    script(context, folder, `${name}.${ending}.sql`, await sql(context, client, database, query));
  const [[dump, content], create, properties] = await together<[[BackupFile, Content], BackupFile, BackupFile]>([
    withSnapshot(context, client, database, (snapshot) =>
      together<[BackupFile, Content]>([
        saveDump(context, client, what, [...dumper, `--snapshot=${snapshot}`], folder, `${name}.pgdump.zst`),
        contentOf(context, client, database, snapshot),
      ]),
    ),
    ofServer('create', CREATE),
    ofServer('properties', PROPERTIES),
  ]);
  return { dump, scripts: [create, properties], content };
}

async function script(context: BackupContext, folder: string, file: string, lines: string[]): Promise<BackupFile> {
  const text = `${lines.join('\n')}\n`;
  const path = join(folder, file);
  context.host.files.replace(path, text);
  return { file, bytes: Buffer.byteLength(text), sha256: await context.host.files.sha256(path), facts: {} };
}
