// The kinds of backup. A new one is a folder and a line here.
import { refused } from '../model/error.ts';
import type { BackupType, DatabaseSpec } from '../model/service.ts';
import { commandKind } from './command/kind.ts';
import { configKind } from './config/kind.ts';
import type { BackupContext, BackupItem, BackupKind } from './kind.ts';
import { mariadbKind } from './mariadb/kind.ts';
import { postgresKind } from './postgres/kind.ts';
import { redisKind } from './redis/kind.ts';
import { sqliteKind } from './sqlite/kind.ts';
import { volumeKind } from './volume/kind.ts';
import { workspaceKind } from './workspace/kind.ts';

const KINDS: Record<Exclude<BackupType, 'database'>, BackupKind> = {
  config: configKind,
  volume: volumeKind,
  workspace: workspaceKind,
  command: commandKind,
};

const DATABASES: Partial<Record<DatabaseSpec['type'], BackupKind>> = {
  sqlite: sqliteKind,
  postgresql: postgresKind,
  mariadb: mariadbKind,
  mysql: mariadbKind,
  redis: redisKind,
};

/** Restored in this order: whole folders before the database files in them. */
const ORDER: readonly BackupType[] = ['config', 'volume', 'workspace', 'database', 'command'];

/** The kind that saves and reads back an item. @throws refused for a database that this version does not know. */
export function kindOf(item: Pick<BackupItem, 'kind' | 'database'>, where: string): BackupKind {
  if (item.kind !== 'database') return KINDS[item.kind];
  const kind = item.database === undefined ? undefined : DATABASES[item.database];
  if (kind !== undefined) return kind;
  throw refused({
    what: `backups of ${item.database ?? 'undeclared'} databases are not supported by this version yet`,
    where,
    hint: 'Declare a backup command (backup.type: command) that dumps it, and take database out of backup.type.',
  });
}

/** The kinds that a service's manifest asks for; config is always among them, since .env is in no git. @throws refused, see kindOf. */
export function kindsFor(context: BackupContext): BackupKind[] {
  const { service } = context;
  const types = new Set<BackupType>(['config', ...service.backup.types]);
  return ORDER.filter((type) => types.has(type)).map((type) =>
    kindOf(
      { kind: type, ...(service.database === undefined ? {} : { database: service.database.type }) },
      `packages/${service.name}/manifest.yaml, backup.type`,
    ),
  );
}
