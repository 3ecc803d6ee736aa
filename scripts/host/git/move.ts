// Moves the live checkout to any commit: back on its branch, onto a hotfix's branch, home to main. Forward is advance.ts.
import type { Passage, Place } from '../../model/checkout.ts';
import { refused, stepFailed } from '../../model/error.ts';
import { checkBranch, isSha } from '../../model/names.ts';
import { checkArrived, flush, look } from './advance.ts';
import { collisions } from './collisions.ts';
import { resolveCommit } from './commits.ts';
import { flushRefs } from './flush-ref.ts';
import { fields, git, gitFailed, type Repository, tryGit } from './run.ts';

const SHOWN = 20;

/** @throws refused where git's index.lock is there: reported, never removed. */
export async function checkUnlocked(repo: Repository): Promise<void> {
  const lock = (await git(repo, ['rev-parse', '--path-format=absolute', '--git-path', 'index.lock'])).trim();
  if (repo.host.files.stat(lock) === undefined) return;
  throw refused({
    what: 'Another git is at work in the checkout, or one died there',
    where: lock,
    hint: 'See that no git runs (ps -C git -o pid,user,args), then remove the file by hand.',
  });
}

/**
 * All that can stand in the way of the move, looked at without touching anything.
 * @returns whether it is still to be made. @throws refused, naming the paths or commits that would be lost.
 */
export async function checkMove(repo: Repository, { from, to }: Passage): Promise<'due' | 'made'> {
  if (!isSha(from.sha) || !isSha(to.sha))
    throw new Error(`a move needs two full object names, got ${from.sha} and ${to.sha}`);
  checkBranch(to.branch);
  const where = repo.root;
  const now = await look(repo);
  const isAt = (place: Place): boolean => now.branch === place.branch && now.head === place.sha;
  if (!isAt(from) && !isAt(to)) {
    throw refused({
      what: `The checkout was moved by somebody else: expected ${from.branch} at ${from.sha}, found ${now.branch ?? 'a detached HEAD'} at ${now.head}`,
      where,
      hint: `git reflog shows what was done. To put it back: git switch ${from.branch} && git reset --keep ${from.sha}`,
    });
  }
  if (now.dirty.length > 0) {
    throw refused({
      what: `${now.dirty.length} tracked ${now.dirty.length === 1 ? 'file was' : 'files were'} changed by hand`,
      where,
      details: now.dirty.slice(0, SHOWN),
      hint: ['Save what you need of them elsewhere, then put them back:', 'git checkout HEAD -- PATH'],
    });
  }
  await checkUnlocked(repo);
  if (isAt(to)) return 'made';
  const inTheWay = await collisions(repo, from.sha, to.sha);
  if (inTheWay.length > 0) {
    throw refused({
      what: `${inTheWay.length} ${inTheWay.length === 1 ? 'path' : 'paths'} that git does not keep here would be overwritten`,
      where,
      details: inTheWay
        .slice(0, SHOWN)
        .map(({ path, why }) => (why === 'hidden' ? `${path} (overlooked by git)` : path)),
      hint: 'Move them away, then try again.',
    });
  }
  if (to.branch !== from.branch) await checkLeftBehind(repo, { from, to });
  return 'due';
}

/** The branch that is to be checked out may be here already: commits that are nowhere else must not fall off it. */
async function checkLeftBehind(repo: Repository, { from, to }: Passage): Promise<void> {
  const local = await resolveCommit(repo, `refs/heads/${to.branch}`);
  if (local === undefined || local === to.sha) return;
  const known = ['--not', '--remotes=origin', to.sha, from.sha];
  const format = ['-z', '--no-show-signature', '--encoding=UTF-8', '--format=%H %s'];
  const mine = fields(await git(repo, ['log', ...format, local, ...known]));
  if (mine.length === 0) return;
  throw refused({
    what: `The local branch ${to.branch} has ${mine.length} ${mine.length === 1 ? 'commit' : 'commits'} that origin lacks`,
    where: repo.root,
    details: mine.slice(0, SHOWN).map((line) => `${line.slice(0, 10)} ${line.slice(41)}`),
    hint: [
      'Keep them on a branch of their own on origin, and take them off this one:',
      `git push origin ${local}:refs/heads/host-local-${local.slice(0, 10)}`,
      `git branch --force ${to.branch} ${to.sha}`,
    ],
  });
}

/**
 * A branch, durably, before HEAD is put on it: the disk may keep the two names in any order, and a HEAD on a branch that
 * is not there has no commit at all.
 * @throws step-failed where git does not do it.
 */
export async function layBranch(repo: Repository, { branch, sha }: Place): Promise<void> {
  const args = ['branch', '--force', '--quiet', '--no-track', '--end-of-options', branch, sha];
  const result = await tryGit(repo, args, { durable: true });
  if (result.code !== 0 || result.timedOut)
    throw gitFailed(repo, `The branch ${branch} could not be put at ${sha}`, result, 'step-failed');
  await flushRefs(repo, [`refs/heads/${branch}`]);
}

/**
 * Moves HEAD, branch and tracked files, durably, and looks afterwards; untracked and ignored files stay. Made already: nothing is done.
 * @param options.timeoutMs default 5 minutes.
 * @throws refused as checkMove; step-failed where git does not do it.
 */
export async function moveCheckout(
  repo: Repository,
  passage: Passage,
  options: { timeoutMs?: number } = {},
): Promise<void> {
  const { from, to } = passage;
  if ((await checkMove(repo, passage)) === 'due') {
    if (from.branch !== to.branch) await layBranch(repo, to);
    // reset takes a file whose times are not the index's for a changed one, whatever is in it; checkout looks for itself.
    else await tryGit(repo, ['update-index', '-q', '--refresh'], { durable: true });
    const args =
      from.branch === to.branch
        ? ['reset', '--keep', '--quiet', to.sha]
        : ['checkout', '--quiet', '--no-track', '--no-overwrite-ignore', '-B', to.branch, to.sha, '--'];
    const result = await tryGit(repo, args, { durable: true, timeoutMs: options.timeoutMs ?? 300_000 });
    if (result.code !== 0 || result.timedOut) {
      throw gitFailed(repo, `The checkout could not be moved to ${to.branch} at ${to.sha}`, result, 'step-failed');
    }
  }
  await flush(repo, { from: from.sha, to: to.sha }, to.branch);
  await checkArrived(repo, to.sha);
  const { branch } = await look(repo);
  if (branch !== to.branch)
    throw stepFailed({ what: `The checkout is on ${branch ?? 'no branch'} instead of ${to.branch}`, where: repo.root });
}
