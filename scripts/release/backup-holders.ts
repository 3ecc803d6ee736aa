// Who needs which backup: releases that are open or may be reverted, unfinished restores, and holds by people.
import { holdOf } from '../backups/holds.ts';
import type { BackupRecord } from '../backups/kind.ts';
import { unfinishedRestore } from '../backups/restore-mark.ts';
import type { HostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { listReleases, type ReleaseEntry } from '../journal/records.ts';
import { isFinished } from '../plan/next.ts';

export type Holders = (backup: BackupRecord & { dir: string }) => string[];

const startOf = (entry: ReleaseEntry): string => entry.state?.timestamps.PREPARE_START ?? '';

/** Reads all records once. Where those of a ticket cannot be believed, everything that was taken for it is needed. */
export function openHolders(host: Host, paths: HostPaths): Holders {
  const entries = listReleases(host, paths, { archives: true });
  const unclear = new Set(
    entries
      .filter(({ state, verdict, broken }) => !state || verdict === 'unreadable' || verdict === 'edited' || broken)
      .map(({ ticket }) => ticket),
  );
  const inOrder = entries.toSorted((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
  return ({ service, stamp, ticket, dir }) => {
    const using = inOrder.filter(({ state }) => state?.backups[service] === stamp);
    const last = inOrder.findLast(({ state }) => state?.releaseStatus === 'released' && service in state.backups);
    const holders: string[] = [];
    for (const entry of using) {
      const { state } = entry;
      if (state === undefined) continue;
      if (!isFinished(state)) holders.push(`${entry.ticket} is ${state.releaseStatus}`);
      else if (entry === last) holders.push(`${entry.ticket} is the newest verified release of ${service}`);
      // The next release takes over what an abandoned one began.
      else if (
        state.releaseStatus === 'abandoned' &&
        state.mergeSha !== '' &&
        (!last || startOf(entry) > startOf(last))
      )
        holders.push(`${entry.ticket} was abandoned, and its backups are taken over`);
    }
    if (unclear.has(ticket)) holders.push(`the records of ${ticket} cannot be believed`);
    const restore = unfinishedRestore(host, paths.backups, service);
    if (restore !== undefined && [restore.stamp, restore.before].includes(stamp))
      holders.push('a restore is unfinished');
    const hold = holdOf(host, dir);
    if (hold !== undefined) holders.push(`held: ${hold}`);
    return holders;
  };
}
