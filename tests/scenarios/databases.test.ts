// The database kinds where it hurts: restores killed after their effects, a writer during the dump, 100 MB, and everything that makes a dump fail.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupContract } from '../../scripts/backups/contract.ts';
import type { BackupContext, BackupKind } from '../../scripts/backups/kind.ts';
import { mariadbFixture } from '../../scripts/backups/mariadb/fixture.ts';
import { mariadbKind } from '../../scripts/backups/mariadb/kind.ts';
import { postgresFixture } from '../../scripts/backups/postgres/fixture.ts';
import { postgresKind } from '../../scripts/backups/postgres/kind.ts';
import { redisFixture } from '../../scripts/backups/redis/fixture.ts';
import { redisKind } from '../../scripts/backups/redis/kind.ts';
import { databaseEngine } from '../../scripts/backups/server/fixture.ts';
import { drillPrefix } from '../../scripts/backups/server/names.ts';
import { mustRun } from '../../scripts/dev/engine/packages.ts';
import { memoryOf } from '../../scripts/dev/memory.ts';

const engine = await databaseEngine();
const MINUTES = 60_000;
const backups = join(import.meta.dir, '..', '..', 'scripts', 'backups');
/** A pg_dump that ends in the middle. */
const DYING = '#!/bin/sh\necho half of a dump\necho "pg_dump: error: server closed the connection" >&2\nexit 3\n';

async function save(kind: BackupKind, context: BackupContext, folder: string) {
  const [item] = await kind.items(context);
  if (item === undefined) throw new Error('no item');
  const files = await kind.write(context, item, folder);
  return { item, files, facts: files[0]?.facts ?? {}, check: (at = context) => kind.check(at, item, folder, files) };
}

const changed = (context: BackupContext, change: (copy: BackupContext) => void): BackupContext => {
  const copy = { ...context, service: structuredClone(context.service), env: { ...context.env } };
  change(copy);
  return copy;
};

if (engine !== undefined) {
  const { env } = engine;
  const killed = { kills: true, limitMs: 10 * MINUTES, points: 2 };
  backupContract('PostgreSQL', async () => ({ kind: postgresKind, ...(await postgresFixture(engine)), env }), killed);
  backupContract('MariaDB', async () => ({ kind: mariadbKind, ...(await mariadbFixture(engine)), env }), killed);
  backupContract('Redis', async () => ({ ...(await redisFixture(engine)), env }), killed);

  describe.each([
    { name: 'PostgreSQL', kind: postgresKind, make: () => postgresFixture(engine), database: true },
    { name: 'MariaDB', kind: mariadbKind, make: () => mariadbFixture(engine), database: true },
    { name: 'Redis', kind: redisKind, make: () => redisFixture(engine), database: false },
  ])('what goes wrong with $name', ({ kind, make, database }) => {
    let server: Awaited<ReturnType<typeof make>>;
    beforeAll(async () => {
      server = await make();
    }, 3 * MINUTES);
    afterAll(() => server.end());

    test('a wrong password is refused with a sentence, and is shown nowhere', async () => {
      const wrong = changed(server.context, (copy) => {
        copy.service.database = {
          ...copy.service.database,
          type: copy.service.database?.type ?? 'redis',
          passwordEnv: 'WRONG',
        };
        copy.env = { ...copy.env, WRONG: 'not-the-password' };
      });
      const error = await kind.items(wrong).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        kind: 'refused',
        facts: { hint: expect.stringContaining('database.password_env') },
      });
      expect(JSON.stringify(error)).not.toContain('not-the-password');
      const nowhere = changed(wrong, (copy) => {
        copy.env = {};
      });
      await expect(kind.items(nowhere)).rejects.toThrow('there is no WRONG');
    });

    test('a container that does not exist, or does not run, is refused by name', async () => {
      const missing = changed(server.context, (copy) => {
        copy.running = [];
        copy.resolved = { ...copy.resolved, project: 'nobody' };
        copy.service.database = { type: copy.service.database?.type ?? 'redis', container: 'ghost' };
      });
      await expect(kind.items(missing)).rejects.toThrow('the database container ghost does not exist');
      server.docker('stop', '--time', '5', server.container);
      await expect(kind.items(server.context)).rejects.toThrow(`${server.container} is not running`);
      server.docker('start', server.container);
      server.ready();
    });

    test.if(database)('a database that is not there is refused; an empty one fails', async () => {
      const named = (name: string) =>
        changed(server.context, (copy) => {
          if (copy.service.database !== undefined) copy.service.database.name = name;
        });
      await expect(kind.items(named('nowhere'))).rejects.toThrow(/nowhere/);
      if ('sql' in server) server.sql('CREATE DATABASE hollow', kind === postgresKind ? 'main' : 'mysql');
      await expect(save(kind, named('hollow'), server.folder)).rejects.toThrow('is empty: it has no table');
    });

    test('a full disk fails the dump with a hint', async () => {
      const small = join(server.root, 'small');
      mkdirSync(small);
      mustRun(['mount', '-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', small]);
      try {
        writeFileSync(join(small, 'filler'), 'x'.repeat(4096));
        await expect(save(kind, server.context, small)).rejects.toMatchObject({
          facts: { hint: expect.stringContaining('disk is full') },
        });
      } finally {
        mustRun(['umount', small]);
      }
    });

    test('read back by its table of contents; a wrong count is found there, too', async () => {
      const list = changed(server.context, (copy) => {
        copy.service.backup.drill = 'list';
      });
      // More than pipes hold: whoever has read the contents is done long before the end of the dump.
      if ('sql' in server)
        server.sql(
          kind === postgresKind
            ? 'CREATE TABLE large AS SELECT md5(i::text) || md5((-i)::text) AS text FROM generate_series(1, 200000) AS i'
            : 'CREATE TABLE large AS SELECT CONCAT(MD5(seq), MD5(-seq)) AS text FROM seq_1_to_200000',
        );
      const { item, files, check } = await save(kind, list, server.folder);
      await check(list);
      const more = files.map((file, index) =>
        index === 0 ? { ...file, facts: { ...file.facts, 'rows:another': 1 } } : file,
      );
      await expect(kind.check(list, item, server.folder, more)).rejects.toThrow('does not hold what was read');
    });

    test('a dump of another database under the right name fails its read-back', async () => {
      const { item, files } = await save(kind, server.context, server.folder);
      const others = files.map((file, index) =>
        index === 0
          ? { ...file, facts: { ...file.facts, database: 'other', 'rows:db0': 99, 'rows:public.orders': 3 } }
          : file,
      );
      await expect(kind.check(server.context, item, server.folder, others)).rejects.toThrow(
        'does not hold what was read',
      );
      expect(readdirSync(server.folder).filter((name) => name.startsWith('.'))).toEqual([]);
      if ('databases' in server) expect(server.databases().filter((name) => name.startsWith('asd_drill'))).toEqual([]);
    });
  });

  describe('who compresses a dump', () => {
    let server: Awaited<ReturnType<typeof postgresFixture>>;
    beforeAll(async () => {
      server = await postgresFixture(engine);
      server.inside(['mv', '/usr/bin/zstd', '/usr/bin/zstd.real']);
    }, 3 * MINUTES);
    afterAll(() => server.end());

    /** What the container has under the name of zstd. */
    const zstd = (text: string) =>
      server.inside(['sh', '-c', 'cat > /usr/bin/zstd && chmod 0755 /usr/bin/zstd'], `#!/bin/sh\n${text}\n`);

    const rightly = async () => {
      const { facts, check } = await save(postgresKind, server.context, server.folder);
      await check();
      expect(Number(facts.dumpBytes)).toBeGreaterThan(50_000);
    };

    test('the container, where it has a zstd', async () => {
      zstd('echo "$*" >> /tmp/used; exec /usr/bin/zstd.real "$@"');
      await rightly();
      const used = server.inside(['cat', '/tmp/used']).trim().split('\n');
      expect(used).toEqual(Array.from({ length: 2 }, () => '-T2 -1 -c --no-progress -vv'));
    });

    test('the host, where the one of the container does not take our options, or there is none', async () => {
      zstd('echo "zstd: unknown option" >&2; exit 1');
      await rightly();
      server.inside(['rm', '/usr/bin/zstd']);
      await rightly();
    });

    test('what fails in the container fails the dump, whichever of the two it is', async () => {
      zstd('if read -r first; then echo "zstd: error 70 : Write error : No space left on device" >&2; exit 70; fi');
      const failed = await save(postgresKind, server.context, server.folder).catch((error: unknown) => error);
      expect(failed).toMatchObject({ kind: 'step-failed', facts: { hint: expect.stringContaining('disk is full') } });
      zstd('exec /usr/bin/zstd.real "$@"');
      server.inside(
        ['sh', '-c', 'rm /usr/local/bin/pg_dump && cat > /usr/local/bin/pg_dump && chmod 0755 /usr/local/bin/pg_dump'],
        DYING,
      );
      const died = await save(postgresKind, server.context, server.folder).catch((error: unknown) => error);
      expect(died).toMatchObject({
        kind: 'step-failed',
        facts: { what: expect.stringContaining('server closed the connection'), rc: 3 },
      });
    });
  });

  describe('under load', () => {
    test(
      'PostgreSQL: a dump under a writer is of one moment, and so are its counts; leftovers of a killed drill go',
      async () => {
        const server = await postgresFixture(engine);
        try {
          server.sql('CREATE TABLE a (x int); CREATE TABLE b (x int)');
          server.sql('CREATE DATABASE asd_drill_of_somebody_else', 'main');
          const writing = Bun.spawn(
            [
              'docker',
              'exec',
              '-e',
              'PGPASSWORD',
              server.container,
              'psql',
              '-Xq',
              '-U',
              'shop',
              '-d',
              'shöp "one"',
              '-c',
              'DO $$ BEGIN LOOP INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); COMMIT; PERFORM pg_sleep(0.002); END LOOP; END $$',
            ],
            {
              env: { PATH: process.env.PATH ?? '', PGPASSWORD: "it's secret", ...env },
              stderr: 'ignore',
              stdout: 'ignore',
            },
          );
          try {
            await Bun.sleep(300);
            const { facts, check } = await save(postgresKind, server.context, server.folder);
            await check();
            expect(Number(facts['rows:public.a'])).toBeGreaterThan(0);
            expect(facts['rows:public.a']).toBe(Number(facts['rows:public.b']));
          } finally {
            writing.kill('SIGKILL');
            await writing.exited;
          }
          const own = drillPrefix('shop');
          server.sql(`CREATE DATABASE ${own}left`, 'main');
          await (await save(postgresKind, server.context, server.folder)).check();
          expect(server.databases().filter((name) => name.startsWith('asd_drill'))).toEqual([
            'asd_drill_of_somebody_else',
          ]);
        } finally {
          await server.end();
        }
      },
      3 * MINUTES,
    );

    test(
      'MariaDB: a dump under a writer passes, a view of what is gone does not stop it, and an engine without transactions is said',
      async () => {
        const server = await mariadbFixture(engine);
        try {
          server.sql(
            'CREATE TABLE a (x int); CREATE TABLE gone (x int); CREATE VIEW ruin AS SELECT * FROM gone; DROP TABLE gone;',
          );
          const writing = Bun.spawn(
            [
              'docker',
              'exec',
              '-e',
              'MYSQL_PWD',
              server.container,
              'sh',
              '-c',
              'while :; do echo "INSERT INTO a VALUES (1);"; done | mariadb -uroot "$1"',
              'sh',
              'shöp one-x',
            ],
            {
              env: { PATH: process.env.PATH ?? '', MYSQL_PWD: "it's secret", ...env },
              stderr: 'ignore',
              stdout: 'ignore',
            },
          );
          try {
            await Bun.sleep(300);
            const { facts, check } = await save(mariadbKind, server.context, server.folder);
            await check();
            expect(Number(facts['rows:a'])).toBeGreaterThan(Number(facts['moving:a']));
            expect(facts.brokenViews).toBe('ruin');
          } finally {
            writing.kill('SIGKILL');
            await writing.exited;
          }
          server.sql('CREATE TABLE loose (x int) ENGINE=MyISAM');
          expect((await mariadbKind.items(server.context))[0]?.mayChange).toBe(true);
        } finally {
          await server.end();
        }
      },
      3 * MINUTES,
    );

    test(
      'PostgreSQL: 100 MB are dumped, read back and restored, through little memory, and are small on the disk',
      async () => {
        const of = (file: string) => JSON.stringify(join(backups, file));
        const { value, grownBytes } = await memoryOf({
          setup: `
            import { statSync } from 'node:fs';
            import { join } from 'node:path';
            import { postgresFixture } from ${of('postgres/fixture.ts')};
            import { postgresKind as kind } from ${of('postgres/kind.ts')};
            const server = await postgresFixture({ env: ${JSON.stringify(env)} });
            const { context, folder } = server;
            const there = async () => {
              const [item] = await kind.items(context);
              const files = await kind.write(context, item, folder);
              await kind.check(context, item, folder, files);
              const restoring = { item, files, folder, stamp: '20260102_030405', work: join(server.root, 'work') };
              server.sql('DELETE FROM big WHERE i > 10');
              for (const step of ['stage', 'swap', 'settle']) await kind.restore[step](context, restoring);
              const count = Number(server.sql('SELECT count(*) FROM big'));
              return { count, facts: files[0].facts, size: statSync(join(folder, files[0].file)).size };
            };`,
          warm: `server.sql('CREATE TABLE big AS SELECT i, repeat(md5(i::text), 32) AS t FROM generate_series(1, 100000) i');`,
          work: `there().finally(() => server.end())`,
        });
        const { count, facts, size } = value as { count: number; facts: Record<string, number>; size: number };
        expect(grownBytes).toBeLessThan(60e6);
        expect(count).toBe(100_000);
        expect(facts['rows:public.big']).toBe(100_000);
        expect(facts.dumpBytes).toBeGreaterThan(100e6);
        expect(size).toBeLessThan(50e6);
      },
      3 * MINUTES,
    );
  });
}
