// The lock file of a ref that a git stumbled over. Whether it may be taken away is for the caller to know.
import type { RunResult } from '../port.ts';
import { git, type Repository } from './run.ts';

/** @param ref full name. @param failed a git that did not succeed. @returns the lock's path where it was in the way, else undefined. */
export async function lockInTheWay(repo: Repository, ref: string, failed: RunResult): Promise<string | undefined> {
  if (failed.code === 0 || !failed.tail.some((line) => line.includes(`${ref}.lock'`))) return undefined;
  return (await git(repo, ['rev-parse', '--path-format=absolute', '--git-path', `${ref}.lock`])).trim();
}
