// An image with the real database servers of Debian (PostgreSQL, MariaDB, Redis), put together from its packages: no registry is asked.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, debianMirror, mustRun, SYSTEM_PATH } from './packages.ts';
import type { TestEngine } from './test-engine.ts';

/** `command: [postgres]`, `[mariadb]` or `[redis]`; further words are options of the server. Environment as of the official images. */
export const DATABASE_IMAGE = 'belay-databases:1';
const PACKAGES = ['postgresql', 'mariadb-server', 'redis-server'];
/** Raise it when the image is made differently. */
const VERSION = 1;

const SLIM = `
cd -- "$1"
rm -rf var/cache/apt var/lib/apt/lists usr/share/doc usr/share/locale usr/share/man usr/share/zoneinfo var/lib/mysql/* var/lib/postgresql/* var/log/*
rm -rf usr/lib/*/libLLVM* usr/lib/*/libz3* usr/lib/*/perl usr/share/perl usr/lib/postgresql/*/lib/bitcode usr/lib/postgresql/*/lib/llvmjit.so
rm -f usr/bin/aria_* usr/bin/myisam* usr/bin/mariadb-slap usr/bin/mariadb-binlog usr/bin/innochecksum usr/bin/perror usr/sbin/policy-rc.d
mkdir -p data usr/share/belay/postgres usr/share/belay/mariadb usr/local/bin
for program in usr/lib/postgresql/*/bin/*; do ln -sf "/$program" usr/local/bin/; done
cp -- "$2" usr/local/bin/database
chmod 0755 usr/local/bin/database
as() { user=$1; shift; chroot . /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 setpriv --reuid "$user" --regid "$user" --clear-groups "$@"; }
chroot . chown postgres /usr/share/belay/postgres
chroot . chown mysql /usr/share/belay/mariadb
as postgres initdb --pgdata=/usr/share/belay/postgres --username=postgres --encoding=UTF8 --locale=C.UTF-8 --no-sync >&2
as mysql mariadb-install-db --no-defaults --datadir=/usr/share/belay/mariadb --skip-test-db --auth-root-authentication-method=normal --innodb-log-file-size=8M >&2
`;

/** @throws Error with the end of what it said. */
async function shell(env: Record<string, string>, script: string, ...words: string[]): Promise<void> {
  const child = spawn('sh', ['-euc', script, 'sh', ...words], {
    env: { PATH: SYSTEM_PATH, HOME: '/nonexistent', LC_ALL: 'C', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      tail = `${tail}${chunk}`.slice(-500);
    });
  }
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) throw new Error(`${script.trim().split('\n')[0]} ended with ${code}: ${tail.trim()}`);
}

/** The image's content as an archive in the checkout's cache; made once, which takes about a minute. @throws Error where a package cannot be had. */
async function databaseArchive(): Promise<string> {
  const suite = mustRun(['sh', '-c', '. /etc/os-release && printf %s "$VERSION_CODENAME"']);
  const archive = join(CACHE, `databases-${suite}-${VERSION}.tar.zst`);
  if (existsSync(archive)) return archive;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'databases-'));
  try {
    const root = join(work, 'root');
    const bootstrap = 'debootstrap --variant=minbase "--include=$1" "$2" "$3" "$4"';
    await shell({}, bootstrap, PACKAGES.join(','), suite, root, debianMirror());
    await shell({}, SLIM, root, join(import.meta.dir, 'database-entry.sh'));
    await shell({}, 'tar -C "$1" --numeric-owner -cf - . | zstd -T0 -3 -q -o "$2"', root, join(work, 'archive'));
    renameSync(join(work, 'archive'), archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return archive;
}

/** Makes DATABASE_IMAGE known to the engine; quick where it is already. @throws Error where it cannot be made. */
export async function importDatabases(engine: Pick<TestEngine, 'env'>): Promise<void> {
  const found = await fetch(`http://localhost/images/${DATABASE_IMAGE}/json`, {
    unix: engine.env.DOCKER_HOST.replace(/^unix:\/\//, ''),
  });
  if (found.ok) return;
  const changes = [
    'ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'ENV LC_ALL=C.UTF-8',
    'ENTRYPOINT ["database"]',
  ].flatMap((change) => ['--change', change]);
  const script = 'archive=$1; shift; zstd -dcq -- "$archive" | docker import "$@"';
  await shell(engine.env, script, await databaseArchive(), ...changes, '-', DATABASE_IMAGE);
}
