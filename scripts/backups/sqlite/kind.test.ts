// SQLite while others write, and files that are no database.

import { Database } from 'bun:sqlite';
import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeWorld, type World } from '../world.ts';
import { sqliteKind } from './kind.ts';

let world: World;
afterEach(() => world.end());

function shop(): { path: string; folder: string } {
  world = makeWorld({ backup: { types: ['database'] }, database: { type: 'sqlite', path: 'data/app.db' } });
  const folder = join(world.root, 'out');
  mkdirSync(folder);
  return { path: world.packagePath('data/app.db'), folder };
}

async function save(folder: string) {
  const [item] = await sqliteKind.items(world.context);
  if (item === undefined) throw new Error('no item');
  const files = await sqliteKind.write(world.context, item, folder);
  await sqliteKind.check(world.context, item, folder, files);
  return files[0]?.facts ?? {};
}

// Each transaction adds one row to both tables, so that a copy of one moment has as many in each.
const WRITER = `
const { Database } = require('bun:sqlite');
const db = new Database(process.argv.at(-1));
db.run('PRAGMA busy_timeout = 5000');
const both = db.transaction((n) => { db.run('INSERT INTO a VALUES (?, randomblob(2000))', [n]); db.run('INSERT INTO b VALUES (?, randomblob(2000))', [n]); });
console.log('writing');
for (let n = 0; ; n++) { both(n); Bun.sleepSync(2); }
`;

test.each(['wal', 'delete'])(
  'journal mode %s: a copy under a writer is the state of one moment, twice',
  async (mode) => {
    const { path, folder } = shop();
    const db = new Database(path);
    db.run(`PRAGMA journal_mode = ${mode}`);
    db.run('CREATE TABLE a (n, x)');
    db.run('CREATE TABLE b (n, x)');
    const writer = Bun.spawn([process.execPath, '-e', WRITER, path], { stdout: 'pipe', stderr: 'inherit' });
    try {
      await writer.stdout.getReader().read();
      let last = -1;
      for (let round = 0; round < 2; round++) {
        const facts = await save(folder);
        expect(facts['rows:a']).toBe(Number(facts['rows:b']));
        expect(facts.journalMode).toBe(mode);
        expect(Number(facts['rows:a'])).toBeGreaterThan(last);
        last = Number(facts['rows:a']);
        await Bun.sleep(30);
      }
    } finally {
      writer.kill('SIGKILL');
      await writer.exited;
      db.close();
    }
  },
);

test('what is only in the WAL yet is in the copy, and the source stays as it was', async () => {
  const { path, folder } = shop();
  const db = new Database(path);
  db.run('PRAGMA journal_mode = wal');
  db.run('PRAGMA wal_autocheckpoint = 0');
  db.run('CREATE TABLE t (x)');
  db.run("INSERT INTO t VALUES ('late')");
  const before = [readFileSync(path), readFileSync(`${path}-wal`)];
  expect(await save(folder)).toMatchObject({ 'rows:t': 1 });
  expect([readFileSync(path), readFileSync(`${path}-wal`)]).toEqual(before);
  db.close();
});

test('a database that nobody has open gets no WAL beside it from us', async () => {
  const { path, folder } = shop();
  const db = new Database(path);
  db.run('PRAGMA journal_mode = wal');
  db.run('CREATE TABLE t (x)');
  db.close();
  const before = readFileSync(path);
  await save(folder);
  expect(readdirSync(join(path, '..'))).toEqual(['app.db']);
  expect(readFileSync(path)).toEqual(before);
});

test('an empty file, no database, and a database without tables fail with a sentence', async () => {
  const { path, folder } = shop();
  writeFileSync(path, '');
  await expect(save(folder)).rejects.toThrow('is empty: it has no table');
  writeFileSync(path, 'this is a text of more than a hundred bytes, '.repeat(20));
  await expect(save(folder)).rejects.toMatchObject({
    facts: { what: 'SQLite says: file is not a database', where: path },
  });
  new Database(path.replace('app.db', 'none.db')).run('PRAGMA user_version = 1');
  writeFileSync(path, readFileSync(path.replace('app.db', 'none.db')));
  await expect(save(folder)).rejects.toThrow('is empty: it has no table');
});

test('a dump whose pages are spoilt fails its read-back, even under a checksum that fits', async () => {
  const { path, folder } = shop();
  const db = new Database(path);
  db.run('CREATE TABLE t (x)');
  db.run('CREATE INDEX i ON t (x)');
  db.run(
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT 'value ' || i FROM n",
  );
  db.close();
  const [item] = await sqliteKind.items(world.context);
  if (item === undefined) throw new Error('no item');
  const [file] = await sqliteKind.write(world.context, item, folder);
  if (file === undefined) throw new Error('no file');
  const zst = join(folder, file.file);
  const dump = Buffer.from(Bun.zstdDecompressSync(readFileSync(zst)));
  const at = dump.indexOf('value 1234');
  dump[at + 6] = 'X'.charCodeAt(0);
  writeFileSync(zst, Bun.zstdCompressSync(dump));
  const sha256 = await world.context.host.files.sha256(zst);
  const forged = [{ ...file, bytes: statSync(zst).size, sha256 }];
  const failure = { facts: { what: 'the copy of the SQLite database is not what was read' } };
  await expect(sqliteKind.check(world.context, item, folder, forged)).rejects.toMatchObject(failure);
});
