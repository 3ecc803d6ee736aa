// Kind `database` for MariaDB and MySQL: one schema of a server in a container, dumped while it runs.
import { join } from 'node:path';
import { refused, stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile, BackupKind } from '../kind.ts';
import { itemName } from '../names.ts';
import type { Client } from '../server/client.ts';
import { drillOf, emptyDatabase, notTheSame, rowsOf } from '../server/drill.ts';
import { readDump } from '../server/dump.ts';
import { mountOf } from '../server/find.ts';
import { drillPrefix } from '../server/names.ts';
import { checkSums } from '../sums.ts';
import { literal, openMariadb, sql, unhex } from './client.ts';
import { dumpSchema } from './dump.ts';
import { objectsOf } from './facts.ts';
import { dropSchema, loadInto, schemas } from './load.ts';
import { mariadbRestorer } from './restore.ts';
import { mariadbCommands } from './restore-commands.ts';

const SYSTEM = ['mysql', 'sys', 'performance_schema', 'information_schema'];

interface Described {
  version: string;
  data: string;
  charset: string;
  collation: string;
  bytes: number;
  /** Bodies of routines that this user may not read: they would be missing in the dump. */
  hidden: number;
}

function schemaOf(context: BackupContext): string {
  const { database, name } = context.service;
  if (database?.name !== undefined) return database.name;
  throw refused({
    what: `the manifest does not say which database of its server ${name} uses`,
    where: `packages/${name}/manifest.yaml, database.name`,
    hint: 'Name it: database.name.',
  });
}

async function describe(context: BackupContext, client: Client, schema: string): Promise<Described> {
  const at = literal(schema);
  const text = `SELECT VERSION(), HEX(@@datadir), DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME,
  (SELECT COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${at}),
  (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${at} AND ROUTINE_DEFINITION IS NULL)
  FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${at};`;
  const [row] = await sql(context, client, text, 'client', refused);
  if (row === undefined) {
    throw refused({
      what: `the server in ${client.server.name} has no database ${schema} that this user may see`,
      where: `packages/${context.service.name}/manifest.yaml, database.name`,
    });
  }
  const [version = '', data = '', charset = '', collation = '', bytes, hidden] = row;
  return { version, data: unhex(data), charset, collation, bytes: Number(bytes), hidden: Number(hidden) };
}

/** Where the server keeps its files: a dump stands for them, unless the server has other databases, too. */
async function covers(context: BackupContext, client: Client, data: string, schema: string) {
  const mount = mountOf(client.server, data.replace(/\/$/, ''));
  if (mount === undefined) return {};
  const others = (await schemas(context, client)).filter(
    (each) => each !== schema && !/asd_/.test(each) && !SYSTEM.includes(each),
  );
  if (others.length > 0) return {};
  return mount.type === 'volume' ? { volume: mount.source } : { path: mount.source };
}

export const mariadbKind: BackupKind = {
  kind: 'database',
  restore: mariadbRestorer,

  async items(context) {
    const client = await openMariadb(context);
    const schema = schemaOf(context);
    const { data, bytes } = await describe(context, client, schema);
    const { loose } = await objectsOf(context, client, schema);
    return [
      {
        kind: 'database',
        database: context.service.database?.type === 'mysql' ? 'mysql' : 'mariadb',
        name: itemName('database', schema, new Set()),
        describes: `MariaDB database ${schema} in ${client.server.name}`,
        ...(await covers(context, client, data, schema)),
        bytes,
        when: 'running',
        ...(loose.length > 0 ? { mayChange: true } : {}),
      },
    ];
  },

  async write(context, item, folder) {
    const client = await openMariadb(context);
    const schema = schemaOf(context);
    const { version, charset, collation, bytes, hidden } = await describe(context, client, schema);
    if (hidden > 0) {
      throw stepFailed({
        what: `the user of the backup may not read ${hidden} of the routines of ${schema}, so a dump would leave them out`,
        where: `container ${client.server.name}`,
        hint: "GRANT SELECT ON mysql.proc TO it (MySQL: SHOW_ROUTINE), or leave database.user out, so that the container's root is used.",
      });
    }
    const { files, objects } = await dumpSchema(context, client, schema, folder, item.name);
    if (objects.tables.length === 0) throw emptyDatabase(`the MariaDB database ${schema}`, 'table');
    const { user, passwordEnv } = context.service.database ?? {};
    const fromContainer = passwordEnv !== undefined && context.env[passwordEnv] === undefined;
    const about: BackupFile['facts'] = {
      database: schema,
      container: client.server.name,
      ...(user === undefined ? {} : { user }),
      ...(fromContainer ? { passwordFrom: passwordEnv } : {}),
      server: version,
      databaseBytes: bytes,
      charset,
      collation,
    };
    return files.map((file, index) => (index === 0 ? { ...file, facts: { ...about, ...file.facts } } : file));
  },

  async check(context, item, folder, files) {
    const [dump] = files;
    if (dump === undefined) throw stepFailed({ what: `${item.describes} has no dump`, where: folder });
    await checkSums(context, folder, files);
    const drill = drillOf(context, dump.facts);
    if (drill === 'off') return;
    for (const file of files) await checkList(context, folder, dump, file);
    if (drill === 'full') await drillFully(context, folder, files);
  },

  restoreCommands: mariadbCommands,
};

async function drillFully(context: BackupContext, folder: string, files: BackupFile[]): Promise<void> {
  const client = await openMariadb(context);
  const prefix = drillPrefix(context.service.name);
  const left = (await schemas(context, client)).filter((schema) => schema.startsWith(prefix));
  if (left.length > 0) await dropSchema(context, client, ...left);
  const scratch = `${prefix}${context.host.machine.random(6)}`;
  try {
    await loadInto(context, client, folder, files, scratch, ['tables', 'routines', 'views']);
  } finally {
    await dropSchema(context, client, scratch);
  }
}

/** Each dump is of this database and has its last line; the first one has a definition for every table. */
async function checkList(context: BackupContext, folder: string, dump: BackupFile, file: BackupFile): Promise<void> {
  const client = await openMariadb(context);
  const stage = ['grep', '-aE', '^(CREATE TABLE |-- Dump completed|-- Host: )'];
  const scratch = join(folder, `.${file.file}.list`);
  const lines = (
    await readDump(context, client, `listing ${file.file}`, join(folder, file.file), [stage], scratch)
  ).split('\n');
  const expected = file === dump ? Object.keys(rowsOf(dump.facts)).length : 0;
  const tables = lines.filter((line) => line.startsWith('CREATE TABLE ')).length;
  const named = lines.some((line) => line.startsWith('-- Host: ') && line.endsWith(`Database: ${dump.facts.database}`));
  const whole = lines.some((line) => line.startsWith('-- Dump completed'));
  if (tables >= expected && named && whole) return;
  throw notTheSame(`the MariaDB database ${dump.facts.database}`, folder, file, [
    ...(named ? [] : ['it is of another database']),
    ...(whole ? [] : ['its end is missing']),
    ...(tables >= expected ? [] : [`it has ${tables} tables, not ${expected}`]),
  ]);
}
