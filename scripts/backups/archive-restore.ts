// An archive back to where it came from: unpacked beside the live folder or file, compared with the archive, swapped by renaming.
import { basename, dirname, join } from 'node:path';
import { stepFailed } from '../model/error.ts';
import { checkPipe, DECOMPRESS, TAR_COMPARES, TAR_READS, toolOptions } from './archive.ts';
import { clear, isStaged, markStaged, type Siblings, settleSwap, siblings, swapIn, undoSwap } from './beside.ts';
import type { BackupContext, BackupFile, Restorer, Restoring } from './kind.ts';
import { flushFileSystem, orFull } from './staging.ts';
import { checkSums } from './sums.ts';

/** The one archive of an item. @throws step-failed where there is none. */
export function archiveOf({ item, files, folder }: Restoring): BackupFile {
  const [file] = files;
  if (file !== undefined) return file;
  throw stepFailed({ what: `${item.describes} has no archive`, where: folder });
}

export const archiveSpace = (path: string, files: readonly BackupFile[]): { path: string; bytes: number } => ({
  path,
  bytes: files.reduce((sum, file) => sum + Number(file.facts.tarBytes ?? file.bytes), 0),
});

/** @param target where the content belongs, absolute. @throws step-failed, with nothing left of the attempt. */
async function stage(context: BackupContext, restoring: Restoring, target: string): Promise<void> {
  const { files, exec } = context.host;
  const at = siblings(target, restoring.stamp);
  if (isStaged(files, at)) return;
  clear(files, at);
  const file = archiveOf(restoring);
  await checkSums(context, restoring.folder, [file]);
  const read = { ...toolOptions(context), fromFile: join(restoring.folder, file.file) };
  try {
    files.mkdir(at.making);
    const unpacked = await exec.pipe([DECOMPRESS, [...TAR_READS, `--directory=${at.making}`]], read);
    checkPipe(unpacked, `unpacking ${restoring.item.describes}`, at.making);
    const compared = await exec.pipe([DECOMPRESS, [...TAR_COMPARES, `--directory=${at.making}`]], read);
    checkPipe(compared, `comparing what was unpacked of ${restoring.item.describes}`, at.making);
    await flushFileSystem(context, at.making);
    markStaged(files, at, file.facts.what === 'folder' ? at.making : join(at.making, basename(target)));
  } catch (error) {
    clear(files, at);
    throw orFull(error, dirname(target), target);
  }
}

/** @param targetOf where the item belongs now. @throws refused where it may not be written any more. */
export function archiveRestorer(targetOf: (context: BackupContext, restoring: Restoring) => string): Restorer {
  const at = (context: BackupContext, restoring: Restoring): Siblings =>
    siblings(targetOf(context, restoring), restoring.stamp);
  return {
    swaps: 'stopped',
    space: (context, restoring) => archiveSpace(dirname(targetOf(context, restoring)), restoring.files),
    stage: (context, restoring) => stage(context, restoring, targetOf(context, restoring)),
    swap: async (context, restoring) => swapIn(context.host.files, at(context, restoring)),
    settle: async (context, restoring) => settleSwap(context.host.files, at(context, restoring)),
    undo: async (context, restoring) => undoSwap(context.host.files, at(context, restoring)),
  };
}
