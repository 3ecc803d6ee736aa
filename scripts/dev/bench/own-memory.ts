// The memory of this very process. What wait4 says of a child is at least what its parent had when it forked.
import { readFileSync } from 'node:fs';

/** The largest resident set so far, in MB. */
export function ownPeakMb(): number {
  const peakKb = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  return (Number(peakKb ?? Number.NaN) * 1024) / 1e6;
}
