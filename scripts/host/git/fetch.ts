// Asks origin for exactly one branch. A fetch that fails is an error, whatever was known before.
import { refused } from '../../model/error.ts';
import { checkBranch, isSha } from '../../model/names.ts';
import type { RunResult } from '../port.ts';
import { fetchCause, fetchSentence } from './fetch-cause.ts';
import { lockInTheWay } from './ref-lock.ts';
import { remoteOf } from './remote.ts';
import { emptyObjects, git, gitFailed, lastLines, maskUrl, type Repository, tryGit } from './run.ts';
import { storeEnv } from './store.ts';

export interface FetchedBranch {
  /** What refs/heads/<branch> is on origin: 40 hex digits. */
  sha: string;
  /** What refs/remotes/origin/<branch> was before. */
  previous: string | undefined;
}

/**
 * With a repository that has a store, objects go there and nothing below .git changes; otherwise refs/remotes/origin/<branch> moves.
 * Tags and other branches are left alone.
 * @param branch checked here. @param options.timeoutMs for all of it, default 2 minutes.
 * @throws refused by cause: time-out, branch not there, authentication, host key, unreachable, not to be stored.
 */
export async function fetchBranch(
  repo: Repository,
  branch: string,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<FetchedBranch> {
  checkBranch(branch);
  const timeoutMs = options.timeoutMs ?? 120_000;
  const tracking = `refs/remotes/origin/${branch}`;
  const [remote, previous] = await Promise.all([
    remoteOf(repo),
    tryGit(repo, ['rev-parse', '--verify', '--quiet', '--end-of-options', tracking]),
  ]);
  if (remote.url === undefined) throw noOrigin(repo);
  const source = `refs/heads/${branch}`;
  const common = ['fetch', '--no-tags', '--no-recurse-submodules', '--refmap='];
  const into = repo.store
    ? ['--end-of-options', 'origin', source]
    : ['--no-write-fetch-head', '--end-of-options', 'origin', `+${source}:${tracking}`];
  const fetch = (...more: string[]) =>
    tryGit(repo, [...common, ...more, ...into], {
      timeoutMs,
      durable: repo.store === undefined,
      env: { ...remote.env, ...(repo.store ? storeEnv(repo.store) : {}) },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  let result = await fetch();
  if (!repo.store && (await removeLeftLock(repo, tracking, result))) result = await fetch();
  // Origin would not send again what is here in name.
  if (!repo.store && (await removeEmpty(repo, result))) result = await fetch('--refetch');
  if (result.code !== 0 || result.timedOut) {
    const details = lastLines(result, repo.secrets);
    const url = maskUrl(remote.url);
    const sentence = fetchSentence(fetchCause(details, result.timedOut), { branch, remote: url, timeoutMs });
    throw refused({ ...sentence, where: url, details, ...(result.code === undefined ? {} : { rc: result.code }) });
  }
  const sha = repo.store
    ? (repo.host.files.readText(`${repo.store}/gitdir/FETCH_HEAD`) ?? '').slice(0, 40)
    : (await tryGit(repo, ['rev-parse', '--verify', '--quiet', '--end-of-options', tracking])).stdout.trim();
  if (!isSha(sha)) throw gitFailed(repo, `git fetched ${branch}, but does not say which commit it is`, result);
  const before = previous.stdout.trim();
  return { sha, previous: isSha(before) ? before : undefined };
}

/** Git names one of the objects that a power cut emptied. None of them is an object, whoever wrote it. @returns whether there were any. */
async function removeEmpty(repo: Repository, failed: RunResult): Promise<boolean> {
  if (emptyObjects(failed).length === 0) return false;
  const { files } = repo.host;
  const objects = (await git(repo, ['rev-parse', '--path-format=absolute', '--git-path', 'objects'])).trim();
  const empty = files
    .list(objects)
    .filter((name) => /^[0-9a-f]{2}$/.test(name))
    .flatMap((name) => files.list(`${objects}/${name}`).map((rest) => `${objects}/${name}/${rest}`))
    .filter((path) => {
      const stat = files.stat(path);
      return stat?.kind === 'file' && stat.size === 0;
    });
  for (const path of empty) files.remove(path);
  return empty.length > 0;
}

/** Git holds the lock of a ref for milliseconds. */
const LOCK_MS = 2_000;

/**
 * A git that was killed leaves the lock of the tracking branch, and every fetch after it fails. One that stays as it is for seconds is nobody's;
 * what it guards is only what origin had last, so that even a git that still slept over it would lose no more than its own fetch.
 */
async function removeLeftLock(repo: Repository, tracking: string, failed: RunResult): Promise<boolean> {
  const path = await lockInTheWay(repo, tracking, failed);
  if (path === undefined) return false;
  const { files, clock } = repo.host;
  const first = files.stat(path);
  await clock.sleep(LOCK_MS);
  const then = files.stat(path);
  if (then?.ino === first?.ino && then?.mtimeMs === first?.mtimeMs) files.remove(path);
  return true;
}

const noOrigin = (repo: Repository) =>
  refused({
    what: 'The checkout has no remote called origin',
    where: repo.root,
    hint: 'git remote add origin URL',
  });
