// One whole backup of a service: written into a `.partial` folder, flushed, read back, and only then given its name.
import { join } from 'node:path';
import { SCHEMA } from '../model/release.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { estimateBytes } from './estimate.ts';
import { checkPlace, flushTree, newFolder } from './folder.ts';
import type { BackupContext, BackupFile, BackupItem, BackupRecord, Basis } from './kind.ts';
import { type PauseOptions, whileHeld } from './pause.ts';
import { RECORD, readRecord, recordText } from './record.ts';
import { kindOf, kindsFor } from './registry.ts';
import type { SecondHome } from './restic.ts';
import { refuseUnfinished } from './restore-mark.ts';
import { RESTORE_FILE, restoreText, SUMS_FILE } from './restore-text.ts';
import { basisOf, treeOf } from './snapshot/basis.ts';
import { flushFileSystem } from './staging.ts';
import { sumsText } from './sums.ts';
import { checkTools } from './tools.ts';
import { uncoveredMounts } from './uncovered.ts';
import { isRunning } from './volume/mounts.ts';

export interface TakeOptions extends PauseOptions {
  /** YYYYMMDD_HHMMSS, UTC. Where that one exists, the next free second is taken. */
  stamp: string;
  /** The root of all backups, absolute. */
  dir: string;
  ticket: string;
  /** Where it will be copied to; RESTORE.txt says it. */
  secondHome?: Pick<SecondHome, 'repository' | 'passwordFile'> | undefined;
  /** Why it is taken; default: for a release. */
  purpose?: BackupRecord['purpose'];
}

type Taken = { item: BackupItem; files: BackupFile[] };

async function findItems(context: BackupContext): Promise<BackupItem[]> {
  if (!context.service.backup.enabled) return [];
  return (await Promise.all(kindsFor(context).map((kind) => kind.items(context)))).flat();
}

/**
 * What a backup would hold. @returns items with their estimated size, writable mounts that none covers, and the sum of the known sizes.
 * @throws refused where the manifest names what is not there, a program is missing, or something stands in the backups' place.
 */
export async function planBackup(
  context: BackupContext,
): Promise<{ items: BackupItem[]; uncovered: string[]; bytes: number }> {
  checkPlace(context.host, context.paths.backups, context.service.name);
  const found = await findItems(context);
  if (found.length > 0) await checkTools(context, found);
  const bases = await basesOf(context, context.paths.backups, found);
  const [items, uncovered] = await Promise.all([
    Promise.all(found.map(async (item) => ({ ...item, bytes: await estimateBytes(context, item, bases.get(item)) }))),
    uncoveredMounts(context, found),
  ]);
  return { items, uncovered, bytes: items.reduce((sum, item) => sum + (item.bytes ?? 0), 0) };
}

/**
 * Takes a backup and reads it back. The caller holds the lock: what earlier runs left as `.partial` is removed.
 * @returns its record, its folder, and the sha256 of every file in it.
 * @throws step-failed (nothing is left behind, and the service runs), refused as planBackup does.
 */
export async function takeBackup(
  context: BackupContext,
  runtime: Runtime,
  options: TakeOptions,
): Promise<BackupRecord & { dir: string; sha256s: Record<string, string> }> {
  const { clock, files } = context.host;
  checkPlace(context.host, options.dir, context.service.name);
  refuseUnfinished(context.host, options.dir, context.service.name);
  const begin = clock.monotonicMs();
  const startedAt = clock.now().toISOString();
  const items = await findItems(context);
  const versions = await checkTools(context, items);
  const bases = await basesOf(context, options.dir, items);
  const uncovered = await uncoveredMounts(context, items);
  const { partial, final, stamp } = newFolder(context.host, options.dir, context.service.name, options.stamp);
  try {
    const { taken, pausedMs } = await writeItems(context, runtime, options, bases, partial);
    const all = taken.flatMap((each) => each.files);
    const record: BackupRecord = {
      schema: SCHEMA,
      service: context.service.name,
      stamp,
      ticket: options.ticket,
      ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
      label: labelOf(context, items),
      startedAt,
      durationMs: 0,
      pausedMs: Math.round(pausedMs),
      sourceBytes: taken.reduce((sum, { item, files: written }) => sum + sourceBytes(item, written), 0),
      uncovered,
      versions,
      items: taken,
      verifiedAt: '',
    };
    files.replace(join(partial, SUMS_FILE), sumsText(all));
    files.replace(
      join(partial, RESTORE_FILE),
      restoreText(record, context.resolved.project, runtime.kind, options.secondHome),
    );
    const trees = items.filter((item) => item.method === 'incremental').map(treeOf);
    if (trees.length > 0) await flushFileSystem(context, partial);
    flushTree(context.host, partial, trees);
    await allOf(
      taken.map(({ item, files: written }) =>
        kindOf(item, item.name).check(context, item, partial, written, bases.get(item)),
      ),
    );
    const verified = {
      ...record,
      durationMs: Math.round(clock.monotonicMs() - begin),
      verifiedAt: clock.now().toISOString(),
      papers: {
        [SUMS_FILE]: await files.sha256(join(partial, SUMS_FILE)),
        [RESTORE_FILE]: await files.sha256(join(partial, RESTORE_FILE)),
      },
    };
    files.replace(join(partial, RECORD), recordText(verified));
    readRecord(context.host, partial);
    const sha256s = Object.fromEntries(all.map(({ file, sha256 }) => [file, sha256]));
    sha256s[RECORD] = await files.sha256(join(partial, RECORD));
    files.rename(partial, final);
    files.sync(join(options.dir, context.service.name));
    return { ...verified, dir: final, sha256s };
  } catch (error) {
    files.remove(partial);
    throw error;
  }
}

async function writeItems(
  context: BackupContext,
  runtime: Runtime,
  options: TakeOptions,
  bases: ReadonlyMap<BackupItem, Basis | undefined>,
  folder: string,
): Promise<{ taken: Taken[]; pausedMs: number }> {
  const items = [...bases.keys()];
  const write = (when: BackupItem['when'], within: BackupContext) =>
    allOf(
      items
        .filter((item) => item.when === when)
        .map(async (item): Promise<Taken> => {
          const files = await kindOf(item, item.name).write(within, item, folder, bases.get(item));
          return { item, files };
        }),
    );
  const running = await write('running', context);
  const pauses =
    items.some((item) => item.when === 'held') && context.service.backup.consistency !== 'live' && isRunning(context);
  const held = pauses
    ? await whileHeld(context, runtime, options, (within) => write('held', within))
    : { value: await write('held', context), pausedMs: 0 };
  const taken = [...running, ...held.value];
  return { taken: items.flatMap((item) => taken.filter((each) => each.item === item)), pausedMs: held.pausedMs };
}

/** Of every item; undefined where it is saved whole. */
async function basesOf(
  context: BackupContext,
  dir: string,
  items: readonly BackupItem[],
): Promise<Map<BackupItem, Basis | undefined>> {
  const found = new Map<BackupItem, Basis | undefined>();
  for (const item of items) {
    const wanted = item.method === 'incremental';
    found.set(item, wanted ? await basisOf(context.host, dir, context.service.name, item) : undefined);
  }
  return found;
}

/** Waits for all, so that none goes on writing behind our back, then throws what the first failed one threw. */
async function allOf<T>(tasks: Array<Promise<T>>): Promise<T[]> {
  const settled = await Promise.allSettled(tasks);
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

function labelOf(context: BackupContext, items: readonly BackupItem[]): BackupRecord['label'] {
  if (items.some((item) => item.mayChange)) return 'crash-consistent';
  return items.some((item) => item.when === 'held') && isRunning(context) ? 'quiesced' : 'consistent';
}

function sourceBytes(item: BackupItem, files: readonly BackupFile[]): number {
  return (
    item.bytes ??
    files.reduce((sum, file) => sum + Number(file.facts.tarBytes ?? file.facts.treeBytes ?? file.bytes), 0)
  );
}
