// Moves the live checkout forward to exactly one commit.
import { dirname } from 'node:path';
import { refused, stepFailed } from '../../model/error.ts';
import { isSha } from '../../model/names.ts';
import { flushRefs } from './flush-ref.ts';
import { statIn } from './place.ts';
import { git, gitFailed, type Repository, tryGit } from './run.ts';
import { diffTree } from './trees.ts';
import { parseStatus } from './working-tree.ts';

export interface Move {
  /** Where HEAD is now. */
  from: string;
  to: string;
}

/**
 * Fast-forwards the checkout, durably, and looks afterwards. Already there and clean: nothing is done.
 * @param move.branch the branch that is checked out. @param options.timeoutMs default 5 minutes.
 * @throws refused where HEAD, branch or tree are not as planned; step-failed where git does not do it.
 */
export async function advance(
  repo: Repository,
  move: Move & { branch: string },
  options: { timeoutMs?: number } = {},
): Promise<void> {
  const { from, to, branch } = move;
  if (!isSha(from) || !isSha(to)) throw new Error(`advance needs two full object names, got ${from} and ${to}`);
  const before = await look(repo);
  if (before.branch !== branch || (before.head !== from && before.head !== to)) {
    throw refused({
      what: `The checkout was moved by somebody else: expected ${branch} at ${from}, found ${before.branch ?? 'a detached HEAD'} at ${before.head}`,
      where: repo.root,
      hint: 'Start the release anew, so that it is planned from what is there now.',
    });
  }
  if (before.dirty.length > 0)
    throw refused({ what: 'Tracked files were changed since preflight', where: repo.root, details: before.dirty });
  if (before.head === from && from !== to) {
    const guards = ['--ff-only', '--no-autostash', '--no-overwrite-ignore', '--no-stat', '--quiet'];
    const result = await tryGit(repo, ['merge', ...guards, '--end-of-options', to], {
      durable: true,
      timeoutMs: options.timeoutMs ?? 300_000,
    });
    if (result.code !== 0 || result.timedOut) {
      throw gitFailed(repo, `The checkout could not be fast-forwarded to ${to}`, result, 'step-failed');
    }
  }
  await flush(repo, move, branch);
  await checkArrived(repo, to);
}

/** @throws step-failed where HEAD is not the commit, or tracked files differ from it. */
export async function checkArrived(repo: Repository, to: string): Promise<void> {
  const after = await look(repo);
  if (after.head === to && after.dirty.length === 0) return;
  throw stepFailed({
    what:
      after.head === to
        ? `The checkout is at ${to}, but tracked files differ from it`
        : `The checkout is at ${after.head} instead of ${to}`,
    where: repo.root,
    details: after.dirty,
  });
}

/** HEAD, branch and the tracked paths that differ. */
export async function look(
  repo: Repository,
): Promise<{ head: string | undefined; branch: string | undefined; dirty: string[] }> {
  const stdout = await git(repo, [
    'status',
    '--porcelain=v2',
    '--branch',
    '-z',
    '--untracked-files=no',
    '--no-renames',
  ]);
  const { head, branch, dirty } = parseStatus(stdout);
  return { head, branch, dirty: dirty.map((entry) => entry.path) };
}

/**
 * Git fsyncs its own files, but neither those of the work tree, which a power cut could leave empty, nor the folders of its refs.
 * @param branch the one that HEAD is on now.
 */
export async function flush(repo: Repository, move: Move, branch: string | undefined): Promise<void> {
  await flushRefs(repo, ['HEAD', ...(branch === undefined ? [] : [`refs/heads/${branch}`])]);
  const folders = new Set<string>();
  for (const { path } of await diffTree(repo, move.from, move.to)) {
    const file = `${repo.root}/${path}`;
    if (statIn(repo, path)?.kind === 'file') repo.host.files.sync(file);
    for (let at = dirname(path); ; at = dirname(at)) {
      folders.add(at);
      if (at === '.') break;
    }
  }
  for (const folder of folders) {
    const path = `${repo.root}/${folder}`;
    if (statIn(repo, folder)?.kind === 'folder') repo.host.files.sync(path);
  }
}
