// Whether a release's change was taken back on a branch, however the revert came there.
import { resolveCommit } from './commits.ts';
import type { Change } from './revert-commit.ts';
import { git, type Repository } from './run.ts';
import { diffTree } from './trees.ts';

/** How far back a revert that was itself reverted later is looked for. */
const LOOKED_AT = 100;
const PATHS = 50;

/** Paths that the change touched. */
export const touchedPaths = async (repo: Repository, { baseSha, mergeSha }: Change): Promise<Set<string>> =>
  new Set((await diffTree(repo, baseSha, mergeSha)).map(({ path }) => path));

/** Whether all these paths are at the commit as they were at BASE_SHA. */
export async function equalsBase(
  repo: Repository,
  baseSha: string,
  paths: ReadonlySet<string>,
  sha: string,
): Promise<boolean> {
  return paths.size === 0 || !(await diffTree(repo, baseSha, sha)).some(({ path }) => paths.has(path));
}

/** Whether the change is not in origin's tree now: every path that it touched is as at BASE_SHA, squashed or not. */
export async function isReverted(repo: Repository, change: Change & { originSha: string }): Promise<boolean> {
  return await equalsBase(repo, change.baseSha, await touchedPaths(repo, change), change.originSha);
}

/**
 * Whether a revert of the change lies between MERGE_SHA and the tip, even where newer commits touched its paths or brought it
 * back on purpose: by its message, or by the tree that it left on the first-parent line.
 */
export async function revertLanded(repo: Repository, change: Change & { tip: string }): Promise<boolean> {
  const { baseSha, mergeSha, tip } = change;
  if ((await resolveCommit(repo, mergeSha)) === undefined) return true;
  const touched = await touchedPaths(repo, change);
  if (await equalsBase(repo, baseSha, touched, tip)) return true;
  const range = ['--end-of-options', `${mergeSha}..${tip}`];
  const named = await git(repo, [
    'rev-list',
    '--fixed-strings',
    `--grep=This reverts commit ${mergeSha}`,
    '--max-count=1',
    ...range,
  ]);
  if (named.trim() !== '') return true;
  const line = await git(
    repo,
    ['rev-list', '--first-parent', `--max-count=${LOOKED_AT}`, ...range, '--', ...[...touched].slice(0, PATHS)],
    { env: { GIT_LITERAL_PATHSPECS: '1' } },
  );
  for (const sha of line.split('\n')) if (sha !== '' && (await equalsBase(repo, baseSha, touched, sha))) return true;
  return false;
}
