// Kind `volume`: Docker volumes and bind mounts of a service, each as one archive.
import { isAbsolute, normalize } from 'node:path';
import { refused, stepFailed } from '../../model/error.ts';
import { checkArchive, unpackCommands, writeArchive } from '../archive.ts';
import type { BackupContext, BackupItem, BackupKind } from '../kind.ts';
import { itemName } from '../names.ts';
import { refuseOwnBackups } from '../places.ts';
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
  return {
    kind: 'volume',
    name: itemName('volume', suffix, taken),
    describes: `volume ${volume}${ownership(uid)}`,
    volume,
    ...(place.how === 'folder' ? { path: place.path } : {}),
    bytes: undefined,
    when: 'held',
    ...(mayChange(context, volume) ? { mayChange: true } : {}),
  };
}

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

  async write(context, item, folder) {
    if (item.path !== undefined) return [await writeArchive(context, item, item.path, folder)];
    return [await writeThroughHelper(context, item, context.helperImage, folder)];
  },

  async check(context, item, folder, files) {
    const [file] = files;
    if (file === undefined) throw stepFailed({ what: `${item.describes} has no archive`, where: folder });
    await checkArchive(context, folder, file);
  },

  restoreCommands(item, files) {
    return files.flatMap((file) => {
      if (item.path === undefined) return unpackThroughHelper(file, item.volume ?? '');
      return unpackCommands(file, item.path);
    });
  },

  restore: volumeRestorer,
};
