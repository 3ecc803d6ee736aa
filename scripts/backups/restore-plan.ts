// What a restore would do, looked at without touching anything: the backup is whole, it fits, and what would be lost.
import { basename, dirname } from 'node:path';
import { messageOf, refused } from '../model/error.ts';
import { differingFiles, envMerge } from './config/restore.ts';
import type { BackupContext, BackupRecord, Restorer, Restoring } from './kind.ts';
import { isWithin } from './places.ts';
import { readRecord } from './record.ts';
import { kindOf } from './registry.ts';
import { workFolder } from './restore-mark.ts';
import { checkSnapshot } from './snapshot/check.ts';
import { checkSums } from './sums.ts';

/** Left free beside what is staged. */
const SPARE_BYTES = 16 * 1024 * 1024;
const ROWS = 'rows:';

export interface Restorable {
  record: BackupRecord;
  /** In the order of restoring: an item that lies inside another's folder comes after it. */
  layers: Array<Array<{ restorer: Restorer; restoring: Restoring }>>;
}

export interface Loss {
  /** From the backup until now. */
  ageMs: number;
  /** Tables whose count differs. undefined: not there. */
  rows: Array<{ item: string; table: string; saved: number | undefined; now: number | undefined }>;
  /** Configuration that differs and stays as it is: names of `.env`, paths of files. */
  kept: string[];
  /** Names of `.env` that come back. */
  restored: string[];
}

/**
 * Reads a backup for restoring; every checksum is computed again.
 * @param folder of the backup. @param dir the root of the backups. @param options.only items of this kind; the others are not looked at.
 * @param options.read false: its data is not wanted any more, only what it is made of. @throws refused where it is damaged, of another service, or its record is.
 */
export async function openBackup(
  context: BackupContext,
  folder: string,
  dir: string,
  {
    left,
    only,
    read = true,
  }: { left?: Restoring['left'] | undefined; only?: 'config' | undefined; read?: boolean } = {},
): Promise<Restorable> {
  const record = readRecord(context.host, folder);
  const { service, stamp } = record;
  if (service !== context.service.name || stamp !== basename(folder)) {
    throw refused({ what: `this is the backup ${stamp} of ${service}, not of ${context.service.name}`, where: folder });
  }
  const items = record.items.filter(({ item }) => only === undefined || item.kind === only);
  try {
    for (const { item, files } of read ? items : []) {
      if (item.method === 'incremental') await checkSnapshot(context, item, folder, files);
      else await checkSums(context, folder, files);
    }
  } catch (error) {
    throw refused(
      {
        what: messageOf(error),
        where: folder,
        hint: `Nothing was changed. Do not restore from it; see: just release-backups ${service}`,
      },
      error,
    );
  }
  const work = workFolder(dir, service, stamp);
  const all = items.map(({ item, files }) => ({
    restorer: kindOf(item, item.name).restore,
    restoring: { item, files, folder, stamp, work, ...(left === undefined ? {} : { left }) },
  }));
  const outer = ({ restoring: { item } }: (typeof all)[number]) =>
    all.filter(
      (other) =>
        other.restoring.item !== item &&
        holds(other.restoring.item.path, item.path) &&
        other.restoring.item.path !== item.path,
    ).length;
  const depth = Math.max(0, ...all.map(outer));
  return {
    record,
    layers: Array.from({ length: depth + 1 }, (_, at) => all.filter((each) => outer(each) === at)),
  };
}

const holds = (folder: string | undefined, path: string | undefined): boolean =>
  folder !== undefined && path !== undefined && isWithin(path, folder);

/** @throws refused where the staged copies would not fit beside what is live. */
export async function checkSpace(context: BackupContext, { layers }: Restorable): Promise<void> {
  const { files } = context.host;
  const devices = new Map<number, { path: string; bytes: number }>();
  for (const { restorer, restoring } of layers.flat()) {
    const space = await restorer.space(context, restoring);
    if (space === undefined) continue;
    let path = space.path;
    while (files.stat(path) === undefined && path !== '/') path = dirname(path);
    const device = files.stat(path)?.dev ?? 0;
    devices.set(device, { path, bytes: (devices.get(device)?.bytes ?? 0) + space.bytes });
  }
  for (const { path, bytes } of devices.values()) {
    const free = files.freeBytes(path);
    if (free >= bytes + SPARE_BYTES) continue;
    throw refused({
      what: `the backup needs ${megabytes(bytes + SPARE_BYTES)} beside the live data, and ${megabytes(free)} are free`,
      where: path,
      hint: 'Nothing was changed. Make room there (old backups: just release-backup-prune), then restore again.',
    });
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MB`;

/** @param now a backup of the present state, for the rows; `look`: they are counted; undefined: they cannot be known any more. */
export async function lossOf(
  context: BackupContext,
  { record, layers }: Restorable,
  now: BackupRecord | 'look' | undefined,
): Promise<Loss> {
  const loss: Loss = {
    ageMs: context.host.clock.now().getTime() - Date.parse(record.startedAt),
    rows: [],
    kept: [],
    restored: [],
  };
  for (const { restorer, restoring } of layers.flat()) {
    const { item, files } = restoring;
    if (item.kind === 'config') {
      const env = envMerge(context, restoring);
      loss.kept.push(...(env?.kept ?? []), ...(await differingFiles(context, restoring)));
      loss.restored.push(...(env?.restored ?? []));
    }
    if (item.kind !== 'database' || now === undefined) continue;
    if (now === 'look') context.host.files.mkdir(restoring.work);
    const same = now === 'look' ? undefined : now.items.find((each) => each.item.name === item.name);
    const present = same === undefined ? await restorer.rowsNow?.(context, restoring) : rowsIn(same.files);
    if (present === undefined) continue;
    loss.rows.push(...rowsDiffering(item.name, files, present));
  }
  return loss;
}

/** @param saved the files of the item. @param now rows by table. */
export function rowsDiffering(item: string, saved: Restoring['files'], now: Record<string, number>): Loss['rows'] {
  const then = rowsIn(saved);
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .sort()
    .filter((table) => then[table] !== now[table])
    .map((table) => ({ item, table, saved: then[table], now: now[table] }));
}

function rowsIn(files: Restoring['files']): Record<string, number> {
  const entries = files.flatMap((file) => Object.entries(file.facts));
  return Object.fromEntries(
    entries.filter(([key]) => key.startsWith(ROWS)).map(([key, count]) => [key.slice(ROWS.length), Number(count)]),
  );
}
