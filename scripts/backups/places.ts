// Where a service's own data may lie: below its package folder or below .asd/workspace, and nowhere else.
import { isAbsolute, join } from 'node:path';
import { refused } from '../model/error.ts';
import type { BackupContext } from './kind.ts';

export const packageFolder = (context: BackupContext): string =>
  join(context.paths.root, 'packages', context.service.name);

export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/**
 * Finds a path of the manifest. The package folder goes before .asd/workspace.
 * @param key the manifest's key, for the sentence. @returns the real absolute path.
 * @throws refused where it is absolute, climbs out (by `..` or by a link), or is not there.
 */
export function ownPath(context: BackupContext, path: string, key: string): string {
  const where = `packages/${context.service.name}/manifest.yaml, ${key}`;
  if (path === '' || isAbsolute(path) || path.includes('\0') || path.split('/').includes('..')) {
    throw refused({
      what: `${JSON.stringify(path)} is not a path below the package folder or .asd/workspace`,
      where,
      hint: 'Give it relative to one of the two, without "..".',
    });
  }
  for (const base of [packageFolder(context), context.paths.workspace]) {
    const found = insideOf(context, base, path, where);
    if (found !== undefined) return found;
  }
  throw refused({
    what: `${path} is neither in packages/${context.service.name} nor in .asd/workspace`,
    where,
    hint: 'Create it, or take it out of the manifest.',
  });
}

/** The real path of something below a folder; undefined where it is not there. @throws refused where a link leads out, or the backups lie in it. */
export function insideOf(context: BackupContext, base: string, path: string, where: string): string | undefined {
  const { files } = context.host;
  const full = join(base, path);
  if (files.stat(full) === undefined) return undefined;
  const real = files.realpath(full);
  if (!isWithin(real, files.realpath(base))) {
    throw refused({
      what: `${full} leads out of ${base}, to ${real}`,
      where,
      hint: 'Name the data where it really is, as a bind or volume.',
    });
  }
  refuseOwnBackups(context, real, where);
  return real;
}

/** A backup that contains the backups grows without end. @throws refused. */
export function refuseOwnBackups(context: BackupContext, path: string, where: string): void {
  const { backups } = context.paths;
  const real = context.host.files.stat(backups) === undefined ? backups : context.host.files.realpath(backups);
  if (isWithin(real, path) || isWithin(path, real)) {
    throw refused({
      what: `${path} holds the backups themselves (${real})`,
      where,
      hint: 'Name the folders in it one by one, or move backup.dir.',
    });
  }
}
