// Backups by hand and the way back from them: the data is what it was, whatever happens in between, and what is needed is never pruned.
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, makeOddTree } from '../../scripts/backups/odd-tree.ts';
import type { ScenarioHost } from './harness/host.ts';
import { until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

/** What the test at hand wants of post_data_restore. */
const HOOK = 'if [ -e "$HOME/hook.sh" ]; then . "$HOME/hook.sh"; fi\n';

/** The folder with the service's data, and its whole content as text. */
async function data(h: ScenarioHost): Promise<{ folder: string; look(): string; spoil(): void }> {
  const compose = h.runtime === 'compose';
  const inspect = ['volume', 'inspect', '--format', '{{.Mountpoint}}', `${h.prefix}alpha_files`];
  const folder = compose
    ? ((await h.docker?.(...inspect))?.stdout.trim() ?? '')
    : join(h.prod, '.asd/workspace/alpha/uploads');
  const database = join(h.prod, '.asd/workspace/alpha/app.db');
  if (!compose) mkdirSync(join(h.prod, '.asd/workspace/alpha'), { recursive: true });
  if (!existsSync(folder) || readdirSync(folder).length === 0) makeOddTree(folder);
  if (!compose && !existsSync(database)) {
    const db = new Database(database);
    db.run('PRAGMA journal_mode = wal');
    db.run('CREATE TABLE notes (text)');
    for (let n = 0; n < 5; n++) db.run('INSERT INTO notes VALUES (?)', [`note ${n}`]);
    db.close();
  }
  const rows = () => {
    if (compose) return '';
    const db = new Database(database, { readwrite: true, create: false });
    const all = JSON.stringify(db.query('SELECT rowid, text FROM notes').values());
    db.close();
    return all;
  };
  return {
    folder,
    look: () => `${fingerprint(folder)}${rows()}`,
    spoil() {
      Bun.spawnSync(['find', folder, '-mindepth', '1', '-delete']);
      writeFileSync(join(folder, 'intruder'), String(Math.random()));
      if (compose) return;
      const db = new Database(database, { readwrite: true, create: false });
      db.run('DELETE FROM notes WHERE rowid > 2');
      db.close();
    },
  };
}

const stamps = async (h: ScenarioHost): Promise<string[]> =>
  (await h.run('backups', ['alpha', '--json'])).stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { stamp?: string }).stamp ?? '')
    .filter((stamp) => stamp !== '');

/** Nothing of a restore is left beside the data. */
function leftovers(h: ScenarioHost, folder: string): string[] {
  const near = [
    join(folder, '..'),
    folder,
    join(h.prod, '.asd/workspace/alpha'),
    join(h.prod, '.asd/workspace/backups/alpha'),
  ];
  return near
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path))
    .filter((name) => name.includes('.asd-') || name.startsWith('.restore-'));
}

onBoth(
  'restore',
  (runtime) => ({
    services: {
      alpha: {
        manifest:
          runtime === 'compose'
            ? { backup: { enabled: true, type: ['volume'], volumes: [{ suffix: 'files' }], retention: { keep: 2 } } }
            : {
                backup: {
                  enabled: true,
                  type: ['workspace', 'database'],
                  paths: ['alpha/uploads'],
                  retention: { keep: 2 },
                },
                database: { type: 'sqlite', path: 'alpha/app.db' },
              },
        files: { 'scripts/post_data_restore.sh': HOOK },
      },
    },
  }),
  (host) => {
    const hook = (text: string) => writeFileSync(join(host().folder, 'hook.sh'), text);
    const take = async (): Promise<string> => {
      await data(host());
      const done = await host().run('backup', ['alpha']);
      expect(done.text).toContain('alpha');
      expect(done.code).toBe(0);
      return (await stamps(host()))[0] ?? '';
    };

    test('a backup by hand, the data lost, and back again; then back from that, too', async () => {
      const h = host();
      const { folder, look, spoil } = await data(h);
      const saved = look();
      const stamp = await take();
      expect((await h.run('backups')).stdout).toMatch(new RegExp(`alpha +${stamp}`));
      spoil();
      const spoilt = look();
      const ids = await h.containerIds('alpha');

      const dry = await h.run('restore', ['alpha', stamp, '--dry-run']);
      expect(dry.text).toContain('Nothing was changed');
      expect(dry.code).toBe(0);
      if (h.runtime === 'pm2') expect(dry.text).toContain('notes: 5 rows in the backup, 2 rows now');
      expect(look()).toBe(spoilt);
      expect(leftovers(h, folder)).toEqual([]);

      const done = await h.run('restore', ['alpha', stamp]);
      expect(done.text).toContain(`alpha has the data of ${stamp} again, and is healthy`);
      expect(done.code).toBe(0);
      expect(look()).toBe(saved);
      expect(leftovers(h, folder)).toEqual([]);
      expect(await h.httpVersion('alpha')).toBe('1');
      if (h.runtime === 'compose') expect(await h.containerIds('alpha')).toEqual(ids);

      const before = /just release-restore alpha (\d{8}_\d{6})/.exec(done.text)?.[1] ?? '';
      expect((await h.run('restore', ['alpha', before])).code).toBe(0);
      expect(look()).toBe(spoilt);
      expect((await h.run('restore', ['alpha', stamp])).code).toBe(0);
      expect(look()).toBe(saved);
    });

    test('a damaged byte is found before anything is touched', async () => {
      const h = host();
      const { look, spoil } = await data(h);
      const stamp = await take();
      const file = join(h.prod, '.asd/workspace/backups/alpha', stamp);
      const archive = join(file, readdirSync(file).find((name) => name.endsWith('.tar.zst')) ?? '');
      const bytes = readFileSync(archive);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
      writeFileSync(archive, bytes);
      spoil();
      const [spoilt, ids] = [look(), await h.containerIds('alpha')];
      const refused = await h.run('restore', ['alpha', stamp]);
      expect(refused.text).toContain('checksum differs');
      expect(refused.code).toBe(4);
      expect(look()).toBe(spoilt);
      expect(await h.containerIds('alpha')).toEqual(ids);
      const verify = await h.run('backup-verify', ['alpha', stamp]);
      expect(verify.text).toContain('cannot be relied on');
      expect(verify.code).toBe(1);
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
      writeFileSync(archive, bytes);
      for (const paper of ['RESTORE.txt', 'SHA256SUMS', 'backup.json']) {
        const whole = readFileSync(join(file, paper));
        const damaged = Buffer.from(whole);
        damaged[whole.length >> 1] = (whole[whole.length >> 1] ?? 0) ^ 1;
        writeFileSync(join(file, paper), damaged);
        const found = await h.run('backup-verify', ['alpha', stamp]);
        expect(found.text).toMatch(new RegExp(`${paper}.* is not (what|as it) was written|${paper} is not JSON`));
        expect(found.code).toBe(1);
        writeFileSync(join(file, paper), whole);
      }
      rmSync(file, { recursive: true });
      expect((await h.run('backup-verify', ['alpha', '--all'])).code).toBe(0);
      const oldest = (await stamps(h)).at(-1) ?? '';
      expect((await h.run('restore', ['alpha', oldest])).code).toBe(0);
    });

    test('a hook that fails: everything is as it was, and the service runs', async () => {
      const h = host();
      const { folder, look, spoil } = await data(h);
      const stamp = await take();
      spoil();
      const spoilt = look();
      hook('echo cannot; exit 3\n');
      const failed = await h.run('restore', ['alpha', stamp]);
      expect(failed.text).toContain('post_data_restore');
      expect(failed.text).toContain('alpha is as it was before the restore');
      expect(failed.code).toBe(1);
      expect(look()).toBe(spoilt);
      expect(leftovers(h, folder)).toEqual([]);
      expect(await h.httpVersion('alpha')).toBe('1');
      hook('');
      expect((await h.run('restore', ['alpha', stamp])).code).toBe(0);
    });

    test('killed in the middle: the same command finishes it, or --undo puts back; nothing else may begin', async () => {
      const h = host();
      const { folder, look, spoil } = await data(h);
      const saved = look();
      const stamp = await take();
      for (const way of [[], ['--undo']]) {
        spoil();
        const spoilt = look();
        hook('touch "$HOME/reached"; sleep 600\n');
        const running = h.start('restore', ['alpha', stamp]);
        await until('the hook', () => existsSync(join(h.folder, 'reached')) || undefined);
        await running.crash('all');
        rmSync(join(h.folder, 'reached'));
        hook('');
        const other = await h.run('backup', ['alpha']);
        expect(other.text).toContain('has not come to its end');
        expect(other.code).toBe(4);
        const done = await h.run('restore', ['alpha', stamp, ...way]);
        expect(done.text).toContain(way.length === 0 ? 'is healthy' : 'is undone');
        expect(done.code).toBe(0);
        expect(look()).toBe(way.length === 0 ? saved : spoilt);
        expect(leftovers(h, folder)).toEqual([]);
        expect(await h.httpVersion('alpha')).toBe('1');
      }
      expect((await h.run('restore', ['alpha', stamp])).code).toBe(0);
    });

    test('the newest verified release keeps its backup; with an older one its images go', async () => {
      const h = host();
      await data(h);
      for (const version of ['2', '3']) {
        await h.push(await h.service('alpha', version));
        expect((await h.run('run', [`KEEP-${version}`])).code).toBe(0);
      }
      const [newest, older] = ['KEEP-3', 'KEEP-2'].map((ticket) => h.state(ticket)?.BACKUPS?.split('=')[1] ?? '');
      for (let n = 0; n < 2; n++) await take();
      expect((await h.run('backups')).stdout).toContain('KEEP-3 is the newest verified release of alpha');
      const kept = async () =>
        (await h.docker?.('image', 'ls', '--format', '{{.Tag}}', 'asd-keep/alpha'))?.stdout ?? '';
      if (h.runtime === 'compose') expect(await kept()).toContain('KEEP-2');
      const pruned = await h.run('backup-prune');
      expect(pruned.text).toContain(`removed: alpha ${older}`);
      expect(await stamps(h)).toContain(newest ?? '');
      expect(await stamps(h)).not.toContain(older ?? '');
      if (h.runtime !== 'compose') return;
      expect(await kept()).toContain('KEEP-3');
      expect(await kept()).not.toContain('KEEP-2');
    });

    test('prune keeps what retention and people want; bad words are refused', async () => {
      const h = host();
      for (let n = 0; n < 3; n++) await take();
      const all = await stamps(h);
      expect(all.length).toBeGreaterThan(3);
      const oldest = all[2] ?? '';
      expect((await h.run('backup-prune', [`--hold=alpha/${oldest}`])).code).toBe(2);
      expect((await h.run('backup-prune', [`--hold=alpha/${oldest}`, '--reason=for the audit'])).code).toBe(0);
      expect((await h.run('backups')).stdout).toContain('held: for the audit');
      const dry = await h.run('backup-prune', ['--dry-run']);
      expect(dry.text).toContain('would be removed: alpha');
      expect(await stamps(h)).toEqual(all);
      expect((await h.run('backup-prune')).code).toBe(0);
      expect((await stamps(h)).slice(0, 2)).toEqual(all.slice(0, 2));
      expect(await stamps(h)).toContain(oldest);
      expect((await h.run('backup-prune', [`--unhold=alpha/${oldest}`])).code).toBe(0);
      expect((await h.run('backup-prune')).code).toBe(0);
      expect(await stamps(h)).not.toContain(oldest);

      expect((await h.run('restore', ['alpha'])).code).toBe(2);
      expect((await h.run('restore', ['alpha', '../../etc'])).code).toBe(2);
      expect((await h.run('restore', ['nobody', all[0] ?? ''])).code).toBe(2);
      expect((await h.run('restore', ['alpha', '20010101_000000'])).code).toBe(4);
      expect((await h.run('backup', ['nobody'])).code).toBe(2);
    });
  },
);
