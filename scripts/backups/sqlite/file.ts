// Where a service's SQLite database lies: below its package or .asd/workspace, or in one of its volumes (`volume:<suffix>/path`) or binds (`bind:/path`).
import { type ErrorFacts, refused } from '../../model/error.ts';
import type { BackupContext } from '../kind.ts';
import { insideOf, ownPath } from '../places.ts';
import { volumeName } from '../volume/mounts.ts';
import { volumePlace } from '../volume/place.ts';

/** @returns the real path of the file. @throws refused where it cannot be, is not there, or is no plain file. */
export async function databaseFile(context: BackupContext): Promise<string> {
  const where = `packages/${context.service.name}/manifest.yaml, database.path`;
  const path = context.service.database?.path;
  if (path === undefined || path === '') {
    throw refused({
      what: 'the SQLite database has no path',
      where,
      hint: 'Add database: { type: sqlite, path: data/app.db }.',
    });
  }
  const file = isMounted(path) ? await thereIn(context, path) : ownPath(context, path, 'database.path');
  if (context.host.files.stat(file)?.kind === 'file') return file;
  throw refused({ what: `${file} is no plain file, so it is no SQLite database`, where });
}

const BIND = 'bind:';

/** In a volume or a bind of the service. */
export const isMounted = (path: string): boolean => /^(?:volume|bind):/.test(path);

async function thereIn(context: BackupContext, path: string): Promise<string> {
  const { file, missing } = await mountedDatabase(context, path);
  if (file !== undefined) return file;
  throw refused(missing);
}

interface MountedDatabase {
  /** Its real path; undefined where it is not there, or not yet. */
  file: string | undefined;
  /** What is said of that. */
  missing: ErrorFacts;
}

/** @throws refused where it cannot be there. */
export function mountedDatabase(context: BackupContext, path: string): Promise<MountedDatabase> {
  const where = `packages/${context.service.name}/manifest.yaml, database.path`;
  return path.startsWith(BIND) ? inBind(context, path.slice(BIND.length), where) : inVolume(context, path, where);
}

/** The bind of the service's backup that its database is in; undefined where it is in none. */
export function bindOf({ service }: BackupContext): string | undefined {
  const path = service.database?.path ?? '';
  if (path.split('/').includes('..')) return undefined;
  return service.backup.volumes
    .flatMap((spec) => ('bind' in spec && path.startsWith(`${BIND}${spec.bind}/`) ? [spec.bind] : []))
    .toSorted((a, b) => b.length - a.length)[0];
}

async function inBind(context: BackupContext, path: string, where: string): Promise<MountedDatabase> {
  const base = bindOf(context);
  if (base === undefined)
    throw refused({ what: `${JSON.stringify(path)} is below no bind of backup.volumes, or climbs out of it`, where });
  return {
    file: insideOf(context, base, path.slice(base.length + 1), where),
    missing: { what: `${path} is not there`, where, hint: `Look into ${base}.` },
  };
}

async function inVolume(context: BackupContext, path: string, where: string): Promise<MountedDatabase> {
  const match = path.match(/^volume:([^/]+)\/(.+)$/);
  const [suffix, inside] = [match?.[1], match?.[2]];
  if (suffix === undefined || inside === undefined || inside.split('/').includes('..')) {
    throw refused({
      what: `${JSON.stringify(path)} is no path in a volume`,
      where,
      hint: 'Write volume:<suffix>/path, without "..".',
    });
  }
  const volume = volumeName(context, suffix);
  const place = await volumePlace(context, volume);
  if (place.how === 'helper') {
    throw refused({
      what: `the volume ${volume} can only be read through a container, and a database must not be copied that way`,
      where,
      hint: 'Run the release as root where the volume is local, or declare a backup command.',
    });
  }
  return {
    file: insideOf(context, place.path, inside, where),
    missing: { what: `${inside} is not in the volume ${volume}`, where, hint: `Look into ${place.path}.` },
  };
}
