// Checksums: of files on disk against what was written, and SHA256SUMS for people.
import { join } from 'node:path';
import type { Host } from '../host/port.ts';
import { stepFailed } from '../model/error.ts';
import type { BackupFile } from './kind.ts';

/** @throws step-failed for the first file that is missing, has another size or another checksum. */
export async function checkSums(context: { host: Host }, folder: string, files: readonly BackupFile[]): Promise<void> {
  for (const { file, bytes, sha256 } of files) {
    const path = join(folder, file);
    const stat = context.host.files.stat(path);
    if (stat?.kind !== 'file') throw damaged(path, 'is not there');
    if (stat.size !== bytes) throw damaged(path, `has ${stat.size} bytes, not the ${bytes} that were written`);
    if ((await context.host.files.sha256(path)) !== sha256)
      throw damaged(path, 'is not what was written: its checksum differs');
  }
}

const damaged = (path: string, how: string) =>
  stepFailed({
    what: `the backup file ${path} ${how}`,
    hint: 'Do not restore from it; use another copy, and check the disk.',
  });

/** In the form that `sha256sum -c` reads. File names of backups hold no newline and no backslash. */
export const sumsText = (files: readonly BackupFile[]): string =>
  files.map(({ file, sha256 }) => `${sha256}  ${file}\n`).join('');
