// An image with the real database servers of Debian: PostgreSQL, MariaDB, Redis; and zstd, as official images on Debian have it.
import { join } from 'node:path';
import { type DebianRoot, importDebian } from './debian-archive.ts';
import type { TestEngine } from './test-engine.ts';

/** `command: [postgres]`, `[mariadb]` or `[redis]`; further words are options of the server. Environment as of the official images. */
export const DATABASE_IMAGE = 'belay-databases:2';

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

const ROOT: DebianRoot = {
  name: 'databases',
  version: 2,
  packages: ['postgresql', 'mariadb-server', 'redis-server', 'zstd'],
  finish: SLIM,
  words: [join(import.meta.dir, 'database-entry.sh')],
};

/** Makes DATABASE_IMAGE known to the engine; quick where it is already. @throws Error where it cannot be made. */
export const importDatabases = (engine: Pick<TestEngine, 'env'>): Promise<void> =>
  importDebian(engine, DATABASE_IMAGE, ROOT, [
    'ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'ENV LC_ALL=C.UTF-8',
    'ENTRYPOINT ["database"]',
  ]);
