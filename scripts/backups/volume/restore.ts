// Volumes and bind mounts back: by renaming siblings where their folder can be renamed, else by their contents.
import { dirname, normalize } from 'node:path';
import { refused, stepFailed } from '../../model/error.ts';
import { archiveRestorer, archiveSpace } from '../archive-restore.ts';
import type { BackupContext, Restorer, Restoring } from '../kind.ts';
import { isWithin, refuseOwnBackups } from '../places.ts';
import { eitherRestorer, snapshotRestorer, snapshotSpace } from '../snapshot/restore.ts';
import { type Inside, runInside, stageInside } from './inside.ts';
import { isMounted, mountPoints, volumePlace, volumeUsers } from './place.ts';
import { stageSnapshotInside, swapSnapshotInside, undoSnapshotInside } from './snapshot-inside.ts';

const pathOf = (_context: BackupContext, { item }: Restoring): string => item.path ?? '';
const bySiblings = eitherRestorer(archiveRestorer(pathOf), snapshotRestorer(pathOf));

/** undefined: it can be renamed. @throws refused where it may not be written any more. */
async function insideOf(context: BackupContext, { item }: Restoring): Promise<Inside | undefined> {
  if (item.volume !== undefined) {
    const place = await volumePlace(context, item.volume, 'restored');
    if (place.how === 'helper' && item.method === 'incremental') throw notRoot(item.volume);
    if (place.how === 'helper') return { volume: item.volume, image: place.image };
    if (place.path !== item.path) {
      throw refused({
        what: `the volume ${item.volume} lies in ${place.path} now, and was saved from ${item.path}`,
        hint: 'Restore it by hand, see RESTORE.txt of the backup.',
      });
    }
  } else refuseStrangeBind(context, item.path ?? '');
  return mountedAt(context, item.path ?? '') ? { folder: item.path ?? '' } : undefined;
}

const notRoot = (volume: string) =>
  refused({
    what: `the volume ${volume} was saved incrementally, and can only be reached through a container here`,
    hint: 'Restore as root, or by hand, see RESTORE.txt of the backup.',
  });

/** @throws refused for a mount further down: renaming would take it along, and its data is in the archive. */
function mountedAt(context: BackupContext, path: string): boolean {
  const mountinfo = context.host.files.readText('/proc/self/mountinfo') ?? '';
  const below = mountPoints(mountinfo).find((point) => point !== path && isWithin(point, path));
  if (below === undefined) return isMounted(mountinfo, path);
  throw refused({
    what: `something is mounted inside of what is to be restored: ${below}`,
    where: path,
    hint: 'Unmount it, or restore by hand, see RESTORE.txt of the backup.',
  });
}

/** Only what the manifest names, whatever the record says. */
function refuseStrangeBind(context: BackupContext, path: string): void {
  const { files } = context.host;
  const real = (bind: string) => (files.stat(bind) === undefined ? normalize(bind) : files.realpath(bind));
  const named = context.service.backup.volumes.some((spec) => 'bind' in spec && real(spec.bind) === path);
  const where = `packages/${context.service.name}/manifest.yaml, backup.volumes`;
  if (!named) {
    throw refused({
      what: `${JSON.stringify(path)} was saved as a bind mount, and the manifest does not name it any more`,
      where,
      hint: 'Restore it by hand, see RESTORE.txt of the backup.',
    });
  }
  refuseOwnBackups(context, path, where);
}

const isSnapshot = ({ item }: Restoring, inside: Inside): inside is { folder: string } =>
  item.method === 'incremental' && 'folder' in inside;

export const volumeRestorer: Restorer = {
  swaps: 'stopped',
  space(context, restoring) {
    const { item, files } = restoring;
    if (item.path === undefined) return undefined;
    const mountinfo = context.host.files.readText('/proc/self/mountinfo') ?? '';
    const beside = isMounted(mountinfo, item.path) ? item.path : dirname(item.path);
    return item.method === 'incremental' ? snapshotSpace(context, restoring, beside) : archiveSpace(beside, files);
  },
  async stage(context, restoring) {
    const inside = await insideOf(context, restoring);
    if (inside === undefined) return await bySiblings.stage(context, restoring);
    if (isSnapshot(restoring, inside)) return await stageSnapshotInside(context, restoring, inside.folder);
    await stageInside(context, restoring, inside);
  },
  async swap(context, restoring) {
    const { volume } = restoring.item;
    const users = volume === undefined ? [] : await volumeUsers(context, volume);
    if (users.length > 0) {
      throw stepFailed({
        what: `${users.join(', ')} still runs and uses the volume ${volume}`,
        where: restoring.item.describes,
        hint: 'It is no part of the service that is restored: stop it, then restore again.',
      });
    }
    await step(context, restoring, 'swap');
  },
  settle: (context, restoring) => step(context, restoring, 'settle'),
  undo: (context, restoring) => step(context, restoring, 'undo'),
};

async function step(context: BackupContext, restoring: Restoring, name: 'swap' | 'settle' | 'undo'): Promise<void> {
  const inside = await insideOf(context, restoring);
  if (inside === undefined) await bySiblings[name](context, restoring);
  else if (name === 'swap' && isSnapshot(restoring, inside))
    await swapSnapshotInside(context, restoring, inside.folder);
  else if (name === 'undo' && isSnapshot(restoring, inside))
    await undoSnapshotInside(context, restoring, inside.folder);
  else await runInside(context, restoring, inside, name);
}
