// What git says: where the checkout stands, what the target is, what lies between. Refuses before anything is changed.

import { isAncestor, readRef } from '../host/git/commits.ts';
import { fetchBranch } from '../host/git/fetch.ts';
import type { Repository } from '../host/git/run.ts';
import { targetFacts } from '../host/git/target.ts';
import { diffTree } from '../host/git/trees.ts';
import { workingTree } from '../host/git/working-tree.ts';
import type { ChangedPath } from '../model/checkout.ts';
import { ReleaseError } from '../model/error.ts';
import { checkCheckout, checkTarget, throwAll } from '../plan/preflight.ts';
import type { Context } from './context.ts';

export const DEPLOYED_REF = 'refs/asd/deployed';

export interface Survey {
  headSha: string;
  baseSha: string;
  targetSha: string;
  changes: ChangedPath[];
  notices: string[];
}

export interface SurveyOptions {
  branch: string;
  allowNonMain: boolean;
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
  const tree = await workingTree(repo);
  throwAll(checkCheckout(tree, { branch: options.branch, allowNonMain: options.allowNonMain }));
  const fetched = options.targetSha === undefined ? await fetchBranch(repo, options.branch) : undefined;
  const targetSha = options.targetSha ?? fetched?.sha ?? '';
  const [deployed, facts] = await Promise.all([
    readRef(repo, DEPLOYED_REF),
    targetFacts(repo, tree.head, targetSha, fetched?.previous),
  ]);
  throwAll(checkTarget(facts, { branch: options.branch }));
  const baseSha = options.baseSha ?? deployed ?? tree.head;
  const notices = [...context.notices];
  if (deployed === undefined)
    notices.push(
      'Nothing is marked as deployed yet: the checkout as it stands is taken for it. `just release-adopt` checks that it is.',
    );
  if (tree.head !== baseSha && options.baseSha === undefined)
    notices.push(
      `The checkout was moved by hand from ${baseSha.slice(0, 12)} to ${tree.head.slice(0, 12)}; what lies between is released, too.`,
    );
  if (!options.asked && targetSha !== baseSha && (await isAncestor(repo, targetSha, baseSha)))
    throw alreadyDeployed(targetSha, baseSha);
  if (!options.asked && targetSha === baseSha) throw alreadyDeployed(targetSha, baseSha);
  return { headSha: tree.head, baseSha, targetSha, changes: await diffTree(repo, baseSha, targetSha), notices };
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
