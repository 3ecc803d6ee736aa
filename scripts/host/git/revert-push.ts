// Brings the revert to origin: to the branch itself, or to one of its own for a pull request. Asked again, it goes on where it was.
import { ReleaseError } from '../../model/error.ts';
import { isAncestor, resolveCommit } from './commits.ts';
import { fetchBranch } from './fetch.ts';
import { pushCommit } from './push.ts';
import { remoteOf } from './remote.ts';
import { type RevertSpec, revertOnto } from './revert.ts';
import { isReverted } from './revert-landed.ts';
import { maskUrl, type Repository, tryGit } from './run.ts';

export interface RevertPush extends RevertSpec {
  ticket: string;
  /** From tryRevert; made again where it is missing, or origin has moved since. */
  revertSha: string | undefined;
  /** What origin's branch was then. */
  expectedOrigin: string;
  mode: 'main' | 'branch' | 'none';
}

export type Pushed =
  /** Origin's branch has it, by us or by somebody else (then revertSha may be undefined). */
  | { kind: 'pushed'; revertSha: string | undefined; originSha: string }
  /** Not there yet; the same call goes on. `conflicts` are paths where newer commits are at odds with the revert. */
  | { kind: 'pending'; reason: string; details: string[]; conflicts: string[]; revertSha: string | undefined }
  /** On a branch of its own. `remote` is origin's URL, masked. */
  | { kind: 'branch'; name: string; revertSha: string; remote: string }
  /** Nothing is pushed, as configured. */
  | { kind: 'none'; revertSha: string | undefined };

const TRIES = 5;

/** @param options.timeoutMs of each talk with the remote. @throws only where git itself is at fault; a remote's no is `pending`. */
export async function pushRevert(
  repo: Repository,
  push: RevertPush,
  options: { timeoutMs?: number } = {},
): Promise<Pushed> {
  if (push.mode === 'none') return { kind: 'none', revertSha: push.revertSha };
  let { revertSha, expectedOrigin: onto } = push;
  const pending = (reason: string, details: string[] = [], conflicts: string[] = []): Pushed => ({
    kind: 'pending',
    reason,
    details,
    conflicts,
    revertSha,
  });
  for (let tries = 0; tries < TRIES; tries += 1) {
    const origin = await asked(() => fetchBranch(repo, push.branch, options));
    if (origin instanceof ReleaseError) return pending(origin.facts.what, origin.facts.details);
    const known = revertSha === undefined ? undefined : await resolveCommit(repo, revertSha);
    if (known !== undefined && (await isAncestor(repo, known, origin.sha)))
      return { kind: 'pushed', revertSha: known, originSha: origin.sha };
    if (known === undefined || onto !== origin.sha) {
      onto = origin.sha;
      const made = await revertOnto(repo, push, onto);
      if (made.landed) return { kind: 'pushed', revertSha: undefined, originSha: onto };
      revertSha = made.revertSha;
      if (revertSha === undefined)
        return pending(`Newer commits on ${push.branch} are at odds with the revert`, made.conflicts, made.conflicts);
    }
    const sha = revertSha ?? '';
    if (push.mode === 'branch') return await pushBranch(repo, push, sha, pending, options);
    const answer = await pushCommit(repo, { sha, branch: push.branch }, options);
    if (answer.kind === 'pushed') return { kind: 'pushed', revertSha: sha, originSha: sha };
    if (answer.kind === 'refused') return pending(answer.reason, answer.details);
  }
  return pending(`${push.branch} was pushed to by others ${TRIES} times while the revert was`);
}

/** Where the revert of a ticket goes for a pull request. */
export const revertBranch = (ticket: string): string => `asd-revert/${ticket.replace(/\.$/, '')}`;

async function pushBranch(
  repo: Repository,
  push: RevertPush,
  sha: string,
  pending: (reason: string, details?: string[]) => Pushed,
  options: { timeoutMs?: number },
): Promise<Pushed> {
  const name = revertBranch(push.ticket);
  const { url = '', env } = await remoteOf(repo);
  const there = { kind: 'branch', name, remote: maskUrl(url) } as const;
  const listed = await tryGit(repo, ['ls-remote', '--quiet', 'origin', `refs/heads/${name}`], {
    timeoutMs: options.timeoutMs ?? 60_000,
    env,
  });
  const before = /^[0-9a-f]{40}/.exec(listed.stdout)?.[0];
  if (before === sha) return { ...there, revertSha: sha };
  if (before !== undefined) {
    // Somebody may have worked on what an earlier try pushed: as long as it still is the revert, it stays.
    const theirs = await asked(() => fetchBranch(repo, name, options));
    if (theirs instanceof ReleaseError) return pending(theirs.facts.what, theirs.facts.details);
    const { sha: originSha } = theirs;
    if ((await isAncestor(repo, push.mergeSha, originSha)) && (await isReverted(repo, { ...push, originSha })))
      return { ...there, revertSha: originSha };
  }
  const replacing = before === undefined ? {} : { replacing: before };
  const answer = await pushCommit(repo, { sha, branch: name }, { ...options, ...replacing });
  if (answer.kind === 'pushed') return { ...there, revertSha: sha };
  return answer.kind === 'refused'
    ? pending(answer.reason, answer.details)
    : pending(`${name} was changed by somebody else on origin`);
}

/** A refusal of the remote is an answer here. */
async function asked<T>(ask: () => Promise<T>): Promise<T | ReleaseError> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ReleaseError && error.kind === 'refused') return error;
    throw error;
  }
}
