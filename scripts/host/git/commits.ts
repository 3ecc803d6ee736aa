// Commits and refs: what a name means, how two commits lie to each other, and moving a ref of ours.
import type { Commit } from '../../model/checkout.ts';
import { refused, stepFailed } from '../../model/error.ts';
import { isSha } from '../../model/names.ts';
import { flushRefs } from './flush-ref.ts';
import { lockInTheWay } from './ref-lock.ts';
import { checkWord, fields, git, gitFailed, type Repository, tryGit } from './run.ts';

const NONE = '0'.repeat(40);

/** The commit that a name means (tags are followed); undefined where it means none. */
export async function resolveCommit(repo: Repository, ref: string): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${checkWord(ref)}^{commit}`];
  const sha = (await tryGit(repo, args)).stdout.trim();
  return isSha(sha) ? sha : undefined;
}

/** The commit of a full ref name; undefined where the ref does not exist. @throws refused where it is there, but damaged. */
export async function readRef(repo: Repository, ref: string): Promise<string | undefined> {
  const [named, commit] = await Promise.all([
    tryGit(repo, ['rev-parse', '--verify', '--quiet', '--end-of-options', checkWord(ref)]),
    resolveCommit(repo, ref),
  ]);
  const sha = named.stdout.trim();
  if (isSha(sha)) {
    if (commit === sha) return sha;
    throw damaged(repo, ref, `it names ${sha}, which is no commit of this repository`);
  }
  // A ref file that a power cut left empty must not count as one that was never written.
  const path = (await git(repo, ['rev-parse', '--path-format=absolute', '--git-path', ref])).trim();
  const file = repo.host.files.stat(path);
  if (file !== undefined && file.kind !== 'folder') throw damaged(repo, ref, 'it cannot be read');
  return undefined;
}

const damaged = (repo: Repository, ref: string, how: string) =>
  refused({
    what: `${ref} is damaged: ${how}`,
    where: repo.root,
    hint: ['Set it to the commit that is deployed on this host:', `git update-ref ${ref} <commit>`],
  });

/** Moves a ref, fsynced, if it is still where it was expected. @param expected undefined: it must not exist yet. @throws step-failed otherwise. */
export async function updateRef(
  repo: Repository,
  ref: string,
  sha: string,
  expected: string | undefined,
): Promise<void> {
  const args = ['update-ref', '--no-deref', '-m', 'belay', checkWord(ref), sha, expected ?? NONE];
  let result = await tryGit(repo, args, { durable: true });
  // The caller holds the release lock, and nobody else writes our own refs: a lock on one is what a killed git left.
  const lock = ref.startsWith('refs/asd/') ? await lockInTheWay(repo, ref, result) : undefined;
  if (lock !== undefined) {
    repo.host.files.remove(lock);
    result = await tryGit(repo, args, { durable: true });
  }
  if (result.code === 0) return await flushRefs(repo, [ref]);
  const now = await readRef(repo, ref);
  if (now === sha) return await flushRefs(repo, [ref]);
  if (now !== expected) {
    throw stepFailed({
      what: `${ref} was moved by somebody else: expected ${expected ?? 'no ref'}, found ${now ?? 'no ref'}`,
      where: repo.root,
    });
  }
  throw gitFailed(repo, `${ref} could not be moved to ${sha}`, result, 'step-failed');
}

/** Whether the second commit contains the first (or is it). In a shallow clone a "no" may only mean that the history is cut off. */
export async function isAncestor(repo: Repository, ancestor: string, descendant: string): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', '--end-of-options', checkWord(ancestor), checkWord(descendant)];
  const result = await tryGit(repo, args);
  if (result.code === 0) return true;
  if (result.code === 1) return false;
  throw gitFailed(repo, `git could not tell whether ${descendant} contains ${ancestor}`, result);
}

/** The best common ancestor; undefined where there is none. */
export async function mergeBase(repo: Repository, a: string, b: string): Promise<string | undefined> {
  const result = await tryGit(repo, ['merge-base', '--end-of-options', checkWord(a), checkWord(b)]);
  if (result.code === 0) return result.stdout.trim();
  if (result.code === 1) return undefined;
  throw gitFailed(repo, `git found no common history of ${a} and ${b}`, result);
}

/** Commits of `to` that `from` lacks, newest first. @param cap how many are listed; `count` is all of them. */
export async function commitsBetween(
  repo: Repository,
  from: string,
  to: string,
  cap = 20,
): Promise<{ commits: Commit[]; count: number }> {
  const range = ['--end-of-options', `${checkWord(from)}..${checkWord(to)}`];
  const format = ['-z', '--no-show-signature', '--encoding=UTF-8', '--format=%H %s'];
  const [log, count] = await Promise.all([
    git(repo, ['log', ...format, `--max-count=${cap}`, ...range]),
    git(repo, ['rev-list', '--count', ...range]),
  ]);
  const commits = fields(log).map((line) => ({
    sha: line.slice(0, 40),
    subject: line.slice(41).replaceAll(/[\x00-\x1f\x7f-\x9f]/g, ' '),
  }));
  return { commits, count: Number(count.trim()) };
}
