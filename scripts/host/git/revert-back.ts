// The live checkout at a revert: back to BASE_SHA, and on to the revert commit where that changes no file.
import type { Passage, Place } from '../../model/checkout.ts';
import { stepFailed } from '../../model/error.ts';
import { look } from './advance.ts';
import { isAncestor, resolveCommit } from './commits.ts';
import { checkMove, moveCheckout } from './move.ts';
import { recoverMove } from './recover.ts';
import type { Repository } from './run.ts';
import { diffTree } from './trees.ts';

export interface Back {
  /** MERGE_SHA: where the release left HEAD. */
  from: string;
  /** BASE_SHA. */
  to: string;
  /** The branch that was released. */
  branch: string;
  /** The configured branch, which a hotfix returns to; default: the same. */
  home?: string;
}

/**
 * Where going back leads. The branch that the next release fast-forwards must not be left on a commit that origin's lacks:
 * a BASE_SHA that came from a hotfix goes on a branch of its own.
 */
export async function passageBack(repo: Repository, { from, to, branch, home = branch }: Back): Promise<Passage> {
  const start = { branch, sha: from };
  const follows = await isAncestor(repo, to, from);
  if (branch === home && follows) return { from: start, to: { branch, sha: to } };
  if (branch !== home) {
    for (const ref of [`refs/remotes/origin/${home}`, `refs/heads/${home}`]) {
      const sha = await resolveCommit(repo, ref);
      if (sha !== undefined && (await isAncestor(repo, to, sha))) return { from: start, to: { branch: home, sha: to } };
    }
    if (follows) return { from: start, to: { branch, sha: to } };
  }
  return { from: start, to: { branch: `asd-base/${to.slice(0, 12)}`, sha: to } };
}

/** Everything that could keep the checkout from going back, before anything is touched. @throws refused. */
export async function checkGoBack(repo: Repository, back: Back): Promise<Passage> {
  const passage = await passageBack(repo, back);
  await checkMove(repo, passage);
  return passage;
}

/**
 * Takes the checkout back to BASE_SHA; untracked and ignored files stay. There already: nothing is done.
 * @param options.again an earlier try was cut off, and no process of it is alive: what it left is completed.
 * @returns where the checkout is now. @throws refused where tracked files were changed by hand, or HEAD was moved; step-failed.
 */
export async function goBack(repo: Repository, back: Back, options: { again?: boolean } = {}): Promise<Place> {
  const passage = await passageBack(repo, back);
  if (options.again) await recoverMove(repo, passage);
  await moveCheckout(repo, passage);
  return passage.to;
}

/**
 * Goes on from BASE_SHA to the revert (or whatever origin has with it), if that changes no file: nothing newer is on origin then.
 * @param on.from BASE_SHA. @param on.branch the one to be on. @returns whether the checkout is there.
 */
export async function goOn(
  repo: Repository,
  on: { from: string; to: string; branch: string },
  options: { again?: boolean } = {},
): Promise<'there' | 'newer'> {
  if ((await diffTree(repo, on.from, on.to)).length > 0) return 'newer';
  const now = await look(repo);
  if (now.branch === undefined)
    throw stepFailed({ what: 'HEAD is detached', where: repo.root, hint: `git switch ${on.branch}` });
  const passage = { from: { branch: now.branch, sha: on.from }, to: { branch: on.branch, sha: on.to } };
  if (options.again) await recoverMove(repo, passage);
  await moveCheckout(repo, passage);
  return 'there';
}
