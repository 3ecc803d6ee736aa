// What every staging beside the live data needs: the way to the disk, and the sentence for a disk that is full.
import { ReleaseError, stepFailed } from '../model/error.ts';
import { toolOptions } from './archive.ts';
import type { BackupContext } from './kind.ts';

const FULL = /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/;

/** Everything on the file system of the path to the disk, in one call however many files there are. @throws step-failed. */
export async function flushFileSystem(context: BackupContext, path: string): Promise<void> {
  const result = await context.host.exec.run(['sync', '--file-system', path], toolOptions(context));
  if (result.code === 0) return;
  throw stepFailed({ what: `what was restored could not be written to the disk`, where: path, details: result.tail });
}

/** The error as it is, or, where it came of a full disk, one that says so. @param where the folder that takes the copy. */
export function orFull(error: unknown, where: string, live: string): unknown {
  const said = error instanceof ReleaseError ? [error.message, ...(error.facts.details ?? [])] : [String(error)];
  if (!said.some((line) => FULL.test(line))) return error;
  return stepFailed(
    {
      what: `the disk is full: what is to be restored does not fit beside ${live}, which is as it was`,
      where,
      details: said,
      hint: 'Make room there (old backups: just release-backup-prune), then restore again.',
    },
    error,
  );
}
