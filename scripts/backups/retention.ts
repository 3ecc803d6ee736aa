// Which backups a manifest's retention lets go. Pure: what refers to them is told.
import type { BackupSpec } from '../model/service.ts';

const DAY_MS = 86_400_000;

export interface Kept {
  stamp: string;
  /** Start, as in the record. */
  startedAt: string;
  /** Who needs it, in words; empty: nobody. */
  holders: readonly string[];
}

/**
 * @param backups of one service, in any order. The newest always stays, and so does what somebody needs; these count towards `keep`.
 * @returns those to remove, oldest first.
 */
export function expired<T extends Kept>(backups: readonly T[], retention: BackupSpec['retention'], now: Date): T[] {
  const newestFirst = backups.toSorted((a, b) => (a.stamp < b.stamp ? 1 : -1));
  const tooMany = (at: number) => 'keep' in retention && at >= retention.keep;
  const tooOld = ({ startedAt }: T) =>
    'days' in retention && now.getTime() - Date.parse(startedAt) > retention.days * DAY_MS;
  return newestFirst
    .filter((backup, at) => at > 0 && backup.holders.length === 0 && (tooMany(at) || tooOld(backup)))
    .toReversed();
}
