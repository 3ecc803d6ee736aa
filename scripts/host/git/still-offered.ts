// Whether origin still has what was fetched from it: between the look and the Advance, a branch may have been rewritten.
import { refused } from '../../model/error.ts';
import { isAncestor } from './commits.ts';
import { fetchBranch } from './fetch.ts';
import { remoteOf } from './remote.ts';
import { lastLines, type Repository, tryGit } from './run.ts';

/**
 * @param options.timeoutMs of the question, default 30 seconds.
 * @returns undefined, or a sentence without a full stop where origin does not answer: what was fetched is then what counts.
 * @throws refused where its branch is gone, or does not contain the commit any more.
 */
export async function checkStillOffered(
  repo: Repository,
  { sha, branch }: { sha: string; branch: string },
  options: { timeoutMs?: number } = {},
): Promise<string | undefined> {
  const asked = ['ls-remote', '--quiet', 'origin', `refs/heads/${branch}`];
  const { env } = await remoteOf(repo);
  const listed = await tryGit(repo, asked, { timeoutMs: options.timeoutMs ?? 30_000, env });
  if (listed.code !== 0 || listed.timedOut)
    return `origin could not be asked again whether ${branch} still has ${sha}: ${lastLines(listed, repo.secrets).at(-1) ?? 'it did not answer'}`;
  const tip = /^[0-9a-f]{40}/.exec(listed.stdout)?.[0];
  if (tip === sha) return undefined;
  if (tip !== undefined && (await isAncestor(repo, sha, (await fetchBranch(repo, branch)).sha))) return undefined;
  throw refused({
    what:
      tip === undefined
        ? `${branch} was taken away from origin after it was fetched`
        : `The history of origin/${branch} was rewritten (force-push) after it was fetched: it no longer contains ${sha}`,
    where: repo.root,
    hint: 'Nothing was moved. Find out why, then begin a release of what is there now.',
  });
}
