// Backups beyond their retention go once a release is final. What cannot be removed is said, and changes nothing of the release.
import { messageOf } from '../model/error.ts';
import type { Context } from './context.ts';
import { pruneBackups } from './prune-backups.ts';

export async function pruneAfterwards(context: Context, say: (line: string) => void): Promise<void> {
  try {
    const { removed } = await pruneBackups(context);
    if (removed.length > 0) say(`Retention: ${removed.length} old backup${removed.length === 1 ? '' : 's'} removed.`);
  } catch (error) {
    say(`Notice: old backups were not removed: ${messageOf(error)}`);
  }
}
