// What "as before" means, looked at without the engine's code: data, configuration, checkout, and what runs.
import { Database } from 'bun:sqlite';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, makeOddTree } from '../../../scripts/backups/odd-tree.ts';
import type { ScenarioHost } from './host.ts';
import type { ServiceOptions } from './kind.ts';

const workspace = (h: ScenarioHost, service: string) => join(h.prod, '.asd/workspace', service);

/** A service with data: a folder or volume with everything in it that a careless copy loses, and, on pm2, a SQLite database. */
export const withData = (runtime: string, service: string): ServiceOptions => ({
  manifest:
    runtime === 'compose'
      ? { backup: { enabled: true, type: ['volume', 'config'], volumes: [{ suffix: 'files' }] } }
      : {
          backup: { enabled: true, type: ['workspace', 'database', 'config'], paths: [`${service}/uploads`] },
          database: { type: 'sqlite', path: `${service}/app.db` },
        },
});

async function folderOf(h: ScenarioHost, service: string): Promise<string> {
  if (h.runtime === 'pm2') return join(workspace(h, service), 'uploads');
  const name = `${h.prefix}${service}_files`;
  return (await h.docker?.('volume', 'inspect', '--format', '{{.Mountpoint}}', name))?.stdout.trim() ?? '';
}

const databaseOf = (h: ScenarioHost, service: string) => join(workspace(h, service), 'app.db');

/** Fills a service's folder and database for the first time. */
export async function seed(h: ScenarioHost, service: string): Promise<void> {
  if (h.runtime === 'pm2') mkdirSync(workspace(h, service), { recursive: true });
  makeOddTree(await folderOf(h, service));
  if (h.runtime === 'compose') return;
  const db = new Database(databaseOf(h, service));
  db.run('PRAGMA journal_mode = wal');
  db.run('CREATE TABLE notes (text)');
  for (let n = 0; n < 5; n += 1) db.run('INSERT INTO notes VALUES (?)', [`note ${n} ä`]);
  db.close();
}

export async function hasData(h: ScenarioHost, service: string): Promise<boolean> {
  const folder = await folderOf(h, service);
  return existsSync(folder) && readdirSync(folder).length > 0;
}

/** What users do after a release: files come, change and go; rows, too. */
export async function use(h: ScenarioHost, service: string): Promise<void> {
  const script =
    'cd -- "$1"; echo new > "new$RANDOM"; echo more >> deep/a; rm -f link; chmod 0777 setuid; touch nothing';
  const done = Bun.spawnSync(['bash', '-c', script, 'bash', await folderOf(h, service)]);
  if (done.exitCode !== 0) throw new Error(done.stderr.toString());
  if (h.runtime === 'compose') return;
  const db = new Database(databaseOf(h, service), { readwrite: true, create: false });
  db.run('DELETE FROM notes WHERE rowid = 2');
  for (let n = 0; n < 3; n += 1) db.run('INSERT INTO notes VALUES (?)', ['written by a user']);
  db.close();
}

async function dataOf(h: ScenarioHost, service: string): Promise<string> {
  const folder = await folderOf(h, service);
  if (folder === '' || !existsSync(folder)) return 'none';
  const near = [join(folder, '..'), workspace(h, service)].filter((path) => existsSync(path));
  const left = near.flatMap((path) => readdirSync(path)).filter((name) => name.includes('.asd-'));
  const files = `${fingerprint(folder)}${left.join()}`;
  if (!existsSync(databaseOf(h, service))) return files;
  const db = new Database(databaseOf(h, service), { readwrite: true, create: false });
  const tables = db.query("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").values();
  const rows = db.query('SELECT rowid, * FROM notes ORDER BY rowid').values();
  db.close();
  return `${files}${JSON.stringify([tables, rows])}`;
}

/** Everything that a revert brings back; container ids and pids are looked at apart. */
export async function stateOf(h: ScenarioHost, services: readonly string[]): Promise<Record<string, string>> {
  const each = await Promise.all(
    services.map(
      async (service): Promise<Array<[string, string]>> => [
        [`${service} data`, await dataOf(h, service)],
        [
          `${service} runs`,
          (await h.instances(service)).map(({ component, image, paused }) => `${component} ${image} ${paused}`).join(),
        ],
        [`${service} answers`, (await h.httpVersion(service)) ?? 'nothing'],
      ],
    ),
  );
  return {
    tree: await h.git(h.prod, 'rev-parse', 'HEAD^{tree}'),
    deployed: await h.git(h.prod, 'rev-parse', 'refs/asd/deployed^{tree}'),
    branch: await h.git(h.prod, 'rev-parse', '--symbolic-full-name', 'HEAD'),
    index: await h.git(h.prod, 'ls-files', '--stage'),
    status: await h.git(h.prod, 'status', '--porcelain'),
    env: readFileSync(join(h.prod, '.env'), 'utf8'),
    ...Object.fromEntries(each.flat()),
  };
}
