// Tries the revert of a release on what origin has now. Nothing live is touched; the commit is in no branch.
import type { Commit } from '../../model/checkout.ts';
import { type ErrorFacts, ReleaseError } from '../../model/error.ts';
import { commitsBetween, isAncestor, resolveCommit } from './commits.ts';
import { fetchBranch } from './fetch.ts';
import { type Change, makeRevert } from './revert-commit.ts';
import { equalsBase, touchedPaths } from './revert-landed.ts';
import type { Repository } from './run.ts';

export interface RevertSpec extends Change {
  /** Origin's branch that the release came from. */
  branch: string;
  /** A folder of ours that does not outlive the call. */
  folder: string;
}

export interface RevertTry {
  /** The revert on top of originSha; undefined where there is none to be pushed, or it conflicts. */
  revertSha: string | undefined;
  /** Paths in which newer commits and the revert are at odds. */
  conflicts: string[];
  /** Commits on origin beyond MERGE_SHA, newest first, capped; `newerCount` is all of them. */
  newer: Commit[];
  newerCount: number;
  /** What the release touched is, after the revert, as at BASE_SHA. False where newer commits touched it, too. */
  treeEqualsBase: boolean;
  originSha: string;
  /** MERGE_SHA is in origin's branch. False for a branch of its own, and where history was rewritten. */
  contained: boolean;
  /** Origin has nothing left to revert. */
  landed: boolean;
  /** Why origin could not be asked: originSha is what was known of it then. */
  unreachable?: ErrorFacts;
}

/** @param options.timeoutMs of the fetch. @throws refused where git cannot tell. A remote that is down is an answer, not an error. */
export async function tryRevert(
  repo: Repository,
  spec: RevertSpec,
  options: { timeoutMs?: number } = {},
): Promise<RevertTry> {
  const { sha, unreachable } = await originNow(repo, spec, options);
  return { ...(await revertOnto(repo, spec, sha)), ...(unreachable === undefined ? {} : { unreachable }) };
}

/** As tryRevert, on a commit that is known. */
export async function revertOnto(repo: Repository, spec: RevertSpec, originSha: string): Promise<RevertTry> {
  const [contained, touched] = await Promise.all([
    isAncestor(repo, spec.mergeSha, originSha),
    touchedPaths(repo, spec),
  ]);
  const newer = contained ? await commitsBetween(repo, spec.mergeSha, originSha) : { commits: [], count: 0 };
  const base = {
    revertSha: undefined,
    conflicts: [],
    newer: newer.commits,
    newerCount: newer.count,
    originSha,
    contained,
    landed: true,
  };
  const gone = await equalsBase(repo, spec.baseSha, touched, originSha);
  if (!contained || gone) return { ...base, treeEqualsBase: gone };
  const made = await makeRevert(repo, spec, originSha, spec.folder);
  if (made.kind === 'empty') return { ...base, treeEqualsBase: false };
  if (made.kind === 'conflicts') return { ...base, landed: false, conflicts: made.paths, treeEqualsBase: false };
  const treeEqualsBase = await equalsBase(repo, spec.baseSha, touched, made.sha);
  return { ...base, landed: false, revertSha: made.sha, treeEqualsBase };
}

async function originNow(
  repo: Repository,
  { branch, mergeSha }: RevertSpec,
  options: { timeoutMs?: number },
): Promise<{ sha: string; unreachable?: ErrorFacts }> {
  try {
    return { sha: (await fetchBranch(repo, branch, options)).sha };
  } catch (error) {
    if (!(error instanceof ReleaseError) || error.kind !== 'refused') throw error;
    const known = await resolveCommit(repo, `refs/remotes/origin/${branch}`);
    return { sha: known ?? mergeSha, unreachable: error.facts };
  }
}
