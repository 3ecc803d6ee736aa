// What of a checkout forbids a release: every problem at once, each with what to do.
import type { Operation, TargetFacts, WorkingTree } from '../model/checkout.ts';
import { type ErrorFacts, refused } from '../model/error.ts';

const SHOWN = 20;

/** The command that gives each up. */
export const UNDO: Record<Operation, string> = {
  merge: 'git merge --abort',
  rebase: 'git rebase --abort',
  'cherry-pick': 'git cherry-pick --abort',
  revert: 'git revert --abort',
  bisect: 'git bisect reset',
};

/** @returns an empty list where the branch is the one that this host releases. */
export function checkChoice(branch: string, configured: string): ErrorFacts[] {
  if (branch === configured) return [];
  return [
    {
      what: `${branch} is not the branch that this host releases, which is ${configured}`,
      where: '.asd/release.yaml: branch',
      hint: 'To release it all the same: --force-allow-non-main',
    },
  ];
}

/** @param wanted.branch the one that is released from. @param wanted.allowNonMain whatever is checked out. @returns an empty list where nothing forbids it. */
export function checkCheckout(tree: WorkingTree, wanted: { branch: string; allowNonMain: boolean }): ErrorFacts[] {
  const where = tree.root;
  const problems: ErrorFacts[] = [];
  if (tree.inProgress !== undefined) {
    problems.push({
      what: `A ${tree.inProgress} is in progress in the checkout`,
      where,
      hint: `Finish it, or give it up: ${UNDO[tree.inProgress]}`,
    });
  }
  if (tree.dirty.length > 0) {
    problems.push({
      what: `${tree.dirty.length} tracked ${tree.dirty.length === 1 ? 'file differs' : 'files differ'} from the commit`,
      where,
      details: shown(tree.dirty.map((entry) => `${entry.status} ${quoted(entry.path)}`)),
      hint: [
        'Look at the changes, then commit them elsewhere or drop them:',
        'git diff HEAD',
        'git checkout HEAD -- PATH',
      ],
    });
  }
  if (tree.branch === undefined) {
    problems.push({ what: 'HEAD is detached: no branch is checked out', where, hint: `git switch ${wanted.branch}` });
  } else if (tree.branch !== wanted.branch && !wanted.allowNonMain) {
    problems.push({
      what: `The checkout is on branch ${tree.branch}, not on ${wanted.branch}`,
      where,
      hint: [
        `After a hotfix that was merged: just release-return-to-main. Else: git switch ${wanted.branch}`,
        `To release ${tree.branch} itself: just release-run TICKET ${tree.branch} --force-allow-non-main`,
      ],
    });
  }
  if (tree.indexLock) {
    problems.push({
      what: 'Another git is at work in the checkout, or one died there: .git/index.lock exists',
      where,
      hint: 'See that no git runs (ps -C git -o pid,user,args), then remove the file by hand.',
    });
  }
  if (!tree.identity) {
    problems.push({
      what: 'git has no identity here: user.name and user.email are not configured',
      where,
      hint: ['git config user.name "This host"', 'git config user.email host@example.org'],
    });
  }
  if (tree.remote === undefined) {
    problems.push({ what: 'The checkout has no remote called origin', where, hint: 'git remote add origin URL' });
  }
  return problems;
}

/** @param wanted.branch the one that was fetched. @returns an empty list where the checkout can be moved to the target. */
export function checkTarget(facts: TargetFacts, wanted: { branch: string }): ErrorFacts[] {
  if (!facts.fastForward) return [apart(facts, wanted.branch)];
  const untracked = facts.collisions.filter((one) => one.why === 'untracked').map((one) => quoted(one.path));
  const hidden = facts.collisions.filter((one) => one.why === 'hidden').map((one) => quoted(one.path));
  const problems: ErrorFacts[] = [];
  if (untracked.length > 0) {
    problems.push({
      what: `The target would overwrite ${untracked.length} ${untracked.length === 1 ? 'path' : 'paths'} that git does not keep (untracked or ignored)`,
      where: facts.root,
      details: shown(untracked),
      hint: 'Move them away (or take them out of the target), then try again.',
    });
  }
  if (hidden.length > 0) {
    problems.push({
      what: `The target changes ${hidden.length} ${hidden.length === 1 ? 'path' : 'paths'} that git was told to overlook here`,
      where: facts.root,
      details: shown(hidden),
      hint: [
        'Let git see them again, then keep or drop what was changed:',
        'git update-index --no-skip-worktree --no-assume-unchanged PATH',
      ],
    });
  }
  return problems;
}

/** Tells all problems at once. @throws refused where there is one. */
export function throwAll(problems: readonly ErrorFacts[]): void {
  const [first, ...others] = problems;
  if (first === undefined) return;
  if (others.length === 0) throw refused(first);
  throw refused({
    what: `${problems.length} things stand in the way of a release`,
    ...(first.where === undefined ? {} : { where: first.where }),
    details: problems.flatMap((problem, at) => [
      `${at + 1}. ${problem.what}`,
      ...(problem.details ?? []).map((line) => `   ${line}`),
      ...[problem.hint ?? []].flat().map((line) => `   -> ${line}`),
    ]),
  });
}

function apart(facts: TargetFacts, branch: string): ErrorFacts {
  const details = shown(
    facts.localCommits.map((commit) => `${commit.sha.slice(0, 10)} ${commit.subject}`),
    facts.localCount,
  );
  const where = facts.root;
  if (facts.shallow && facts.mergeBase === undefined) {
    return {
      what: `This is a shallow clone: it cannot be told whether origin/${branch} follows HEAD`,
      where,
      hint: 'git fetch --unshallow origin',
    };
  }
  if (facts.rewritten) {
    return {
      what: `The history of origin/${branch} was rewritten (force-push): it no longer contains HEAD ${facts.head.slice(0, 10)}`,
      where,
      details,
      hint: [
        `If that was meant, and ${facts.localCount === 1 ? 'this commit' : `these ${facts.localCount} commits`} may go from this host, move the checkout by hand and release again:`,
        `git reset --keep ${facts.mergeBase ?? facts.target}`,
      ],
    };
  }
  const keep = `host-local-${facts.head.slice(0, 10)}`;
  return {
    what: `${facts.localCount} ${facts.localCount === 1 ? 'commit was' : 'commits were'} made on this host that origin/${branch} lacks, so that it is no fast-forward of HEAD`,
    where,
    details,
    hint: [
      ...(facts.shallow
        ? ['(This is a shallow clone; git fetch --unshallow origin shows whether the history is only cut off.)']
        : []),
      'Keep them on a branch of their own on origin, to be merged there, and take them off this host:',
      `git push origin HEAD:refs/heads/${keep}`,
      `git reset --keep ${facts.mergeBase ?? facts.target}`,
    ],
  };
}

/** At most 20 lines, then how many more there are. */
function shown(lines: string[], total = lines.length): string[] {
  const first = lines.slice(0, SHOWN);
  return total > first.length ? [...first, `and ${total - first.length} more`] : first;
}

/** A path as it is, or quoted where it holds control characters. */
const quoted = (path: string): string => (/[\x00-\x1f\x7f]/.test(path) ? JSON.stringify(path) : path);
