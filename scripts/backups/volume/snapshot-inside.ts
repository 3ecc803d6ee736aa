// A snapshot back into a volume whose folder is a mount point: the same steps as beside it, in folders of their own inside of it.
import { join } from 'node:path';
import type { BackupContext, Restoring } from '../kind.ts';
import { copyChanged, mendShared, putTogether } from '../snapshot/stage.ts';
import { flushFileSystem, orFull } from '../staging.ts';
import { runInside } from './inside.ts';

const namesIn = (folder: string, stamp: string) => {
  const fresh = join(folder, `.asd-new-${stamp}`);
  return { fresh, making: `${fresh}.partial`, changed: `${fresh}.changed`, old: join(folder, `.asd-old-${stamp}`) };
};

/** What was live, or is on its way there or back. */
const aside = ({ old }: { old: string }): string[] => [old, `${old}.partial`];

/** @throws step-failed; what was copied is gone then. */
export async function stageSnapshotInside(context: BackupContext, restoring: Restoring, folder: string): Promise<void> {
  const { files } = context.host;
  const at = namesIn(folder, restoring.stamp);
  if ([at.changed, ...aside(at)].some((path) => files.stat(path) !== undefined)) return;
  // Of a killed undo: a service may have written to it.
  files.remove(at.fresh);
  try {
    await runInside(context, restoring, { folder }, 'clear');
    await copyChanged(context, restoring, folder, at.making);
    await flushFileSystem(context, folder);
    files.rename(at.making, at.changed);
    files.sync(folder);
  } catch (error) {
    await runInside(context, restoring, { folder }, 'undo');
    throw orFull(error, folder, folder);
  }
}

/** Before the first move only: from then on, what is put together is all there is. */
export async function swapSnapshotInside(context: BackupContext, restoring: Restoring, folder: string): Promise<void> {
  const { files } = context.host;
  const at = namesIn(folder, restoring.stamp);
  const begun = aside(at).some((path) => files.stat(path) !== undefined);
  if (!begun && files.stat(at.changed) !== undefined) {
    files.remove(at.fresh);
    await runInside(context, restoring, { folder }, 'clear');
    try {
      await putTogether(context, restoring, folder, at.changed, at.making);
    } catch (error) {
      files.remove(at.making);
      throw orFull(error, folder, folder);
    }
    await runInside(context, restoring, { folder }, 'staged');
  }
  await runInside(context, restoring, { folder }, 'swap');
}

/** See Restorer.undo. */
export async function undoSnapshotInside(context: BackupContext, restoring: Restoring, folder: string): Promise<void> {
  const { old } = namesIn(folder, restoring.stamp);
  if (context.host.files.stat(old) !== undefined) await mendShared(context, restoring, old);
  await runInside(context, restoring, { folder }, 'undo');
}
