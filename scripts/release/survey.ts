// What git says: where the checkout stands, what the target is, what lies between. Refuses before anything is changed.

import { isAncestor, readRef } from '../host/git/commits.ts';
import { fetchBranch } from '../host/git/fetch.ts';
import { checkMove } from '../host/git/move.ts';
import type { Repository } from '../host/git/run.ts';
import { targetFacts } from '../host/git/target.ts';
import { diffTree } from '../host/git/trees.ts';
import { workingTree } from '../host/git/working-tree.ts';
import type { ChangedPath, WorkingTree } from '../model/checkout.ts';
import { ReleaseError } from '../model/error.ts';
import { leavingNotice } from '../plan/hotfix.ts';
import { checkCheckout, checkChoice, checkTarget, throwAll } from '../plan/preflight.ts';
import { checkReverted } from '../plan/reverted.ts';
import type { Context } from './context.ts';
import { DEPLOYED_REF } from './deployed-ref.ts';
import { cutOffReturn } from './return-intent.ts';
import { revertedReleases } from './reverted.ts';

export interface Survey {
  headSha: string;
  baseSha: string;
  targetSha: string;
  /** The one that is released. */
  branch: string;
  changes: ChangedPath[];
  notices: string[];
}

export interface SurveyOptions {
  /** As it was asked for. */
  branch: string | undefined;
  allowNonMain: boolean;
  anyCheckout: boolean;
  /** Reverted tickets that may come back. */
  ackReverted?: readonly string[];
  /** Services were asked for by name: an empty difference is fine. */
  asked: boolean;
  /** Taken over from an abandoned release. */
  baseSha?: string;
  /** Instead of fetching: compare with this commit. */
  targetSha?: string;
  /** With a store, nothing of the repository is written. */
  repo: Repository;
}

/** @throws refused for everything that stands in the way, nothing where the target is deployed already. */
export async function survey(context: Context, options: SurveyOptions): Promise<Survey> {
  const { repo } = options;
  const [tree, deployed] = await Promise.all([workingTree(repo), readRef(repo, DEPLOYED_REF)]);
  const configured = context.config.branch;
  const checkedOut = options.allowNonMain && !options.anyCheckout ? tree.branch : undefined;
  const branch = options.branch ?? checkedOut ?? configured;
  // Advance checks a hotfix's branch out. Back to the configured one leads only a check that the fix is in it.
  const leaves = options.allowNonMain && branch !== configured && options.targetSha === undefined;
  throwAll([
    ...cutOffReturn(context),
    ...(options.allowNonMain ? [] : checkChoice(branch, configured)),
    ...checkCheckout(tree, { branch, allowNonMain: options.anyCheckout || leaves }),
  ]);
  const fetched = options.targetSha === undefined ? await fetchBranch(repo, branch) : undefined;
  const targetSha = options.targetSha ?? fetched?.sha ?? '';
  const baseSha = options.baseSha ?? deployed ?? tree.head;
  const compared = compare(repo, baseSha, targetSha);
  // Awaited below; what goes wrong until then is said first.
  compared.catch(() => undefined);
  throwAll(checkTarget(await targetFacts(repo, tree.head, targetSha, fetched?.previous), { branch }));
  const reverted = await revertedReleases(context, repo, { target: targetSha, deployed: deployed ?? tree.head });
  throwAll(checkReverted(reverted, new Set(options.ackReverted)));
  const notices = [...context.notices, ...repositoryNotices(tree)];
  if (!options.anyCheckout && tree.branch !== undefined && tree.branch !== branch) {
    await checkMove(repo, { from: { branch: tree.branch, sha: tree.head }, to: { branch, sha: targetSha } });
    notices.push(leavingNotice(tree.branch, tree.head, branch));
  }
  if (deployed === undefined)
    notices.push(
      'Nothing is marked as deployed yet: the checkout as it stands is taken for it. `just release-adopt` checks that it is.',
    );
  if (tree.head !== baseSha && options.baseSha === undefined)
    notices.push(
      `The checkout was moved by hand from ${baseSha.slice(0, 12)} to ${tree.head.slice(0, 12)}; what lies between is released, too.`,
    );
  const { contained, changes } = await compared;
  if (!options.asked && contained) throw alreadyDeployed(targetSha, baseSha);
  return { headSha: tree.head, baseSha, targetSha, branch, changes, notices };
}

async function compare(
  repo: Repository,
  base: string,
  target: string,
): Promise<{ contained: boolean; changes: ChangedPath[] }> {
  const [contained, changes] = await Promise.all([
    target === base || isAncestor(repo, target, base),
    diffTree(repo, base, target),
  ]);
  return { contained, changes };
}

/** What git does differently here than an operator may think. */
function repositoryNotices({ lfs, submodules, shallow }: WorkingTree): string[] {
  return [
    ...(lfs
      ? ['Files of this repository go through git-lfs: without git-lfs on this host, a release moves pointers to them.']
      : []),
    ...(submodules
      ? ['This repository has submodules: a release does not move them. By hand: git submodule update --init']
      : []),
    ...(shallow
      ? ['This is a shallow clone: commits beyond its depth are not known here. git fetch --unshallow origin']
      : []),
  ];
}

function alreadyDeployed(target: string, base: string): ReleaseError {
  return new ReleaseError('nothing', {
    what:
      target === base
        ? `Nothing to release: ${target.slice(0, 12)} is deployed already`
        : `Nothing to release: ${base.slice(0, 12)}, which is deployed, contains ${target.slice(0, 12)}`,
    hint: 'Push the commit that is to be released, or name services that shall be started anew: --services=NAME',
  });
}
