// A change that was reverted on this host must not come back unnoticed with the next target.
import type { ErrorFacts } from '../model/error.ts';

/** A reverted release, as the target that is to be released sees it. */
export interface RevertedRelease {
  ticket: string;
  mergeSha: string;
  /** The target contains MERGE_SHA. */
  inTarget: boolean;
  /** What is deployed contains it: it came back on purpose, or its revert is deployed. */
  inDeployed: boolean;
  /** The target also contains a revert of it. */
  landed: boolean;
}

/** @param acknowledged tickets of --ack-reverted. @returns a problem for each release that would come back. */
export function checkReverted(found: readonly RevertedRelease[], acknowledged: ReadonlySet<string>): ErrorFacts[] {
  return found
    .filter((it) => it.inTarget && !it.inDeployed && !it.landed && !acknowledged.has(it.ticket))
    .map(({ ticket, mergeSha }) => ({
      what: `The target would bring ${ticket} back: it was reverted on this host, and its revert is not on origin`,
      details: [`MERGE_SHA of ${ticket}: ${mergeSha}`],
      hint: [
        `${`just release-revert ${ticket}`.padEnd(44)}# bring the revert to origin`,
        `${`--ack-reverted=${ticket}`.padEnd(44)}# release it again all the same`,
      ],
    }));
}
