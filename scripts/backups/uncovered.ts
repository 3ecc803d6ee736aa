// Writable mounts of a service that no backup item covers: what a revert could not bring back.
import { basename, dirname } from 'node:path';
import type { Mount } from '../runtimes/runtime.ts';
import type { BackupContext, BackupItem } from './kind.ts';
import { isWithin } from './places.ts';
import { volumeFolder } from './volume/place.ts';

/** A database alone in its folder covers the folder. */
const DATABASE_ENDINGS = ['', '-wal', '-shm', '-journal'];

function isAloneIn(context: BackupContext, database: string, folder: string): boolean {
  if (dirname(database) !== folder) return false;
  const own = new Set(DATABASE_ENDINGS.map((ending) => `${basename(database)}${ending}`));
  return context.host.files.list(folder).every((name) => own.has(name));
}

function coversPath(context: BackupContext, item: BackupItem, path: string): boolean {
  if (item.path === undefined || item.kind === 'command' || item.kind === 'config') return false;
  if (item.kind === 'database') return item.path === path || isAloneIn(context, item.path, path);
  return isWithin(path, item.path);
}

async function isCovered(context: BackupContext, items: readonly BackupItem[], mount: Mount): Promise<boolean> {
  const { files } = context.host;
  if (mount.kind === 'bind') {
    const stat = files.stat(mount.source);
    // A socket or device holds no data; what is not there yet cannot be lost.
    if (stat === undefined || stat.kind === 'other') return true;
    const real = files.realpath(mount.source);
    return items.some((item) => coversPath(context, item, real));
  }
  if (items.some((item) => item.volume === mount.source)) return true;
  if (!items.some((item) => item.kind === 'database')) return false;
  const folder = await volumeFolder(context, mount.source);
  return folder !== undefined && items.some((item) => coversPath(context, item, files.realpath(folder)));
}

/** In words: `volume shop_cache (app:/cache)`. */
export async function uncoveredMounts(context: BackupContext, items: readonly BackupItem[]): Promise<string[]> {
  const found = new Map<string, string>();
  for (const component of context.resolved.components) {
    for (const mount of component.mounts.filter((each) => each.writable && !found.has(`${each.kind} ${each.source}`))) {
      if (await isCovered(context, items, mount)) continue;
      const name = `${mount.kind} ${mount.source}`;
      found.set(name, `${name} (${component.name}:${mount.target})`);
    }
  }
  return [...found.values()];
}
