// Hotfixes: what is told when a host leaves its branch, cannot return to it, and has returned.
import type { Commit } from '../model/checkout.ts';
import type { ErrorFacts } from '../model/error.ts';
import { pullRequestCommand } from './revert-words.ts';

const SHOWN = 20;

/** A notice of the plan. @param at where the branch that is left stands, and stays. */
export const leavingNotice = (leaves: string, at: string, branch: string): string =>
  `The checkout goes from ${leaves} to ${branch}; ${leaves} stays at ${at.slice(0, 12)}. When ${branch} is merged: just release-return-to-main`;

/** The way out where a fix is not in the branch that is to be returned to. */
export function notMerged(facts: {
  branch: string;
  home: string;
  head: string;
  commits: readonly Commit[];
  count: number;
  remote: string;
}): ErrorFacts {
  const { branch, home, commits, count, remote } = facts;
  return {
    what: `${branch} is not in origin/${home}: returning would take the fix off this host`,
    details: [
      ...commits.slice(0, SHOWN).map((commit) => `${commit.sha.slice(0, 10)} ${commit.subject}`),
      ...(count > Math.min(commits.length, SHOWN) ? [`and ${count - Math.min(commits.length, SHOWN)} more`] : []),
    ],
    hint: [
      `Merge it into ${home}, then return:`,
      `git push origin ${facts.head}:refs/heads/${branch}`,
      pullRequestCommand({ remote, branch, into: home }),
      'Or take the hotfix back, which returns as well: just release-revert TICKET',
    ],
  };
}

/** @param facts.pending services that differ between what is deployed and the commit. */
export function returnedLines(facts: {
  home: string;
  sha: string;
  deployed: string | undefined;
  pending: readonly string[];
}): string[] {
  const { home, sha, deployed, pending } = facts;
  const lines = [`The checkout is on ${home} at ${sha.slice(0, 12)}. No service was touched.`];
  if (deployed === undefined) return [...lines, 'Nothing is marked as deployed on this host: just release-adopt'];
  if (pending.length === 0) return [...lines, `${home} has no service that differs from what is deployed.`];
  return [
    ...lines,
    `${home} has what is not deployed yet: ${pending.join(', ')}. Next: just release-check, then just release-run TICKET`,
  ];
}
