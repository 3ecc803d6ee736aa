// Every kind, under the one contract.
import { Database } from 'bun:sqlite';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandKind } from './command/kind.ts';
import { configKind } from './config/kind.ts';
import { type BackupCase, backupContract } from './contract.ts';
import { lacks } from './lacks.ts';
import { fingerprint, makeOddTree } from './odd-tree.ts';
import { sqliteKind } from './sqlite/kind.ts';
import { volumeKind } from './volume/kind.ts';
import { workspaceKind } from './workspace/kind.ts';
import { makeWorld } from './world.ts';

function spoilTree(path: string): void {
  rmSync(join(path, 'deep'), { recursive: true });
  writeFileSync(join(path, 'intruder'), 'x');
}

const bind = (source: string) => ({ kind: 'bind' as const, source, target: '/data', writable: true });

backupContract('workspace', async () => {
  const world = makeWorld({ backup: { types: ['workspace'], paths: ['uploads', 'notes.txt'] } });
  const tree = world.packagePath('uploads');
  makeOddTree(tree);
  const note = join(world.root, '.asd/workspace/notes.txt');
  writeFileSync(note, 'a note', { mode: 0o604 });
  return {
    kind: workspaceKind,
    context: world.context,
    fingerprint: () => `${fingerprint(tree)}${readFileSync(note)} ${statSync(note).mode} ${statSync(note).mtimeMs}`,
    spoil() {
      spoilTree(tree);
      writeFileSync(note, 'another');
    },
    root: world.root,
    end: world.end,
  };
});

backupContract('volume, as a bind mount', async () => {
  const world = makeWorld({ backup: {} });
  const tree = join(world.root, "srv/it's data");
  mkdirSync(join(world.root, 'srv'));
  makeOddTree(tree);
  const context = { ...world.context, ...makeWorldParts(world.context, tree) };
  return {
    kind: volumeKind,
    context,
    fingerprint: () => fingerprint(tree),
    spoil: () => spoilTree(tree),
    root: world.root,
    end: world.end,
  };
});

function makeWorldParts(context: ReturnType<typeof makeWorld>['context'], tree: string) {
  const service = { ...context.service, backup: { ...context.service.backup, volumes: [{ bind: tree }] } };
  const components = context.resolved.components.map((component) => ({ ...component, mounts: [bind(tree)] }));
  return { service, resolved: { ...context.resolved, components } };
}

if (process.getuid?.() === 0) {
  backupContract('volume, from its mountpoint', async () => {
    const mount = {
      kind: 'volume' as const,
      source: 'asd-test-shop_files',
      key: 'files',
      target: '/data',
      writable: true,
    };
    const world = makeWorld({ backup: { types: ['volume'], volumes: [{ suffix: 'files' }] }, mounts: [mount] });
    const tree = join(world.root, 'volumes/files/_data');
    world.volumes['asd-test-shop_files'] = { Driver: 'local', Mountpoint: tree, Options: null };
    makeOddTree(tree);
    return {
      kind: volumeKind,
      context: world.context,
      fingerprint: () => fingerprint(tree),
      spoil: () => spoilTree(tree),
      root: world.root,
      end: world.end,
    };
  });
}

for (const basis of lacks('rsync') ? [] : [false, true]) {
  const make = async () => {
    const world = makeWorld({ backup: { types: ['workspace'], paths: ['uploads'], method: 'incremental' } });
    const tree = world.packagePath('uploads');
    makeOddTree(tree);
    return {
      kind: workspaceKind,
      ...(basis ? { basis } : {}),
      context: world.context,
      fingerprint: () => fingerprint(tree),
      open: () => fingerprint(tree, 'inside'),
      spoil: () => spoilTree(tree),
      root: world.root,
      end: world.end,
    };
  };
  backupContract(`workspace, ${basis ? 'a second' : 'a first'} snapshot`, make, { kills: basis, limitMs: 60_000 });
}

backupContract('config', async () => {
  const world = makeWorld({ backup: {} });
  const secret = world.packagePath('secrets/key.pem');
  writeFileSync(secret, Buffer.from([0, 255, 10, 13]), { mode: 0o400 });
  const env = join(world.root, '.env');
  const context = { ...world.context, resolved: { ...world.context.resolved, namedFiles: [secret] } };
  const look = (path: string) => `${readFileSync(path).toString('hex')} ${statSync(path).mode} ${statSync(path).uid}`;
  return {
    kind: configKind,
    context,
    fingerprint: () => `${look(env)}\n${look(secret)}`,
    spoil() {
      writeFileSync(env, 'X=1\n');
      rmSync(secret, { force: true });
      writeFileSync(secret, 'gone');
    },
    left: () => ({
      env: { X: '1' },
      hash: (value) => value,
      files: { [secret]: new Bun.CryptoHasher('sha256').update('gone').digest('hex') },
    }),
    root: world.root,
    end: world.end,
  };
});

backupContract('command', async () => {
  const copy = (from: string, to: string) => ['bash', '-c', `cp -p -- ${from} ${to}`];
  const world = makeWorld({
    backup: {
      types: ['command'],
      command: {
        backup: copy('data.bin', '"$ASD_BACKUP_DIR/data.bin"'),
        restore: copy('"$ASD_BACKUP_DIR/data.bin"', 'data.bin'),
        verify: ['bash', '-c', 'test -s "$ASD_BACKUP_DIR/data.bin"'],
      },
    },
  });
  const data = world.packagePath('data.bin');
  writeFileSync(data, 'precious', { mode: 0o600 });
  return {
    kind: commandKind,
    context: world.context,
    fingerprint: () => readFileSync(data, 'utf8'),
    spoil: () => writeFileSync(data, 'spoilt'),
    root: world.root,
    end: world.end,
  };
});

/** @param bound in a folder that the service mounts, elsewhere; else in its package. */
const sqliteCase = async (bound: boolean): Promise<BackupCase> => {
  const name = "it's 100%?.db";
  const world = makeWorld({ backup: { types: ['database'] }, database: { type: 'sqlite', path: `data/${name}` } });
  const folder = join(world.root, 'bound');
  if (bound) {
    mkdirSync(folder);
    world.context.service.backup.volumes = [{ bind: folder }];
    world.context.service.database = { type: 'sqlite', path: `bind:${folder}/${name}` };
  }
  const path = bound ? join(folder, name) : world.packagePath(`data/${name}`);
  const db = new Database(path);
  // Never closed before the end: what they wrote stays in the WAL.
  const open = [db];
  db.run('PRAGMA journal_mode = wal');
  db.run('PRAGMA user_version = 7');
  db.run('CREATE TABLE "odd ""name" (x)');
  db.run('CREATE VIRTUAL TABLE words USING fts5(text)');
  for (let n = 0; n < 50; n++) db.run('INSERT INTO "odd ""name" VALUES (?)', [n]);
  db.run('DELETE FROM "odd ""name" WHERE x < 20');
  db.run("INSERT INTO words VALUES ('hello world')");
  return {
    kind: sqliteKind,
    context: world.context,
    fingerprint() {
      const look = new Database(path, { readwrite: true, create: false });
      const all = [
        'SELECT rowid, x FROM "odd ""name"',
        "SELECT * FROM words WHERE words MATCH 'hello'",
        'PRAGMA user_version',
        'PRAGMA journal_mode',
      ];
      const text = JSON.stringify(all.map((sql) => look.query(sql).values()));
      look.close();
      return `${text} ${statSync(path).mode} ${statSync(path).uid}`;
    },
    spoil() {
      const spoiling = new Database(path, { readwrite: true, create: false });
      spoiling.run('PRAGMA wal_autocheckpoint = 0');
      spoiling.run('DELETE FROM words');
      spoiling.run('PRAGMA user_version = 8');
      open.push(spoiling);
    },
    root: world.root,
    async end() {
      for (const each of open) each.close();
      await world.end();
    },
  };
};
backupContract('database (SQLite)', () => sqliteCase(false));
backupContract('database (SQLite in a bind)', () => sqliteCase(true));
