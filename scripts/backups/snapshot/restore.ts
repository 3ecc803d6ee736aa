// A snapshot back to where it came from: what differs is copied beside the live folder, the whole put together when nothing runs, and swapped in.
import { dirname } from 'node:path';
import type { Files } from '../../host/port.ts';
import { stepFailed } from '../../model/error.ts';
import {
  clear,
  isAside,
  isStaged,
  markStaged,
  type Siblings,
  settleSwap,
  siblings,
  swapIn,
  undoSwap,
} from '../beside.ts';
import type { BackupContext, Restorer, Restoring } from '../kind.ts';
import { flushFileSystem, orFull } from '../staging.ts';
import { checkRsync } from '../tools.ts';
import { bytesToCopy } from './rsync.ts';
import { copyChanged, mendShared, putTogether, snapshotOf } from './stage.ts';

const PATIENCE_MS = 10_000;

/** What the service had before the swap; undefined: nothing that could be shared. */
function before(files: Files, at: Siblings): string | undefined {
  const path = isAside(files, at) ? at.old : at.live;
  return files.stat(path)?.kind === 'folder' ? path : undefined;
}

/** @param beside the folder whose file system takes the copies. @throws refused where rsync is missing. */
export async function snapshotSpace(
  context: BackupContext,
  restoring: Restoring,
  beside: string,
): Promise<{ path: string; bytes: number } | undefined> {
  await checkRsync(context);
  const bytes = await bytesToCopy(context, snapshotOf(restoring), restoring.item.path ?? '', PATIENCE_MS);
  return bytes === undefined ? undefined : { path: beside, bytes };
}

/** @throws step-failed, with nothing left of the attempt. */
async function stage(context: BackupContext, restoring: Restoring, at: Siblings): Promise<void> {
  const { files } = context.host;
  if (isStaged(files, at) || files.stat(at.changed) !== undefined) return;
  clear(files, at);
  try {
    files.mkdir(at.making);
    await copyChanged(context, restoring, before(files, at), at.making);
    await flushFileSystem(context, at.making);
    files.rename(at.making, at.changed);
    files.sync(dirname(at.live));
  } catch (error) {
    clear(files, at);
    throw orFull(error, dirname(at.live), at.live);
  }
}

/**
 * Whatever an earlier swap put together is put together again while the live folder is in its place: a service may have run meanwhile. With
 * the live folder aside, there is nothing to put together once it was done, unless an undo was killed.
 */
async function swap(context: BackupContext, restoring: Restoring, at: Siblings): Promise<void> {
  const { files } = context.host;
  if (!isAside(files, at) || !isStaged(files, at)) {
    if (files.stat(at.changed) === undefined)
      throw stepFailed({ what: `nothing is staged for ${at.live}`, where: at.changed });
    try {
      clear(files, at);
      files.remove(at.fresh);
      files.mkdir(at.making);
      await putTogether(context, restoring, before(files, at), at.changed, at.making);
      await flushFileSystem(context, at.making);
      markStaged(files, at, at.making);
    } catch (error) {
      clear(files, at);
      throw orFull(error, dirname(at.live), at.live);
    }
  }
  swapIn(files, at);
}

async function undo(context: BackupContext, restoring: Restoring, at: Siblings): Promise<void> {
  const { files } = context.host;
  if (files.stat(at.old)?.kind === 'folder') await mendShared(context, restoring, at.old);
  undoSwap(files, at);
}

/** @param targetOf where the item belongs now. @throws refused where it may not be written any more. */
export function snapshotRestorer(targetOf: (context: BackupContext, restoring: Restoring) => string): Restorer {
  const at = (context: BackupContext, restoring: Restoring): Siblings =>
    siblings(targetOf(context, restoring), restoring.stamp);
  return {
    swaps: 'stopped',
    space: (context, restoring) => snapshotSpace(context, restoring, dirname(targetOf(context, restoring))),
    stage: (context, restoring) => stage(context, restoring, at(context, restoring)),
    swap: (context, restoring) => swap(context, restoring, at(context, restoring)),
    settle: async (context, restoring) => settleSwap(context.host.files, at(context, restoring)),
    undo: (context, restoring) => undo(context, restoring, at(context, restoring)),
  };
}

/** Archives and snapshots of the same place: each backup comes back by what it was made with. */
export function eitherRestorer(archive: Restorer, snapshot: Restorer): Restorer {
  const one = ({ item }: Restoring): Restorer => (item.method === 'incremental' ? snapshot : archive);
  return {
    swaps: archive.swaps,
    space: (context, restoring) => one(restoring).space(context, restoring),
    stage: (context, restoring) => one(restoring).stage(context, restoring),
    swap: (context, restoring) => one(restoring).swap(context, restoring),
    settle: (context, restoring) => one(restoring).settle(context, restoring),
    undo: (context, restoring) => one(restoring).undo(context, restoring),
  };
}
