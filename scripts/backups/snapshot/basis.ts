// Where the parts of a snapshot lie, and the last snapshot of an item, which the next one is built upon.
import { join } from 'node:path';
import type { Host } from '../../host/port.ts';
import type { BackupFile, BackupItem, Basis } from '../kind.ts';
import { listBackups } from '../list.ts';

export const treeOf = (item: Pick<BackupItem, 'name'>): string => `${item.name}.snapshot`;
export const listOf = (item: Pick<BackupItem, 'name'>): string => `${item.name}.sha256`;

/** The newest one whose list is what it was; undefined: there is none. @param dir the root of the backups. */
export async function basisOf(host: Host, dir: string, service: string, item: BackupItem): Promise<Basis | undefined> {
  for (const backup of listBackups(host, dir, service).backups) {
    const same = backup.items.find((each) => each.item.name === item.name && each.item.method === 'incremental');
    const [file] = same?.files ?? [];
    if (file === undefined || !(await isWhole(host, backup.dir, file))) continue;
    return { stamp: backup.stamp, tree: join(backup.dir, treeOf(item)), list: join(backup.dir, listOf(item)) };
  }
  return undefined;
}

async function isWhole(host: Host, folder: string, file: BackupFile): Promise<boolean> {
  const path = join(folder, file.file);
  const stat = host.files.stat(path);
  return stat?.kind === 'file' && stat.size === file.bytes && (await host.files.sha256(path)) === file.sha256;
}
