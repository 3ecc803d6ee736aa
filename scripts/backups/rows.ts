// Rows of a service's databases, as a backup has them and as they are now.
import { join } from 'node:path';
import type { BackupContext } from './kind.ts';
import { readRecord } from './record.ts';
import { kindOf } from './registry.ts';
import { workFolder } from './restore-mark.ts';
import { type Loss, rowsDiffering } from './restore-plan.ts';

/** Only where no restore of the service is unfinished. @param dir the root of the backups. @throws refused or step-failed where they cannot be counted. */
export async function rowsSince(context: BackupContext, dir: string, stamp: string): Promise<Loss['rows']> {
  const { files } = context.host;
  const folder = join(dir, context.service.name, stamp);
  const work = workFolder(dir, context.service.name, stamp);
  files.mkdir(work);
  try {
    const rows: Loss['rows'] = [];
    for (const { item, files: saved } of readRecord(context.host, folder).items) {
      if (item.kind !== 'database') continue;
      const now = await kindOf(item, item.name).restore.rowsNow?.(context, { item, files: saved, folder, stamp, work });
      if (now !== undefined) rows.push(...rowsDiffering(item.name, saved, now));
    }
    return rows;
  } finally {
    files.remove(work);
  }
}
