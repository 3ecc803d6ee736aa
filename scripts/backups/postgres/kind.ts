// Kind `database` for PostgreSQL: one database of a server in a container, dumped while it runs.
import { join } from 'node:path';
import { refused, stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile, BackupKind } from '../kind.ts';
import { itemName } from '../names.ts';
import type { Client } from '../server/client.ts';
import { drillOf, emptyDatabase, notTheSame, rowFacts, rowsOf } from '../server/drill.ts';
import { readDump } from '../server/dump.ts';
import { mountOf } from '../server/find.ts';
import { drillPrefix } from '../server/names.ts';
import { checkSums } from '../sums.ts';
import { maintenance, openPostgres, sql } from './client.ts';
import { dumpDatabase } from './dump.ts';
import { databasesLike, dropDatabase, loadInto } from './load.ts';
import { DESCRIBE } from './queries.ts';
import { postgresRestorer } from './restore.ts';
import { postgresCommands } from './restore-commands.ts';

interface Described {
  database: string;
  version: string;
  bytes: number;
  data: string | null;
  others: number;
}

async function describe(context: BackupContext, client: Client): Promise<Described> {
  const [line] = await sql(context, client, context.service.database?.name, DESCRIBE, {}, refused);
  return JSON.parse(line ?? '{}') as Described;
}

/** Where the server keeps its files: a dump stands for them, unless the server has other databases, too. */
function covers(client: Client, { data, others }: Described): { volume?: string; path?: string } {
  const mount = mountOf(client.server, data ?? '/var/lib/postgresql/data');
  if (mount === undefined || others > 0) return {};
  return mount.type === 'volume' ? { volume: mount.source } : { path: mount.source };
}

export const postgresKind: BackupKind = {
  kind: 'database',
  restore: postgresRestorer,

  async items(context) {
    const client = await openPostgres(context);
    const described = await describe(context, client);
    return [
      {
        kind: 'database',
        database: 'postgresql',
        name: itemName('database', described.database, new Set()),
        describes: `PostgreSQL database ${described.database} in ${client.server.name}`,
        ...covers(client, described),
        bytes: described.bytes,
        when: 'running',
      },
    ];
  },

  async write(context, item, folder) {
    const client = await openPostgres(context);
    const { database, version, bytes } = await describe(context, client);
    const { dump, scripts, content } = await dumpDatabase(context, client, database, folder, item.name);
    if (Object.keys(content.rows).length === 0 && content.others.largeObjects === 0)
      throw emptyDatabase(`the PostgreSQL database ${database}`, 'table');
    const { user, passwordEnv } = context.service.database ?? {};
    const fromContainer = passwordEnv !== undefined && context.env[passwordEnv] === undefined;
    const facts: BackupFile['facts'] = {
      ...dump.facts,
      database,
      container: client.server.name,
      ...(user === undefined ? {} : { user }),
      ...(fromContainer ? { passwordFrom: passwordEnv } : {}),
      server: version,
      databaseBytes: bytes,
      ...content.others,
      ...rowFacts(content.rows),
    };
    return [{ file: dump.file, bytes: dump.bytes, sha256: dump.sha256, facts }, ...scripts];
  },

  async check(context, item, folder, files) {
    const [dump] = files;
    if (dump === undefined) throw stepFailed({ what: `${item.describes} has no dump`, where: folder });
    await checkSums(context, folder, files);
    const drill = drillOf(context, dump.facts);
    if (drill === 'full') await drillFully(context, folder, files, String(dump.facts.database));
    if (drill === 'list') await checkList(context, folder, dump, join(folder, `.${item.name}.list`));
  },

  restoreCommands: postgresCommands,
};

async function drillFully(
  context: BackupContext,
  folder: string,
  files: BackupFile[],
  database: string,
): Promise<void> {
  const client = await openPostgres(context);
  const [at, prefix] = [maintenance(database), drillPrefix(context.service.name)];
  await dropDatabase(context, client, at, ...(await databasesLike(context, client, at, prefix)));
  const scratch = `${prefix}${context.host.machine.random(6)}`;
  try {
    await loadInto(context, client, folder, files, scratch);
  } finally {
    await dropDatabase(context, client, at, scratch);
  }
}

/** The table of contents has an entry for the data of every table, and the name of the database. */
async function checkList(context: BackupContext, folder: string, dump: BackupFile, scratch: string): Promise<void> {
  const client = await openPostgres(context);
  const what = 'listing the dump';
  const list = await readDump(
    context,
    client,
    what,
    join(folder, dump.file),
    [client.inside('pg_restore', '--list')],
    scratch,
    { beginning: true },
  );
  const tables = list.split('\n').filter((line) => /^\d+; \d+ \d+ TABLE DATA /.test(line)).length;
  const expected = Object.keys(rowsOf(dump.facts)).length;
  const named = list.includes(`\n;     dbname: ${dump.facts.database}\n`);
  if (tables >= expected && named) return;
  throw notTheSame(`the PostgreSQL database ${dump.facts.database}`, folder, dump, [
    ...(named ? [] : ['it is of another database']),
    ...(tables >= expected ? [] : [`it has data of ${tables} tables, not of ${expected}`]),
  ]);
}
