// Kind `volume`: Docker volumes and bind mounts of a service, each as one archive or as a snapshot.
import { isAbsolute, normalize } from 'node:path';
import { refused, stepFailed } from '../../model/error.ts';
import { checkArchive, unpackCommands, writeArchive } from '../archive.ts';
import type { BackupContext, BackupItem, BackupKind } from '../kind.ts';
import { itemName } from '../names.ts';
import { refuseOwnBackups } from '../places.ts';
import { checkSnapshot } from '../snapshot/check.ts';
import { copyCommands } from '../snapshot/commands.ts';
import { writeSnapshot } from '../snapshot/write.ts';
import { unpackThroughHelper, writeThroughHelper } from './helper.ts';
import { mayChange, mountsOf, volumeName } from './mounts.ts';
import { volumePlace } from './place.ts';
import { volumeRestorer } from './restore.ts';

const ownership = (uid: number | undefined): string => (uid === undefined ? '' : ` (its files belong to uid ${uid})`);

async function volumeItem(
  context: BackupContext,
  suffix: string,
  uid: number | undefined,
  taken: Set<string>,
): Promise<BackupItem> {
  const volume = volumeName(context, suffix);
  const place = await volumePlace(context, volume);
  const { method } = context.service.backup;
  if (method === 'incremental' && place.how === 'helper') throw onlyThroughHelper(context, volume);
  return {
    kind: 'volume',
    name: itemName('volume', suffix, taken),
    describes: `volume ${volume}${ownership(uid)}`,
    volume,
    ...(place.how === 'folder' ? { path: place.path } : {}),
    method,
    bytes: undefined,
    when: 'held',
    ...(mayChange(context, volume) ? { mayChange: true } : {}),
  };
}

/** A snapshot is made of what this process can read, and links its files. */
const onlyThroughHelper = (context: BackupContext, volume: string) =>
  refused({
    what: `the volume ${volume} can only be read through a container here, and an incremental backup has to read its folder itself`,
    where: `packages/${context.service.name}/manifest.yaml, backup.method`,
    hint: 'Run the release as root (for a local volume), or set backup.method to archive.',
  });

function bindItem(context: BackupContext, bind: string, uid: number | undefined, taken: Set<string>): BackupItem {
  const where = `packages/${context.service.name}/manifest.yaml, backup.volumes`;
  const mount = mountsOf(context).find((each) => each.kind === 'bind' && normalize(each.source) === normalize(bind));
  if (!isAbsolute(bind) || mount === undefined) {
    throw refused({
      what: `${JSON.stringify(bind)} is no bind mount of ${context.service.name}`,
      where,
      hint: 'A bind is the absolute host path of a mount in the compose file; data beside it goes under backup.paths.',
    });
  }
  if (context.host.files.stat(bind) === undefined)
    throw refused({ what: `${bind} is not there, so it cannot be saved`, where });
  const path = context.host.files.realpath(bind);
  refuseOwnBackups(context, path, where);
  return {
    kind: 'volume',
    name: itemName('volume', path.slice(1), taken),
    describes: `bind mount ${path}${ownership(uid)}`,
    path,
    // A single file that is mounted has nothing to share.
    method: context.host.files.stat(path)?.kind === 'folder' ? context.service.backup.method : 'archive',
    bytes: undefined,
    when: 'held',
    ...(mayChange(context, mount.source) ? { mayChange: true } : {}),
  };
}

export const volumeKind: BackupKind = {
  kind: 'volume',

  async items(context) {
    const taken = new Set<string>();
    const items: BackupItem[] = [];
    for (const spec of context.service.backup.volumes) {
      items.push(
        'bind' in spec
          ? bindItem(context, spec.bind, spec.dataUid, taken)
          : await volumeItem(context, spec.suffix, spec.dataUid, taken),
      );
    }
    return items;
  },

  async write(context, item, folder, basis) {
    if (item.path !== undefined && item.method === 'incremental')
      return [await writeSnapshot(context, item, item.path, folder, basis)];
    if (item.path !== undefined) return [await writeArchive(context, item, item.path, folder)];
    return [await writeThroughHelper(context, item, context.helperImage, folder)];
  },

  async check(context, item, folder, files, basis) {
    if (item.method === 'incremental') return await checkSnapshot(context, item, folder, files, basis?.tree);
    const [file] = files;
    if (file === undefined) throw stepFailed({ what: `${item.describes} has no archive`, where: folder });
    await checkArchive(context, folder, file);
  },

  restoreCommands(item, files) {
    if (item.method === 'incremental') return copyCommands(item, files, item.path ?? '');
    return files.flatMap((file) => {
      if (item.path === undefined) return unpackThroughHelper(file, item.volume ?? '');
      return unpackCommands(file, item.path);
    });
  },

  restore: volumeRestorer,
};
