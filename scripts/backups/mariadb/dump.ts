// A schema as up to four dumps: tables with their rows, triggers and routines, views, events. Apart, because tables change places with
// those of another schema by RENAME, which takes none of the rest along, and because events must not fire in a scratch schema.
import type { BackupContext, BackupFile } from '../kind.ts';
import type { Client } from '../server/client.ts';
import { bracket } from '../server/drill.ts';
import { saveDump } from '../server/dump.ts';
import { DUMP_OPTIONS } from './client.ts';
import { counted, type Objects, objectsOf, rowsIn } from './facts.ts';

const NO_TABLES = ['--no-data', '--no-create-info', '--skip-triggers'];

/** One view of what is gone is enough to end a dump that comes by it. */
const withoutViews = (schema: string, { views, broken }: Objects): string[] =>
  [...views, ...broken].map((view) => `--ignore-table=${schema}.${view}`);

/** Everything but tables: what each file is called, and how it is dumped. */
export function definitionDumps(schema: string, objects: Objects): Array<{ part: string; command: string[] }> {
  const dump = (...words: string[]) => ['dump', ...DUMP_OPTIONS, ...words];
  const routines = [
    ...withoutViews(schema, objects),
    '--no-data',
    '--no-create-info',
    '--triggers',
    '--add-drop-trigger',
    '--routines',
  ];
  return [
    { part: 'routines', command: dump(...routines, '--', schema) },
    ...(objects.views.length > 0
      ? [{ part: 'views', command: dump('--no-data', '--skip-triggers', '--', schema, ...objects.views) }]
      : []),
    ...(objects.events.length > 0
      ? [{ part: 'events', command: dump(...withoutViews(schema, objects), ...NO_TABLES, '--events', '--', schema) }]
      : []),
  ];
}

/** @param name of the item. @returns the files, the one with tables and facts first. */
export async function dumpSchema(
  context: BackupContext,
  client: Client,
  schema: string,
  folder: string,
  name: string,
): Promise<{ files: BackupFile[]; objects: Objects }> {
  const what = `dumping the MariaDB database ${schema}`;
  const objects = await objectsOf(context, client, schema);
  const before = await rowsIn(context, client, schema, objects.tables);
  const command = ['dump', ...DUMP_OPTIONS, '--skip-triggers', ...withoutViews(schema, objects), '--', schema];
  const tables = await saveDump(context, client, what, command, folder, `${name}.tables.sql.zst`);
  const after = await rowsIn(context, client, schema, objects.tables);
  const lost = objects.broken.length === 0 ? {} : { brokenViews: objects.broken.join(', ') };
  const files: BackupFile[] = [
    { ...plain(tables), facts: { ...tables.facts, ...counted(objects), ...lost, ...bracket(before, after) } },
  ];
  for (const each of definitionDumps(schema, objects)) {
    files.push(plain(await saveDump(context, client, what, each.command, folder, `${name}.${each.part}.sql.zst`)));
  }
  return { files, objects };
}

const plain = ({ file, bytes, sha256, facts }: BackupFile): BackupFile => ({ file, bytes, sha256, facts });
