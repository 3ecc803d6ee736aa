// The move that a release makes: forward on the branch that is checked out, or to the branch that is released (a hotfix).
import { refused } from '../../model/error.ts';
import { advance, look, type Move } from './advance.ts';
import { isAncestor } from './commits.ts';
import { moveCheckout } from './move.ts';
import { recoverAdvance, recoverMove } from './recover.ts';
import type { Repository } from './run.ts';

/**
 * Takes the checkout forward to exactly one commit, on that branch. The branch that was checked out stays where it is. There already: nothing is done.
 * @param options.again an earlier try was cut off, and no process of it is alive: what it left is completed.
 * @throws refused where the commit does not follow HEAD, or HEAD, branches or tree are not as planned; step-failed.
 */
export async function checkoutBranch(
  repo: Repository,
  move: Move & { branch: string },
  options: { again?: boolean } = {},
): Promise<void> {
  const now = await look(repo);
  if (now.branch === undefined || now.branch === move.branch) {
    if (options.again) await recoverAdvance(repo, move);
    await advance(repo, move);
    return;
  }
  if (!(await isAncestor(repo, move.from, move.to))) {
    throw refused({ what: `${move.to} of ${move.branch} does not contain HEAD ${move.from}`, where: repo.root });
  }
  const passage = { from: { branch: now.branch, sha: move.from }, to: { branch: move.branch, sha: move.to } };
  if (options.again) await recoverMove(repo, passage);
  await moveCheckout(repo, passage);
}
