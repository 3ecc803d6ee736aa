// Workspace paths back into place.
import { refused } from '../../model/error.ts';
import { archiveRestorer } from '../archive-restore.ts';
import type { BackupContext, Restoring } from '../kind.ts';
import { isWithin, packageFolder } from '../places.ts';
import { eitherRestorer, snapshotRestorer } from '../snapshot/restore.ts';

/** Only below the service's own folders, whatever the record says. */
function targetOf(context: BackupContext, { item }: Restoring): string {
  const path = item.path ?? '';
  const { files } = context.host;
  const own = [packageFolder(context), context.paths.workspace]
    .filter((folder) => files.stat(folder) !== undefined)
    .map((folder) => files.realpath(folder));
  if (own.some((folder) => isWithin(path, folder) && path !== folder)) return path;
  throw refused({
    what: `${JSON.stringify(path)} is neither below the package of ${context.service.name} nor below .asd/workspace`,
    where: item.name,
    hint: 'The backup is of another place: restore it by hand, see its RESTORE.txt.',
  });
}

export const workspaceRestorer = eitherRestorer(archiveRestorer(targetOf), snapshotRestorer(targetOf));
