// A PostgreSQL database comes back: restored beside the live one under another name, then both are renamed in one transaction.
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, Restorer, Restoring } from '../kind.ts';
import type { Client } from '../server/client.ts';
import { besideName } from '../server/names.ts';
import { whenReady } from '../server/ready.ts';
import { checkSums } from '../sums.ts';
import { maintenance, openPostgres, sql } from './client.ts';
import { contentOf } from './facts.ts';
import { dropDatabase, loadInto, scriptText } from './load.ts';
import { END_SESSIONS } from './queries.ts';

interface Standing {
  client: Client;
  /** Where the renaming is done from. */
  at: string;
  live: string;
  load: string;
  fresh: string;
  old: string;
  there: Set<string>;
}

async function lookAt(context: BackupContext, { files, stamp }: Restoring): Promise<Standing> {
  const live = String(files[0]?.facts.database ?? '');
  if (live === '') throw stepFailed({ what: 'the backup does not say which database it is of' });
  const client = await openPostgres(context);
  const at = maintenance(live);
  const found = await whenReady(context, () => sql(context, client, at, 'SELECT to_json(datname) FROM pg_database;'));
  const there = new Set(found.map((line) => JSON.parse(line) as string));
  const [load, fresh, old] = ['load', 'new', 'old'].map((what) => besideName(live, what, stamp)) as [
    string,
    string,
    string,
  ];
  return { client, at, live, load, fresh, old, there };
}

/** Nobody can connect to `from` any more, then it and another one change names, at once. */
async function exchange(
  context: BackupContext,
  standing: Standing,
  from: string,
  aside: string,
  to: string,
): Promise<void> {
  const { client, at, there } = standing;
  const away = there.has(from)
    ? `ALTER DATABASE :"db" WITH ALLOW_CONNECTIONS false;\n${END_SESSIONS}\nBEGIN;\nALTER DATABASE :"db" RENAME TO :"aside";`
    : 'BEGIN;';
  const text = `${away}\nALTER DATABASE :"other" RENAME TO :"db";\nCOMMIT;\nALTER DATABASE :"db" WITH ALLOW_CONNECTIONS true;`;
  await sql(context, client, at, text, { db: from, aside, other: to });
}

export const postgresRestorer: Restorer = {
  swaps: 'served',

  space: (_context, { item, files }) =>
    item.path === undefined ? undefined : { path: item.path, bytes: Number(files[0]?.facts.databaseBytes ?? 0) },

  async rowsNow(context, { files }) {
    const client = await openPostgres(context);
    return (await whenReady(context, () => contentOf(context, client, String(files[0]?.facts.database)))).rows;
  },

  async stage(context, restoring) {
    const { client, at, load, fresh, old, there } = await lookAt(context, restoring);
    if (there.has(fresh) || there.has(old)) return;
    const { folder, files } = restoring;
    await checkSums(context, folder, files);
    if (there.has(load)) await dropDatabase(context, client, at, load);
    try {
      await loadInto(context, client, folder, files, load);
      const dressed = scriptText(context, folder, files, '.properties.sql');
      const renamed = `${END_SESSIONS}\nALTER DATABASE :"db" RENAME TO :"fresh";`;
      await sql(context, client, at, `${dressed}\n${renamed}`, { db: load, fresh });
    } catch (error) {
      await dropDatabase(context, client, at, load);
      throw error;
    }
  },

  async swap(context, restoring) {
    const standing = await lookAt(context, restoring);
    const { live, fresh, old, there } = standing;
    if (there.has(fresh)) return await exchange(context, standing, live, old, fresh);
    if (there.has(old) && there.has(live)) return await allow(context, standing, live);
    throw stepFailed({ what: `the restored copy ${fresh} of ${live} is not there, so nothing was swapped` });
  },

  async settle(context, restoring) {
    const { client, at, load, fresh, old } = await lookAt(context, restoring);
    await dropDatabase(context, client, at, load, fresh, old);
  },

  async undo(context, restoring) {
    const standing = await lookAt(context, restoring);
    const { client, at, live, load, fresh, old, there } = standing;
    if (there.has(old)) {
      await dropDatabase(context, client, at, load);
      await exchange(context, standing, live, load, old);
    } else if (there.has(live)) await allow(context, standing, live);
    await dropDatabase(context, client, at, load, fresh);
  },
};

/** After a kill between the two statements, nobody could connect. */
async function allow(context: BackupContext, { client, at }: Standing, db: string): Promise<void> {
  await sql(context, client, at, 'ALTER DATABASE :"db" WITH ALLOW_CONNECTIONS true;', { db });
}
