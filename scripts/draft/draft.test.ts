// The parts of a draft that are computed: names, profiles, order, backups, health, the text.

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFiles } from '../host/files.ts';
import { parseManifest } from '../manifest/parse.ts';
import type { Mount, ResolvedService } from '../runtimes/runtime.ts';
import { draftBackups, type Place } from './backups.ts';
import { port, project } from './fixture.ts';
import { draftHealth } from './health.ts';
import { type ManifestDraft, manifestText } from './manifest.ts';
import { prioritiesOf } from './order.ts';
import { fileNames, serviceName } from './packages.ts';
import { profilesOf } from './profiles.ts';
import { guessRoles } from './roles.ts';
import { sqliteFiles } from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'belay-draft-'));
beforeAll(() => {
  mkdirSync(join(folder, 'deep/er'), { recursive: true });
  for (const name of ['small', 'deep/er/large']) {
    const db = new Database(join(folder, name));
    db.run(`create table t (a text)`);
    if (name !== 'small') for (let row = 0; row < 200; row++) db.run('insert into t values (?)', ['x'.repeat(100)]);
    db.close();
  }
  writeFileSync(join(folder, 'no.db'), 'x'.repeat(512));
  writeFileSync(join(folder, 'empty'), '');
  symlinkSync(join(folder, 'small'), join(folder, 'link'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('SQLite files are found by how they begin, the largest first; links are not followed', () => {
  expect(sqliteFiles(openFiles(), folder)).toEqual(['deep/er/large', 'small']);
});

test('services are named after their projects, each by a name of its own; files keep their places', () => {
  expect(serviceName(project('wiki'), '/srv/host/packages', new Set())).toBe('wiki');
  expect(serviceName(project('wiki'), '/srv/host/packages', new Set(['wiki', 'wiki-2']))).toBe('wiki-3');
  expect(serviceName({ ...project('x'), folder: '/srv/host/packages/shop' }, '/srv/host/packages', new Set())).toBe(
    'shop',
  );
  const files = ['/opt/x/compose.yml', '/opt/x/prod/compose.yml', '/etc/shared/compose.yml', '/opt/other/base.yml'];
  expect(fileNames({ ...project('x'), files })).toEqual([
    'compose.yml',
    'prod/compose.yml',
    '2-compose.yml',
    'base.yml',
  ]);
});

test('a profile was on where all of its services are there', () => {
  const text =
    'services: { a: {}, b: { profiles: [batch] }, c: { profiles: [batch, debug] }, d: { profiles: [debug] } }';
  expect(profilesOf([text], new Set(['a', 'b', 'c']))).toEqual(['batch']);
  expect(profilesOf([text], new Set(['a', 'b']))).toEqual([]);
  expect(profilesOf(['services: [', text], new Set(['a', 'b', 'c', 'd']))).toEqual(['batch', 'debug']);
});

test('who lends a network, and who is named in a variable, starts before; two that need each other start together', () => {
  const near = { networks: ['front'] };
  const found = prioritiesOf(
    [
      project('proxy', { service: 'app', ...near }),
      project('blog', { service: 'app', ...near, environment: { DB: 'postgres://x@shared-db:5432/b' } }),
      project('data', { service: 'db', name: 'shared-db', ...near }),
      project('alone', { service: 'app', environment: { DB: 'shared-db' } }),
      project('a', { service: 'one', networks: ['ab'], environment: { X: 'two' } }),
      project('b', { service: 'two', networks: ['ab'], environment: { X: 'one' } }),
    ],
    new Map([['front', 'proxy']]),
  );
  expect(found.get('proxy')).toEqual({ priority: 10, why: '' });
  expect(found.get('data')).toEqual({ priority: 20, why: 'after proxy (network front)' });
  expect(found.get('blog')).toEqual({ priority: 30, why: 'after proxy (network front), data (named in DB)' });
  expect(found.get('alone')).toEqual({ priority: 10, why: '' });
  expect(found.get('a')?.priority).toBe(found.get('b')?.priority ?? 0);
});

const mount = (kind: Mount['kind'], source: string, target: string, more: Partial<Mount> = {}): Mount => ({
  kind,
  source,
  target,
  writable: true,
  ...(kind === 'volume' ? { key: source.split('_').at(-1) ?? source } : {}),
  ...more,
});
const resolved = (components: Record<string, Mount[]>): ResolvedService => ({
  service: 'shop',
  project: 'shop',
  components: Object.entries(components).map(([name, mounts]) => ({
    name,
    role: 'app',
    stateful: false,
    build: false,
    ports: [],
    mounts,
    dependsOn: [],
  })),
  variables: [],
  namedFiles: [],
  document: '{}',
});

test('a dump for the database, an archive for each other volume and folder, a word on everything else', () => {
  const shop = project(
    'shop',
    { service: 'web', published: [port(3000)] },
    { service: 'db', imageRef: 'postgres:16', environment: { POSTGRES_USER: 'shop', POSTGRES_DB: 'orders' } },
    { service: 'cache', imageRef: 'redis:7' },
  );
  const draft = draftBackups(
    shop,
    guessRoles(shop),
    resolved({
      web: [
        mount('volume', 'shop_files', '/files'),
        mount('bind', '/opt/shop/data', '/data'),
        mount('bind', '/var/run/docker.sock', '/var/run/docker.sock'),
        mount('bind', '/etc/localtime', '/etc/localtime', { writable: false }),
        mount('bind', '/', '/host'),
        mount('bind', '/opt/shop/app.ini', '/app.ini'),
        { kind: 'volume', source: '', target: '/scratch', writable: true },
        mount('volume', 'media', '/media'),
      ],
      db: [mount('volume', 'shop_data', '/var/lib/postgresql/data')],
      cache: [mount('volume', 'shop_cache', '/data')],
    }),
    ({ source }) => ({
      kind: source.endsWith('.sock') ? 'other' : source.endsWith('.ini') ? 'file' : 'folder',
      sqlite: [],
    }),
    (data) => (data === 'volume media' ? 'photos' : undefined),
  );
  expect(draft.database?.spec).toEqual({ type: 'postgresql', container: 'db', name: 'orders', user: 'shop' });
  expect(draft.volumes.map((each) => ('bind' in each ? each.bind : each.suffix))).toEqual([
    'files',
    '/opt/shop/data',
    'cache',
  ]);
  expect(draft.volumes[2]?.why).toContain('no dump is taken');
  expect(draft.notes).toEqual([
    '/opt/shop/app.ini (web:/app.ini) is a single file: it is not in a backup',
    'web has a volume without a name on /scratch: it is not in a backup',
    'the volume media is saved with photos, of the same group',
    'the volume shop_data is in the dump of db',
  ]);
});

test('SQLite in a volume or a folder is the database where there is no other', () => {
  const plain = project('notes', { service: 'web', published: [port(3000)] });
  const holds = (): Place => ({ kind: 'folder', sqlite: ['app.db', 'old.db'] });
  const volume = draftBackups(
    plain,
    guessRoles(plain),
    resolved({ web: [mount('volume', 'notes_data', '/data')] }),
    holds,
    () => undefined,
  );
  expect(volume.database?.spec).toEqual({ type: 'sqlite', path: 'volume:data/app.db' });
  expect(volume.database?.why).toContain('old.db is in the archive only');
  const bind = draftBackups(
    plain,
    guessRoles(plain),
    resolved({ web: [mount('bind', '/srv/n', '/data')] }),
    holds,
    () => undefined,
  );
  expect(bind.database?.spec).toEqual({ type: 'sqlite', path: 'bind:/srv/n/app.db' });
  expect(bind.volumes).toEqual([
    { bind: '/srv/n', why: 'holds SQLite databases (app.db, old.db), saved with their WAL' },
  ]);
});

test('health is what the port of an app answers now, at the path of its health check', async () => {
  const shop = project(
    'shop',
    {
      service: 'web',
      published: [port(3000), port(9000, 9000, '')],
      healthTest: ['CMD-SHELL', 'curl -f http://localhost:8080/up || exit 1'],
      health: 'healthy',
    },
    { service: 'db', imageRef: 'postgres:16', published: [port(5432, 5432)] },
  );
  const asked: string[] = [];
  const answers = (codes: Record<string, number>) => ({
    get: async (url: string) => {
      asked.push(url);
      const status = codes[url];
      if (status === undefined) throw new Error('refused');
      return { status, headers: {}, body: '' };
    },
  });
  const found = await draftHealth(
    answers({ 'http://127.0.0.1:3000/up': 204, 'http://127.0.0.1:9000/': 404 }),
    shop,
    guessRoles(shop),
  );
  expect(found).toMatchObject({ endpoint: { url: 'http://127.0.0.1:3000/up', code: 204 }, checked: ['web'] });
  expect(asked.some((url) => url.includes('5432'))).toBe(false);
  const silent = await draftHealth(answers({}), shop, guessRoles(shop));
  expect(silent.endpoint).toBeUndefined();
  expect(silent.note).toContain("Docker's own check of web is all there is");
  const broken = await draftHealth(answers({ 'http://127.0.0.1:3000/up': 503 }), shop, guessRoles(shop));
  expect(broken.endpoint).toBeUndefined();
});

test('the manifest is read without a word, and each guess in it is marked', () => {
  const shop = project(
    '1st.Shop',
    { service: 'web', published: [port(3000)] },
    { service: 'db', imageRef: 'postgres:16' },
  );
  const draft: ManifestDraft = {
    name: 'shop',
    project: 'shop',
    directory: '/opt/my shop',
    files: ['docker-compose.yml', 'a b.yml'],
    envFiles: ['/opt/my shop/.env'],
    profiles: ['on'],
    stopped: false,
    place: { priority: 20, why: 'after proxy' },
    guesses: guessRoles(shop),
    health: { endpoint: { url: 'http://127.0.0.1:3000/', code: 200, why: 'x' }, checked: ['web'], note: '' },
    backup: {
      database: { spec: { type: 'postgresql', container: 'db', name: '007', user: 'no' }, why: 'x' },
      volumes: [{ suffix: 'files' }, { bind: '/opt/my shop/data', why: 'holds\nlines' }],
      notes: ['a note: with # signs'],
    },
    group: { name: 'media', why: 'x' },
    notes: ['from elsewhere'],
  };
  const text = manifestText(draft);
  const { manifest, notices } = parseManifest(text, { file: 'f', folder: 'shop' });
  expect(notices).toEqual([]);
  expect(manifest).toMatchObject({
    priority: 20,
    compose: {
      project: 'shop',
      directory: '/opt/my shop',
      files: ['docker-compose.yml', 'a b.yml'],
      envFiles: ['/opt/my shop/.env'],
      profiles: ['on'],
    },
    database: { type: 'postgresql', container: 'db', name: '007', user: 'no' },
    backup: { types: ['database', 'volume'] },
    release: { group: 'media' },
  });
  expect(manifest.containers.map(({ name, healthCheck }) => [name, healthCheck])).toEqual([
    ['web', true],
    ['db', false],
  ]);
  expect(text.match(/# guessed: \S/g)).toHaveLength(8);
  const stopped = manifestText({ ...draft, stopped: true, group: undefined, backup: { volumes: [], notes: [] } });
  expect(parseManifest(stopped, { file: 'f', folder: 'shop' }).manifest.installation).toBe('inactive');
});
