// What is known of a git checkout: its state, a commit, a path between two trees. host/git gathers them, plan/ judges them.

/** One path of a tree difference. A changed type or mode is `modified`. */
export interface ChangedPath {
  path: string;
  status: 'added' | 'modified' | 'deleted';
}

export interface Commit {
  sha: string;
  /** Control characters replaced by spaces. */
  subject: string;
}

/** A branch that is checked out, and the commit that it stands at: 40 hex digits. */
export interface Place {
  branch: string;
  sha: string;
}

/** A move of the live checkout. */
export interface Passage {
  from: Place;
  to: Place;
}

export type Operation = 'merge' | 'rebase' | 'cherry-pick' | 'revert' | 'bisect';

export interface WorkingTree {
  root: string;
  /** 40 hex digits. */
  head: string;
  /** undefined: HEAD is detached. */
  branch: string | undefined;
  /** Tracked paths that differ from HEAD. `status` is git's two letters, index then work tree: `.M`, `A.`, `UU`. */
  dirty: Array<{ path: string; status: string }>;
  inProgress: Operation | undefined;
  /** Another git works here, or one died here. */
  indexLock: boolean;
  /** git could make a commit: user.name and user.email are configured. */
  identity: boolean;
  shallow: boolean;
  /** HEAD has a .gitmodules: submodules are not moved by a release. */
  submodules: boolean;
  /** HEAD's .gitattributes sends files through git-lfs. */
  lfs: boolean;
  /** URL of origin, user info masked; undefined where there is none. */
  remote: string | undefined;
}

/** A path in the live checkout that stands in the way of the target. */
export interface Collision {
  path: string;
  /** `untracked`: not in git (ignored counts). `hidden`: git was told to overlook changes (skip-worktree, assume-unchanged). */
  why: 'untracked' | 'hidden';
}

/** How the target lies to HEAD, and what of the host would be lost. */
export interface TargetFacts {
  root: string;
  /** History may be cut off, so that commits look unrelated. */
  shallow: boolean;
  head: string;
  target: string;
  /** The target is HEAD or a descendant of it. */
  fastForward: boolean;
  /** What origin's branch had when it was last fetched contained HEAD, but the target does not: history was rewritten there. */
  rewritten: boolean;
  /** Commits of HEAD that the target lacks, newest first, capped. */
  localCommits: Commit[];
  /** How many there are in all. */
  localCount: number;
  /** Last commit that both have. */
  mergeBase: string | undefined;
  collisions: Collision[];
}
