// What lies in the checkout that git neither keeps nor ignores.
import { fields, git, type Repository } from './run.ts';

const MOST = 2_000;

/** Sorted, a folder with nothing else in it as one path that ends in `/`; undefined where there are more than 2,000. */
export async function untrackedPaths(repo: Repository): Promise<string[] | undefined> {
  const listed = await git(repo, [
    'ls-files',
    '--others',
    '--exclude-standard',
    '--directory',
    '--no-empty-directory',
    '-z',
  ]);
  const paths = fields(listed);
  return paths.length > MOST ? undefined : paths.toSorted();
}
