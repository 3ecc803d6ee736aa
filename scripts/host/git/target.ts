// How a target lies to the live checkout: everything that decides whether the checkout can be moved to it.
import type { TargetFacts } from '../../model/checkout.ts';
import { collisions } from './collisions.ts';
import { commitsBetween, isAncestor, mergeBase } from './commits.ts';
import { git, type Repository } from './run.ts';

/** @param previous what origin's branch was before the fetch; tells rewritten history from commits that were made here. */
export async function targetFacts(
  repo: Repository,
  head: string,
  target: string,
  previous: string | undefined,
): Promise<TargetFacts> {
  const [fastForward, shallow] = await Promise.all([
    isAncestor(repo, head, target),
    git(repo, ['rev-parse', '--is-shallow-repository']),
  ]);
  const place = { root: repo.root, shallow: shallow.trim() === 'true' };
  if (fastForward) {
    const found = await collisions(repo, head, target);
    return {
      ...place,
      head,
      target,
      fastForward,
      rewritten: false,
      localCommits: [],
      localCount: 0,
      mergeBase: head,
      collisions: found,
    };
  }
  const [local, base, known] = await Promise.all([
    commitsBetween(repo, target, head),
    mergeBase(repo, head, target),
    previous === undefined ? false : isAncestor(repo, head, previous),
  ]);
  return {
    ...place,
    head,
    target,
    fastForward,
    rewritten: known,
    localCommits: local.commits,
    localCount: local.count,
    mergeBase: base,
    collisions: [],
  };
}
