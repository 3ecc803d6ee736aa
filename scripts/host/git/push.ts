// Gives origin one commit for one branch, without a question and within a time.
import { checkBranch, isSha } from '../../model/names.ts';
import { maskText } from '../mask.ts';
import { type FetchCause, fetchCause } from './fetch-cause.ts';
import { remoteOf } from './remote.ts';
import { lastLines, type Repository, tryGit } from './run.ts';

export type PushAnswer =
  | { kind: 'pushed' }
  /** Somebody was quicker: the branch is not where it was expected. */
  | { kind: 'moved' }
  /** @param reason a sentence without a full stop. */
  | { kind: 'refused'; reason: string; details: string[] };

export interface PushOptions {
  /** Default one minute. */
  timeoutMs?: number;
  /** Only asks. */
  dryRun?: boolean;
  /** The branch may be replaced if it is at this commit. */
  replacing?: string;
}

/** What a remote says where another push came in between its look and its own. */
const RACE = /is at [0-9a-f]{40} but expected|incorrect old value provided|reference already exists/;

/** @param what.sha the commit. @param what.branch of origin; made where it is not there yet. */
export async function pushCommit(
  repo: Repository,
  what: { sha: string; branch: string },
  options: PushOptions = {},
): Promise<PushAnswer> {
  const { sha, branch } = what;
  if (!isSha(sha)) throw new Error(`a push needs a full object name, got ${sha}`);
  const ref = `refs/heads/${checkBranch(branch)}`;
  const timeoutMs = options.timeoutMs ?? 60_000;
  const quiet = [
    'push.followTags=false',
    'push.gpgSign=false',
    'push.recurseSubmodules=no',
    'push.useForceIfIncludes=no',
  ];
  const args = [
    ...quiet.flatMap((setting) => ['-c', setting]),
    'push',
    '--porcelain',
    '--no-verify',
    ...(options.dryRun ? ['--dry-run'] : []),
    ...(options.replacing === undefined ? [] : [`--force-with-lease=${ref}:${options.replacing}`]),
    '--end-of-options',
    'origin',
    `${sha}:${ref}`,
  ];
  const { env } = await remoteOf(repo, 'push');
  const result = await tryGit(repo, args, { timeoutMs, durable: !options.dryRun, env });
  if (result.code === 0 && !result.timedOut) return { kind: 'pushed' };
  // `!<tab>from:to<tab>[rejected] (fetch first)`
  const said =
    result.stdout
      .split('\n')
      .find((line) => line.startsWith('!\t'))
      ?.split('\t')[2] ?? '';
  const details = lastLines(result, repo.secrets);
  if (/^\[rejected\]/.test(said) || RACE.test([said, ...details].join('\n'))) return { kind: 'moved' };
  if (said !== '')
    return { kind: 'refused', reason: `The remote refused the push: ${maskText(said, repo.secrets ?? [])}`, details };
  return { kind: 'refused', reason: SENTENCES[fetchCause(details, result.timedOut)](branch, timeoutMs), details };
}

const SENTENCES: Record<FetchCause, (branch: string, timeoutMs: number) => string> = {
  timeout: (_, timeoutMs) => `The remote did not answer within ${timeoutMs / 1000} s`,
  authentication: () => 'The remote does not let this host push',
  'host-key': () => 'The remote is not the host that ssh knows under this name, or is not known to it yet',
  unreachable: () => 'The remote cannot be reached, or does not let this host push',
  local: (branch) => `The push to ${branch} failed on this host`,
  branch: (branch) => `git could not push to ${branch}`,
  other: (branch) => `git could not push to ${branch}`,
};

/** Whether this host may push to the branch, as far as the remote tells without a push: its hooks are not asked. */
export async function canPush(
  repo: Repository,
  branch: string,
  options: { timeoutMs?: number } = {},
): Promise<'yes' | { no: string; details: string[] }> {
  const known = await tryGit(repo, ['rev-parse', '--verify', '--quiet', `refs/remotes/origin/${checkBranch(branch)}`]);
  const head = known.code === 0 ? known : await tryGit(repo, ['rev-parse', '--verify', 'HEAD']);
  const answer = await pushCommit(repo, { sha: head.stdout.trim(), branch }, { ...options, dryRun: true });
  return answer.kind === 'refused' ? { no: answer.reason, details: answer.details } : 'yes';
}
