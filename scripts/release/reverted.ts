// Releases that were reverted on this host, as a target sees them.
import { isAncestor, resolveCommit } from '../host/git/commits.ts';
import { revertLanded } from '../host/git/revert-landed.ts';
import type { Repository } from '../host/git/run.ts';
import { listReleases } from '../journal/records.ts';
import type { RevertedRelease } from '../plan/reverted.ts';
import type { Context } from './context.ts';

/** @param repo that the target is in. @param at.deployed what is deployed now. */
export async function revertedReleases(
  context: Context,
  repo: Repository,
  at: { target: string; deployed: string },
): Promise<RevertedRelease[]> {
  const found = new Map<string, RevertedRelease>();
  for (const { ticket, state } of listReleases(context.host, context.paths, { archives: true })) {
    if (state?.releaseStatus !== 'reverted' || state.mergeSha === '' || state.mergeSha === state.baseSha) continue;
    const { baseSha, mergeSha } = state;
    // One that git forgot is in no target.
    if (found.has(mergeSha) || (await resolveCommit(repo, mergeSha)) === undefined) continue;
    const inTarget = await isAncestor(repo, mergeSha, at.target);
    const inDeployed = inTarget && (await isAncestor(repo, mergeSha, at.deployed));
    const landed = inTarget && !inDeployed && (await revertLanded(repo, { baseSha, mergeSha, tip: at.target }));
    found.set(mergeSha, { ticket, mergeSha, inTarget, inDeployed, landed });
  }
  return [...found.values()];
}
