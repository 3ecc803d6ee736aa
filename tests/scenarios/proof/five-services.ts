// Five services with every kind of backup and four kinds of database, filled with what a careless copy loses.
import { Database } from 'bun:sqlite';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeOddTree } from '../../../scripts/backups/odd-tree.ts';
import { DATABASE_IMAGE } from '../../../scripts/dev/engine/databases.ts';
import type { ProofSpec } from '../../../scripts/dev/proof/proof.ts';
import type { HostOptions, ScenarioHost } from '../harness/host.ts';
import type { ServiceOptions } from '../harness/kind.ts';
import { mustRun, until } from '../harness/process.ts';

export const ALL = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
const PASSWORDS = {
  BETA_DB_PASSWORD: 'beta secret',
  GAMMA_DB_PASSWORD: 'gamma secret',
  DELTA_DB_PASSWORD: 'delta-secret',
};

const server = (command: string[], data: string, ...environment: string[]): NonNullable<ServiceOptions['more']> => ({
  services: `  db:
    image: ${DATABASE_IMAGE}
    command: ${JSON.stringify(command)}
    environment: ${JSON.stringify(environment)}
    init: true
    stop_grace_period: 20s
    volumes: ["data:${data}"]`,
  volumes: ['data'],
});
const containers = (name: string) => [
  { name, role: 'app', service: 'web' },
  { name: `${name}-db`, role: 'database', service: 'db' },
];
const database = (name: string, more: Record<string, string>) => ({
  containers: containers(name),
  database: { container: `${name}-db`, password_env: `${name.toUpperCase()}_DB_PASSWORD`, ...more },
});
const volume = { volumes: [{ suffix: 'files' }] };
const OWN = '--directory="$ASD_ROOT/.asd/workspace/epsilon"';
const shell = (script: string) => ['sh', '-c', script];

/** Of the host; the same at every version. */
export const FIVE: Required<Pick<HostOptions, 'services' | 'env'>> = {
  env: PASSWORDS,
  services: {
    alpha: { manifest: { backup: { type: ['volume', 'config'], ...volume } } },
    beta: {
      more: server(
        ['postgres'],
        '/var/lib/postgresql/data',
        'POSTGRES_PASSWORD=${BETA_DB_PASSWORD}',
        'POSTGRES_DB=shop',
      ),
      manifest: {
        ...database('beta', { type: 'postgresql', name: 'shop', user: 'postgres' }),
        backup: { type: ['database', 'volume'], ...volume },
      },
    },
    gamma: {
      more: server(['mariadb'], '/var/lib/mysql', 'MARIADB_ROOT_PASSWORD=${GAMMA_DB_PASSWORD}'),
      manifest: {
        ...database('gamma', { type: 'mariadb', name: 'forum' }),
        backup: { type: ['database', 'volume', 'config'], ...volume },
      },
    },
    delta: {
      more: server(['redis', '--appendonly', 'yes'], '/data', 'REDIS_PASSWORD=${DELTA_DB_PASSWORD}'),
      manifest: {
        ...database('delta', { type: 'redis' }),
        backup: { type: ['database', 'volume', 'workspace'], ...volume, paths: ['delta/uploads'] },
      },
    },
    epsilon: {
      manifest: {
        database: { type: 'sqlite', path: 'volume:files/app.db' },
        backup: {
          type: ['database', 'command'],
          ...volume,
          command: {
            backup: shell(`tar ${OWN} --format=posix -cf "$ASD_BACKUP_DIR/own.tar" own`),
            restore: shell(`tar ${OWN} -xf "$ASD_BACKUP_DIR/own.tar"`),
          },
        },
      },
    },
  },
};

const workspace = (h: ScenarioHost, ...path: string[]) => join(h.prod, '.asd/workspace', ...path);
const project = (h: ScenarioHost, service: string) => `${h.prefix}${service}`;
const container = (h: ScenarioHost, service: string) => `${project(h, service)}-db-1`;
export const folderOf = async (h: ScenarioHost, service: string): Promise<string> =>
  await mustRun(
    ['docker', 'volume', 'inspect', '--format', '{{.Mountpoint}}', `${project(h, service)}_files`],
    h.folder,
    h.env,
  );

const inside = (h: ScenarioHost, service: string, variable: string, password: string, ...argv: string[]) =>
  mustRun(['docker', 'exec', '-e', variable, container(h, service), ...argv], h.folder, {
    ...h.env,
    [variable]: password,
  });
const sql = (h: ScenarioHost, text: string, name = 'shop') =>
  inside(
    h,
    'beta',
    'PGPASSWORD',
    PASSWORDS.BETA_DB_PASSWORD,
    'psql',
    '-XAtq',
    '-v',
    'ON_ERROR_STOP=1',
    '-U',
    'postgres',
    '-d',
    name,
    '-c',
    text,
  );
const maria = (h: ScenarioHost, text: string) =>
  inside(
    h,
    'gamma',
    'MYSQL_PWD',
    PASSWORDS.GAMMA_DB_PASSWORD,
    'mariadb',
    '-uroot',
    '--default-character-set=utf8mb4',
    '-e',
    text,
  );
const redis = (h: ScenarioHost, ...words: string[]) =>
  inside(h, 'delta', 'REDISCLI_AUTH', PASSWORDS.DELTA_DB_PASSWORD, 'redis-cli', ...words);
const sqlite = async (h: ScenarioHost, ...statements: string[]) => {
  const db = new Database(join(await folderOf(h, 'epsilon'), 'app.db'));
  db.run('PRAGMA journal_mode = wal');
  for (const statement of statements) db.run(statement);
  db.close();
};

/** Data for the first time; waits for the servers. */
export async function fill(h: ScenarioHost): Promise<void> {
  const answering = async (what: string, ask: () => Promise<string>) => {
    await until(what, () =>
      ask().then(
        () => true,
        () => undefined,
      ),
    );
  };
  await Promise.all([
    answering('PostgreSQL', () => sql(h, 'SELECT 1')),
    answering('MariaDB', () => maria(h, 'SELECT 1')),
    answering('Redis', () => redis(h, 'PING')),
  ]);
  for (const service of ['alpha', 'beta']) makeOddTree(await folderOf(h, service));
  makeOddTree(workspace(h, 'delta', 'uploads'));
  mkdirSync(workspace(h, 'epsilon'), { recursive: true });
  writeFileSync(workspace(h, 'epsilon', 'own'), 'saved by a command of its own\n');
  await sql(
    h,
    `CREATE SEQUENCE numbers START 100 INCREMENT 5;
CREATE TABLE "Bücher 名" (id bigint PRIMARY KEY DEFAULT nextval('numbers'), text text);
INSERT INTO "Bücher 名" (text) SELECT 'Žoë ' || i FROM generate_series(1, 300) i;
CREATE VIEW few AS SELECT * FROM "Bücher 名" WHERE id < 200; CREATE TABLE empty (x int);
SELECT lo_from_bytea(4711, decode(repeat('00ff10', 20000), 'hex'));`,
  );
  await maria(
    h,
    `CREATE DATABASE forum CHARACTER SET utf8mb4; USE forum;
CREATE TABLE posts (id bigint AUTO_INCREMENT PRIMARY KEY, text varchar(200), photo blob);
INSERT INTO posts (text, photo) SELECT CONCAT('Žoë 😀 ', seq), UNHEX(MD5(seq)) FROM seq_1_to_300; CREATE VIEW few AS SELECT * FROM posts WHERE id < 9;`,
  );
  await redis(h, 'SET', 'näme', 'Žoë');
  await redis(h, 'RPUSH', 'list', 'a', 'b');
  await redis(h, '-n', '3', 'HSET', 'hash', 'f', '1');
  await sqlite(h, 'CREATE TABLE notes (text)', "INSERT INTO notes VALUES ('één'), ('two')");
}

/** What users do once the new version is out: everywhere. */
export async function write(h: ScenarioHost): Promise<void> {
  for (const folder of [await folderOf(h, 'alpha'), await folderOf(h, 'beta'), workspace(h, 'delta', 'uploads')]) {
    writeFileSync(join(folder, 'new'), 'by a user');
    writeFileSync(join(folder, 'deep/a'), 'rewritten');
    chmodSync(join(folder, 'setuid'), 0o777);
  }
  writeFileSync(workspace(h, 'epsilon', 'own'), 'overwritten\n');
  await sql(
    h,
    `INSERT INTO "Bücher 名" (text) VALUES ('of a user'); DELETE FROM "Bücher 名" WHERE id = 105; DROP VIEW few;
SELECT lo_unlink(4711); CREATE TABLE news (x int);`,
  );
  await maria(
    h,
    "USE forum; INSERT INTO posts (text) VALUES ('of a user'); DELETE FROM posts WHERE id = 7; DROP VIEW few; ALTER TABLE posts ADD extra int;",
  );
  await redis(h, 'SET', 'näme', 'of a user');
  await redis(h, 'DEL', 'list');
  await sqlite(h, "INSERT INTO notes VALUES ('of a user')", 'DELETE FROM notes WHERE rowid = 1');
}

export async function specOf(h: ScenarioHost): Promise<ProofSpec> {
  return {
    root: h.prod,
    env: h.env,
    prefix: h.prefix,
    folders: [workspace(h, 'delta'), workspace(h, 'epsilon')].filter((path) => existsSync(path)),
    databases: {
      beta: {
        kind: 'postgresql',
        container: container(h, 'beta'),
        user: 'postgres',
        name: 'shop',
        password: PASSWORDS.BETA_DB_PASSWORD,
      },
      gamma: {
        kind: 'mariadb',
        container: container(h, 'gamma'),
        name: 'forum',
        password: PASSWORDS.GAMMA_DB_PASSWORD,
      },
      delta: { kind: 'redis', container: container(h, 'delta'), password: PASSWORDS.DELTA_DB_PASSWORD },
      epsilon: { kind: 'sqlite', path: join(await folderOf(h, 'epsilon'), 'app.db') },
    },
    serverVolumes: [
      ...['beta', 'gamma', 'delta'].map((s) => `${project(h, s)}_data`),
      `${project(h, 'epsilon')}_files`,
    ],
    urls: ALL.map((service) => `http://127.0.0.1:${h.port(service)}/version`),
  };
}

/** Small differences that the proof has to find: the section that names it, how it is made, and how it is taken back. */
export async function plants(h: ScenarioHost): Promise<Array<{ section: string; make: string; undo: string }>> {
  const alpha = await folderOf(h, 'alpha');
  const within = (script: string) => `cd '${alpha}'; ${script}`;
  const psql = (text: string) =>
    `PGPASSWORD='${PASSWORDS.BETA_DB_PASSWORD}' docker exec -e PGPASSWORD ${container(h, 'beta')} psql -Xq -U postgres -d shop -c "${text}"`;
  const files = `volume ${project(h, 'alpha')}_files`;
  const kept = within("touch -d '2001-02-03 04:05:06.123456789' deep/a");
  return [
    { section: files, make: within('printf eno > deep/a; ') + kept, undo: within('printf one > deep/a; ') + kept },
    { section: files, make: within('chmod 0755 .'), undo: within('chmod 0751 .') },
    { section: files, make: within('chown -h 77:89 link'), undo: within('chown -h 77:88 link') },
    { section: files, make: within('touch -d 2001-02-03T04:05:07Z deep/a'), undo: kept },
    { section: files, make: within('cp -p hard h2; mv h2 hard'), undo: within('ln -f deep/a hard') },
    {
      section: files,
      make: within('cp -p --sparse=never sparse s2; mv s2 sparse'),
      undo: within('cp -p --sparse=always sparse s2; mv s2 sparse'),
    },
    { section: files, make: within('mkdir another'), undo: within('rmdir another') },
    { section: 'database beta', make: psql('INSERT INTO empty VALUES (1)'), undo: psql('DELETE FROM empty') },
    { section: '.env', make: `echo X=1 >> '${h.prod}/.env'`, undo: `sed -i '/^X=1$/d' '${h.prod}/.env'` },
    { section: 'checkout', make: `touch '${h.prod}/packages/alpha/.env'`, undo: `rm '${h.prod}/packages/alpha/.env'` },
    {
      section: 'git',
      make: `git -C '${h.prod}' update-index --chmod=+x justfile`,
      undo: `git -C '${h.prod}' update-index --chmod=-x justfile`,
    },
    {
      section: 'containers',
      make: `docker pause ${project(h, 'alpha')}-web-1`,
      undo: `docker unpause ${project(h, 'alpha')}-web-1`,
    },
    { section: 'networks', make: `docker network create ${h.prefix}left`, undo: `docker network rm ${h.prefix}left` },
  ];
}
