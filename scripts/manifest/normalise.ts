// From what the file says to what the engine works with: every default and every renaming is here.
import type { BackupSpec, BackupType, DatabaseSpec, ServiceManifest } from '../model/service.ts';
import type { ReadSections } from './schema.ts';

const DEFAULT_PRIORITY = 100;
const HEALTH_TIMEOUT_MS = 120_000;
const STABLE_FOR_MS = 3000;
const RELEASE_TIMEOUT_MS = 600_000;
const KEEP_BACKUPS = 7;

/** Sections that are absent (or could not be read) get their defaults. */
export function normalise(read: ReadSections): ServiceManifest {
  const name = read.name ?? '';
  return {
    name,
    displayName: read.display_name ?? name,
    priority: read.priority ?? read.framework?.startup_priority ?? DEFAULT_PRIORITY,
    installation: read.installation?.status ?? 'installed',
    // The reader of this word has refused swarm.
    runtime: read.runtime === 'pm2' ? 'pm2' : 'compose',
    compose: {
      ...given('project', read.compose?.project),
      files: read.compose?.files ?? [],
      profiles: read.compose?.profiles ?? [],
      ...given('directory', read.compose?.directory),
      envFiles: read.compose?.env_files ?? [],
    },
    ...given('image', read.image && image(read.image)),
    containers: (read.containers ?? []).map((container) => ({
      name: container.name,
      role: container.role ?? 'app',
      required: container.required ?? true,
      healthCheck: container.health_check ?? false,
      service: container.service ?? container.name,
      ...given('containerUser', container.container_user),
    })),
    ports: read.requirements?.port_env ?? [],
    ...given('database', read.database && database(read.database)),
    backup: backup(read),
    ...given('health', read.health && health(read.health)),
    ...given('e2e', read.e2e?.enabled !== false && read.e2e?.command ? { command: read.e2e.command } : undefined),
    fixes: { postRestore: read.fixes?.post_restore?.functions ?? [] },
    ...given('install', read.install),
    release: {
      watch: read.release?.watch ?? [],
      timeoutMs: read.release?.timeout ?? RELEASE_TIMEOUT_MS,
      ...given('group', read.release?.group),
    },
  };
}

const image = (read: NonNullable<ReadSections['image']>) => ({
  name: read.name,
  tag: read.tag,
  ...given('envVar', read.env_var),
  build: read.build ?? false,
});

const database = (read: NonNullable<ReadSections['database']>): DatabaseSpec => ({
  type: read.type,
  ...given('name', read.name),
  ...given('container', read.container),
  ...given('user', read.user),
  ...given('passwordEnv', read.password_env),
  ...given('path', read.path),
});

const health = (read: NonNullable<ReadSections['health']>) => ({
  endpoint: read.endpoint,
  expectedCode: read.expected_code ?? 200,
  timeoutMs: read.timeout ?? HEALTH_TIMEOUT_MS,
  stableForMs: read.stable_for ?? STABLE_FOR_MS,
  ...given('versionEndpoint', read.version_endpoint),
});

function backup({ backup: read }: ReadSections): BackupSpec {
  return {
    enabled: read?.enabled ?? true,
    types: read?.type ? [...new Set(read.type)] : impliedTypes(read),
    volumes: (read?.volumes ?? []).map(({ suffix, bind, data_uid }) => ({
      ...(suffix === undefined ? { bind: bind ?? '' } : { suffix }),
      ...given('dataUid', data_uid),
    })),
    paths: read?.paths ?? [],
    ...given(
      'command',
      read?.command && {
        backup: read.command.backup,
        ...given('restore', read.command.restore),
        ...given('verify', read.command.verify),
      },
    ),
    consistency: read?.consistency ?? 'pause',
    drill: read?.drill ?? 'auto',
    method: read?.method ?? 'archive',
    retention:
      read?.retention?.days === undefined
        ? { keep: read?.retention?.keep ?? KEEP_BACKUPS }
        : { days: read.retention.days },
  };
}

/** Where no type is named: what the section describes, and the configuration where it describes nothing. */
function impliedTypes(read: ReadSections['backup']): BackupType[] {
  const types: BackupType[] = [];
  if (read?.volumes?.length) types.push('volume');
  if (read?.paths?.length) types.push('workspace');
  if (read?.command) types.push('command');
  return types.length > 0 ? types : ['config'];
}

/** `{ key: value }`, or nothing where there is no value. */
function given<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: T });
}
