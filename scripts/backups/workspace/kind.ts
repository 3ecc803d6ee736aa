// Kind `workspace`: folders and files below the package or below .asd/workspace, each as one archive, folders also as snapshots.
import { stepFailed } from '../../model/error.ts';
import { checkArchive, unpackCommands, writeArchive } from '../archive.ts';
import type { BackupKind } from '../kind.ts';
import { itemName } from '../names.ts';
import { ownPath } from '../places.ts';
import { checkSnapshot } from '../snapshot/check.ts';
import { copyCommands } from '../snapshot/commands.ts';
import { writeSnapshot } from '../snapshot/write.ts';
import { isRunning } from '../volume/mounts.ts';
import { workspaceRestorer } from './restore.ts';

export const workspaceKind: BackupKind = {
  kind: 'workspace',

  async items(context) {
    const taken = new Set<string>();
    const live = context.service.backup.consistency === 'live' && isRunning(context);
    return context.service.backup.paths.map((path) => {
      const real = ownPath(context, path, 'backup.paths');
      return {
        kind: 'workspace',
        name: itemName('workspace', path, taken),
        describes: `workspace path ${real}`,
        path: real,
        method: context.host.files.stat(real)?.kind === 'folder' ? context.service.backup.method : 'archive',
        bytes: undefined,
        when: 'held',
        ...(live ? { mayChange: true } : {}),
      };
    });
  },

  async write(context, item, folder, basis) {
    if (item.method === 'incremental') return [await writeSnapshot(context, item, item.path ?? '', folder, basis)];
    return [await writeArchive(context, item, item.path ?? '', folder)];
  },

  async check(context, item, folder, files, basis) {
    if (item.method === 'incremental') return await checkSnapshot(context, item, folder, files, basis?.tree);
    const [file] = files;
    if (file === undefined) throw stepFailed({ what: `${item.describes} has no archive`, where: folder });
    await checkArchive(context, folder, file);
  },

  restoreCommands: (item, files) =>
    item.method === 'incremental'
      ? copyCommands(item, files, item.path ?? '')
      : files.flatMap((file) => unpackCommands(file, item.path ?? '')),
  restore: workspaceRestorer,
};
