// A MariaDB schema comes back: loaded into one beside it, then all tables change places in one statement, then views, triggers and the rest are loaded.
// Where it stands is told by the mark table: in `new` staged, in `old` swapped.
import { join } from 'node:path';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile, Restorer, Restoring } from '../kind.ts';
import type { Client } from '../server/client.ts';
import { saveDump } from '../server/dump.ts';
import { besideName } from '../server/names.ts';
import { whenReady } from '../server/ready.ts';
import { checkSums } from '../sums.ts';
import { literal, openMariadb, quoted, sql, unhex } from './client.ts';
import { definitionDumps } from './dump.ts';
import { objectsOf, rowsIn } from './facts.ts';
import { createSchema, dropSchema, feedParts, loadInto } from './load.ts';
import { dropDefinitions, exchange, MARK, movable } from './swap.ts';

const DEFINITIONS = ['routines', 'views', 'events'];

interface Standing {
  client: Client;
  live: string;
  fresh: string;
  old: string;
  staged: boolean;
  swapped: boolean;
  facts: BackupFile['facts'];
}

async function lookAt(context: BackupContext, { files, stamp }: Restoring): Promise<Standing> {
  const facts = files[0]?.facts ?? {};
  const live = String(facts.database ?? '');
  if (live === '') throw stepFailed({ what: 'the backup does not say which database it is of' });
  const client = await openMariadb(context);
  const [fresh, old] = [besideName(live, 'new', stamp), besideName(live, 'old', stamp)];
  const marks = `SELECT HEX(TABLE_SCHEMA) FROM information_schema.TABLES WHERE TABLE_NAME = '${MARK}' AND TABLE_SCHEMA IN (${literal(fresh)}, ${literal(old)});`;
  const marked = (await whenReady(context, () => sql(context, client, marks, 'root'))).map(([hex = '']) => unhex(hex));
  return { client, live, fresh, old, facts, staged: marked.includes(fresh), swapped: marked.includes(old) };
}

const saved = (restoring: Restoring): string => join(restoring.work, `${restoring.item.name}.definitions`);

/** Views, triggers, routines and events as they were before the swap; once, since after it they are others. */
async function saveDefinitions(
  context: BackupContext,
  restoring: Restoring,
  { client, live }: Standing,
): Promise<void> {
  const { files } = context.host;
  const final = saved(restoring);
  if (files.stat(final) !== undefined) return;
  const partial = `${final}.partial`;
  files.remove(partial);
  files.mkdir(partial);
  const objects = await objectsOf(context, client, live, 'root');
  for (const { part, command } of definitionDumps(live, objects)) {
    await saveDump(context, client, `saving the definitions of ${live}`, command, partial, `old.${part}.sql.zst`);
  }
  files.sync(partial);
  files.rename(partial, final);
  files.sync(restoring.work);
}

async function loadDefinitions(
  context: BackupContext,
  { client, live }: Standing,
  folder: string,
  files: readonly BackupFile[],
): Promise<void> {
  const statements = dropDefinitions(live, await objectsOf(context, client, live, 'root'));
  if (statements.length > 0) await sql(context, client, statements.join('\n'), 'root');
  await feedParts(context, client, folder, files, DEFINITIONS, live);
}

async function tradePlaces(
  context: BackupContext,
  { client, live, facts }: Standing,
  aside: string,
  fresh: string,
): Promise<void> {
  await sql(context, client, `${createSchema(aside, facts)}\n${createSchema(live, facts)}`, 'root');
  const [from, to] = [await objectsOf(context, client, live, 'root'), await objectsOf(context, client, fresh, 'root')];
  const statements = [...dropDefinitions(live, from), exchange(live, aside, fresh, movable(from), movable(to))];
  await sql(context, client, statements.join('\n'), 'root');
}

export const mariadbRestorer: Restorer = {
  swaps: 'served',

  space: (_context, { item, files }) =>
    item.path === undefined ? undefined : { path: item.path, bytes: Number(files[0]?.facts.databaseBytes ?? 0) },

  async rowsNow(context, { files }) {
    const client = await openMariadb(context);
    const schema = String(files[0]?.facts.database);
    const { tables } = await whenReady(context, () => objectsOf(context, client, schema, 'root'));
    return await rowsIn(context, client, schema, tables, 'root');
  },

  async stage(context, restoring) {
    const { client, fresh, staged, swapped } = await lookAt(context, restoring);
    if (staged || swapped) return;
    const { folder, files } = restoring;
    await checkSums(context, folder, files);
    await dropSchema(context, client, fresh);
    try {
      await loadInto(context, client, folder, files, fresh, ['tables']);
      await sql(context, client, `CREATE TABLE ${quoted(fresh)}.${quoted(MARK)} (x int) ENGINE=InnoDB;`, 'root');
    } catch (error) {
      await dropSchema(context, client, fresh);
      throw error;
    }
  },

  async swap(context, restoring) {
    const standing = await lookAt(context, restoring);
    const { live, fresh, old, staged, swapped } = standing;
    if (!staged && !swapped)
      throw stepFailed({ what: `the restored copy ${fresh} of ${live} is not there, so nothing was swapped` });
    if (!swapped) {
      await saveDefinitions(context, restoring, standing);
      await tradePlaces(context, standing, old, fresh);
    }
    await loadDefinitions(context, standing, restoring.folder, restoring.files);
  },

  async settle(context, restoring) {
    const { client, fresh, old } = await lookAt(context, restoring);
    await dropSchema(context, client, fresh, old);
    context.host.files.remove(saved(restoring));
  },

  async undo(context, restoring) {
    const standing = await lookAt(context, restoring);
    const { client, fresh, old, swapped } = standing;
    const { files } = context.host;
    const folder = saved(restoring);
    // The mark goes back to `new`, as if it had only been staged.
    if (swapped) await tradePlaces(context, standing, fresh, old);
    if (files.stat(folder) !== undefined) {
      const kept = files.list(folder).map((file) => ({ file, bytes: 0, sha256: '', facts: {} }));
      await loadDefinitions(context, standing, folder, kept);
    }
    await dropSchema(context, client, old, fresh);
    files.remove(folder);
  },
};
