#!/bin/sh
# Starts one database server as the official images do, as far as tests need it: `database postgres|mariadb|redis [option...]`.
set -eu
kind=$1
shift

fresh() { # folder, template, owner: true where the data is new
  mkdir -p "$1"
  chown "$3:$3" "$1"
  chmod 0700 "$1"
  [ -z "$(ls -A "$1")" ] || return 1
  cp -a "$2/." "$1/"
}
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"; }

case $kind in
postgres)
  user=${POSTGRES_USER:-postgres}
  data=${PGDATA:-/var/lib/postgresql/data}
  if fresh "$data" /usr/share/belay/postgres postgres; then
    # A single-user server reads one statement a line.
    {
      [ "$user" = postgres ] || echo "CREATE ROLE \"$user\" SUPERUSER LOGIN;"
      echo "ALTER ROLE \"$user\" PASSWORD $(quoted "$POSTGRES_PASSWORD");"
      [ "${POSTGRES_DB:-$user}" = postgres ] || echo "CREATE DATABASE \"${POSTGRES_DB:-$user}\" OWNER \"$user\";"
    } | setpriv --reuid postgres --regid postgres --clear-groups postgres --single -D "$data" postgres >/dev/null
    # Unlike the official image, a password is asked for inside the container, too.
    echo "local all all ${POSTGRES_LOCAL_AUTH:-scram-sha-256}" >"$data/pg_hba.conf"
    echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  fi
  mkdir -p /var/run/postgresql
  chown postgres /var/run/postgresql
  exec setpriv --reuid postgres --regid postgres --clear-groups postgres -D "$data" -c listen_addresses='*' \
    -c shared_buffers=32MB -c fsync=off -c unix_socket_directories=/var/run/postgresql "$@"
  ;;
mariadb)
  fresh /var/lib/mysql /usr/share/belay/mariadb mysql || true
  mkdir -p /run/mysqld
  chown mysql /run/mysqld
  init=/run/mysqld/init.sql
  {
    echo "ALTER USER root@localhost IDENTIFIED BY $(quoted "${MARIADB_ROOT_PASSWORD:-}");"
    if [ -n "${MARIADB_DATABASE:-}" ]; then
      echo "CREATE DATABASE IF NOT EXISTS \`$MARIADB_DATABASE\`;"
      echo "CREATE USER IF NOT EXISTS $(quoted "$MARIADB_USER")@'%' IDENTIFIED BY $(quoted "$MARIADB_PASSWORD");"
      echo "GRANT ALL ON \`$MARIADB_DATABASE\`.* TO $(quoted "$MARIADB_USER")@'%';"
    fi
  } >"$init"
  chown mysql "$init"
  chmod 0600 "$init"
  exec mariadbd --no-defaults --user=mysql --datadir=/var/lib/mysql --socket=/run/mysqld/mysqld.sock --pid-file=/run/mysqld/pid \
    --init-file="$init" --innodb-buffer-pool-size=32M --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=0 \
    --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci --event-scheduler=on "$@"
  ;;
redis)
  chown redis:redis /data
  cd /data
  exec setpriv --reuid redis --regid redis --clear-groups redis-server --bind 127.0.0.1 \
    ${REDIS_PASSWORD:+--requirepass "$REDIS_PASSWORD"} "$@"
  ;;
*)
  echo "no server $kind" >&2
  exit 2
  ;;
esac
