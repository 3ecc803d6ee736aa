// How the live checkout stands, in one look: every question at once, nothing written.

import type { Operation, WorkingTree } from '../../model/checkout.ts';
import { refused } from '../../model/error.ts';
import { fields, git, maskUrl, type Repository, tryGit } from './run.ts';

const SIGNS: ReadonlyArray<readonly [string, Operation]> = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
];

/** @throws refused where git cannot tell, or there is no commit yet. */
export async function workingTree(repo: Repository): Promise<WorkingTree> {
  const [place, status, ident, remote, atHead] = await Promise.all([
    git(repo, ['rev-parse', '--is-shallow-repository', '--absolute-git-dir']),
    git(repo, ['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=no', '--no-renames']),
    tryGit(repo, ['-c', 'user.useConfigOnly=true', 'var', 'GIT_COMMITTER_IDENT']),
    tryGit(repo, ['remote', 'get-url', 'origin']),
    git(repo, ['cat-file', '--batch'], { input: 'HEAD:.gitmodules\nHEAD:.gitattributes\n' }),
  ]);
  const [shallow, gitDir = ''] = place.trimEnd().split('\n');
  const { head, branch, dirty } = parseStatus(status);
  if (head === undefined) {
    throw refused({
      what: 'The checkout has no commit yet',
      where: repo.root,
      hint: 'Clone the repository that is to be released.',
    });
  }
  const there = (name: string) => repo.host.files.stat(`${gitDir}/${name}`) !== undefined;
  return {
    root: repo.root,
    head,
    branch,
    dirty,
    inProgress: SIGNS.find(([name]) => there(name))?.[1],
    indexLock: there('index.lock'),
    identity: ident.code === 0,
    shallow: shallow === 'true',
    submodules: !atHead.startsWith('HEAD:.gitmodules missing'),
    lfs: /filter=lfs/.test(atHead),
    remote: remote.code === 0 ? maskUrl(remote.stdout.trim()) : undefined,
  };
}

/** Reads `git status --porcelain=v2 --branch -z --no-renames`. */
export function parseStatus(stdout: string): Pick<WorkingTree, 'branch' | 'dirty'> & { head: string | undefined } {
  let head: string | undefined;
  let branch: string | undefined;
  const dirty: WorkingTree['dirty'] = [];
  for (const field of fields(stdout)) {
    const words = field.split(' ');
    if (field.startsWith('# branch.oid ')) head = /^[0-9a-f]{40}$/.test(words[2] ?? '') ? words[2] : undefined;
    else if (field.startsWith('# branch.head ')) branch = field.slice('# branch.head '.length);
    else if (words[0] === '1') dirty.push({ path: words.slice(8).join(' '), status: words[1] ?? '' });
    else if (words[0] === 'u') dirty.push({ path: words.slice(10).join(' '), status: words[1] ?? '' });
  }
  return { head, branch: branch === '(detached)' ? undefined : branch, dirty };
}
