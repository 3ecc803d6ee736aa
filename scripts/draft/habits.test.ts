// Cron's tables read, the jobs among them that dump, whose data it is, and the command that is made of one: run for real.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHost } from '../host/real.ts';
import { parseManifest } from '../manifest/parse.ts';
import { dumpJobs } from '../release/adopt/cron-jobs.ts';
import { addHabits, type BackupDraft } from './backups.ts';
import { cronJobs, dumpJob } from './cron.ts';
import { project } from './fixture.ts';
import { commandOf, isAbout } from './habits.ts';
import { manifestText } from './manifest.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-habits-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const shop = project('shop', { service: 'db' }, { service: 'app' });
const job = (command: string) => {
  const found = dumpJob({ place: '/etc/cron.d/x:1', user: 'root', command }, () => undefined);
  if (found === undefined) throw new Error('no dump');
  return found;
};

test('a table: comments, settings and what is no line are none; % is as cron has it', () => {
  const text =
    '# m h dom mon dow user command\nSHELL=/bin/sh\nMAILTO = ops\n\n17 * * * * root cd / && true\n@daily backup pg_dump a > /b/$(date +\\%F)%stdin\nnonsense\n';
  expect(cronJobs(text, 't', true)).toEqual([
    { place: 't:5', user: 'root', command: 'cd / && true' },
    { place: 't:6', user: 'backup', command: 'pg_dump a > /b/$(date +%F)' },
  ]);
  expect(cronJobs('*/5 1-2 * * 1,2 run me\n', 't', false)).toEqual([{ place: 't:1', user: '', command: 'run me' }]);
});

test.each([
  ['pg_dumpall > /b/x', 'pg_dumpall'],
  ['docker exec db mariadb-dump shop', 'mariadb-dump'],
  ['redis-cli -h x --rdb /b/dump.rdb', 'redis-cli'],
  ['sqlite3 /srv/a.db ".backup /b/a.db"', 'sqlite3'],
])('%s dumps', (command, program) => {
  expect(job(command).program).toBe(program);
});

test.each(['redis-cli ping', 'sqlite3 /srv/a.db vacuum', 'my_pg_dumper', 'run-parts /etc/cron.daily'])(
  '%s does not',
  (command) => {
    expect(dumpJob({ place: 'x', user: '', command }, () => undefined)).toBeUndefined();
  },
);

test('the files of cron and the scripts that they start, whatever cannot be read among them', async () => {
  const script = join(folder, 'save-shop');
  writeFileSync(
    script,
    `#!/bin/sh\n# mysqldump was here\ndocker exec shop-db-1 pg_dump shop > ${folder}/out/shop.sql\n`,
  );
  mkdirSync(join(folder, 'etc/cron.d/a-folder'), { recursive: true });
  writeFileSync(join(folder, 'etc/crontab'), '5 * * * * root run-parts /etc/cron.hourly\n');
  writeFileSync(join(folder, 'etc/cron.d/shop'), `# nightly\n0 3 * * * root ${script} --quiet\n`);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'crontab'), '#!/bin/sh\n[ "$1" = -l ] && echo "@daily pg_dump nobody > /x/y"\n');
  chmodSync(join(bin, 'crontab'), 0o755);
  const real = openHost();
  const env = { ...real.machine.env, PATH: `${bin}:${process.env.PATH}` };
  const host = { ...real, machine: { ...real.machine, env } };
  const jobs = await dumpJobs(host, join(folder, 'etc'));
  expect(jobs.map(({ place, program }) => [place, program])).toEqual([
    [`${folder}/etc/cron.d/shop:2`, 'pg_dump'],
    [`the crontab of ${real.machine.user}:1`, 'pg_dump'],
  ]);
  expect(jobs.map((each) => isAbout(each, shop))).toEqual([true, false]);
});

test.each([
  ['docker exec -t shop-db-1 pg_dump shop', true],
  ['docker exec -t shop-db-10 pg_dump shop', false],
  ['docker compose -p shop exec db pg_dump', true],
  ['docker compose -p shop2 exec db pg_dump', false],
  ['cd /opt/shop && docker compose exec db pg_dump', true],
  ['cd /opt/shop-old && pg_dump', false],
])('%s: about the shop is %p', (command, expected) => {
  expect(isAbout(job(command), shop)).toBe(expected);
});

test.each([
  'PGPASSWORD=correct-horse pg_dump shop > /b/x',
  'mysqldump -pcorrect-horse shop > /b/x',
  'mariadb-dump --password=correct-horse > /b/x',
  'pg_dump postgres://shop:correct-horse@db/shop > /b/x',
])('a secret in a line is named, and goes nowhere: %#', (command) => {
  const found = commandOf(job(command));
  expect(JSON.stringify(found)).toContain('a secret is in its line');
  expect(JSON.stringify(found)).not.toContain('correct-horse');
});

test('where it writes to is not clear: said, not guessed', () => {
  for (const command of ['pg_dump shop | ssh other cat', 'pg_dump shop > /tmp/x', 'pg_dump shop 2> /dev/null'])
    expect(commandOf(job(command))).toMatchObject({ note: expect.stringContaining('where to is not clear') });
});

test('the command runs the job as it is, and copies what it wrote: nothing older, and nothing where it failed', () => {
  mkdirSync(join(folder, 'dumps'));
  mkdirSync(join(folder, 'bin'));
  const dump = join(folder, 'bin', 'pg_dump');
  writeFileSync(dump, '#!/bin/sh\n[ "$1" = shop ] || exit 3\necho rows\n', { mode: 0o755 });
  const old = join(folder, 'dumps', 'old.sql');
  writeFileSync(old, 'old\n');
  Bun.spawnSync(['touch', '-d', '2 days ago', old]);
  const run = (database: string) => {
    const found = commandOf(job(`pg_dump ${database} > ${folder}/dumps/${database}-$(date +%F).sql`));
    if (!('backup' in found)) throw new Error(found.note);
    const into = mkdtempSync(join(folder, 'into-'));
    const env = { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder, ASD_BACKUP_DIR: into };
    return { code: Bun.spawnSync(found.backup, { env, cwd: '/' }).exitCode, into };
  };
  const { code, into } = run('shop');
  const names = readdirSync(into);
  expect([code, names.length, readFileSync(join(into, names[0] ?? ''), 'utf8')]).toEqual([0, 1, 'rows\n']);
  expect(names[0]).toMatch(/^shop-\d{4}-\d\d-\d\d\.sql$/);
  const failed = run('other');
  expect([failed.code, readdirSync(failed.into)]).toEqual([1, []]);
});

test('in the manifest: a guess with its place, which parses, and a way back that the other kinds are', () => {
  const draft = (backup: BackupDraft) =>
    manifestText({
      name: 'shop',
      project: 'shop',
      directory: undefined,
      files: ['compose.yml'],
      envFiles: [],
      profiles: [],
      stopped: false,
      place: { priority: 10, why: '' },
      guesses: [{ service: 'app', role: 'app', why: 'by its name', required: true }],
      health: { checked: [], note: 'health: none' },
      backup,
      group: undefined,
      notes: [],
    });
  const of = (text: string) => parseManifest(text, { file: 'manifest.yaml', folder: 'shop' });
  const backup: BackupDraft = { volumes: [{ suffix: 'data' }], notes: [] };
  addHabits(backup, shop, [
    job('docker exec shop-db-1 pg_dump shop > /b/x'),
    job('docker exec shop-db-1 pg_dump b > /b/y'),
  ]);
  const text = draft(backup);
  const { manifest, notices } = of(text);
  expect([manifest.backup.types, notices]).toEqual([['volume', 'command'], []]);
  expect(manifest.backup.command?.backup[2]).toContain('\ndocker exec shop-db-1 pg_dump shop > /b/x\n');
  expect(manifest.backup.command?.restore).toEqual(['true']);
  expect(text).toContain('command: # guessed: the cron job in /etc/cron.d/x:1 dumps with pg_dump already');
  expect(text).toContain('# the cron job in /etc/cron.d/x:1 dumps with pg_dump, too');
  const alone = draft({ volumes: [], notes: [], ...(backup.command ? { command: backup.command } : {}) });
  expect(of(alone).manifest.backup.command?.restore).toBeUndefined();
  expect(alone).toContain('nothing brings this data back');
});
