// The receipt of release-adopt, and the newest receipt that speaks of each service.
import { join } from 'node:path';
import type { HostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import type { ServiceReceipt } from '../model/receipt.ts';
import { readReceipt } from './receipt.ts';
import { listReleases } from './records.ts';

export const baselinePath = (paths: HostPaths): string => join(paths.workspace, 'baseline.receipt.json');

/** Service -> what the last finished release (or the baseline) recorded of it. */
export function lastReceipts(host: Host, paths: HostPaths): Map<string, ServiceReceipt> {
  const found = new Map<string, ServiceReceipt>(Object.entries(readReceipt(host, baselinePath(paths))?.services ?? {}));
  const released = listReleases(host, paths, { archives: true })
    .filter((entry) => entry.state?.releaseStatus === 'released')
    .toSorted((a, b) => ((a.state?.timestamps.VERIFY_DONE ?? '') < (b.state?.timestamps.VERIFY_DONE ?? '') ? -1 : 1));
  for (const entry of released) {
    for (const [name, receipt] of Object.entries(readReceipt(host, entry.files.receipt)?.services ?? {}))
      found.set(name, receipt);
  }
  return found;
}
