// Whether a branch's work is in another one, in whichever way it got there.
import type { Commit } from '../../model/checkout.ts';
import { commitsBetween, isAncestor, mergeBase } from './commits.ts';
import { squashed } from './revert-commit.ts';
import { git, type Repository } from './run.ts';
import { diffTree } from './trees.ts';

export type Merged =
  | { how: 'merged' | 'squashed' | 'picked' | 'equal' }
  /** Not there. `commits` of the work that the branch lacks, newest first, capped. */
  | { how: 'no'; commits: Commit[]; count: number };

/**
 * By ancestry, by a commit with the patch of the whole range, by a commit for each of its patches, or by equal content of all
 * that it changed. @param ends.work tip of the work. @param ends.into tip of the branch.
 */
export async function howMerged(repo: Repository, { work, into }: { work: string; into: string }): Promise<Merged> {
  if (await isAncestor(repo, work, into)) return { how: 'merged' };
  const base = await mergeBase(repo, work, into);
  if (base !== undefined) {
    if (!(await lacks(repo, into, await squashed(repo, base, work)))) return { how: 'squashed' };
    const merges = await git(repo, ['rev-list', '--merges', '--count', '--end-of-options', `${into}..${work}`]);
    if (merges.trim() === '0' && !(await lacks(repo, into, work))) return { how: 'picked' };
    const apart = new Set((await diffTree(repo, work, into)).map(({ path }) => path));
    if (!(await diffTree(repo, base, work)).some(({ path }) => apart.has(path))) return { how: 'equal' };
  }
  return { how: 'no', ...(await commitsBetween(repo, into, work)) };
}

/** Whether a commit of `work` has no equal patch in `into`. */
async function lacks(repo: Repository, into: string, work: string): Promise<boolean> {
  const flags = ['--cherry-pick', '--right-only', '--no-merges', '--max-count=1'];
  return (await git(repo, ['rev-list', ...flags, '--end-of-options', `${into}...${work}`])).trim() !== '';
}
