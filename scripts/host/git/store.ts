// A temporary object store in front of the repository's own, for looks that must write nothing below .git.
import { git, type Repository } from './run.ts';

/**
 * Prepares an empty folder to take fetched objects; what the repository has is seen through it.
 * The caller removes the folder. @returns the repository as seen with the store.
 */
export async function openStore(repo: Repository, folder: string): Promise<Repository & { store: string }> {
  const asked = ['rev-parse', '--path-format=absolute', '--git-common-dir', '--git-path', 'objects'];
  const [common = '', objects = ''] = (await git(repo, asked)).split('\n');
  const head = (await git(repo, ['rev-parse', 'HEAD'])).trim();
  const { files } = repo.host;
  files.mkdir(`${folder}/objects/info`);
  files.replace(`${folder}/objects/info/alternates`, `${objects}\n`);
  // Laid out as git lays out a linked worktree: configuration and refs are the repository's, FETCH_HEAD and index our own.
  files.mkdir(`${folder}/gitdir`);
  files.replace(`${folder}/gitdir/commondir`, `${common}\n`);
  files.replace(`${folder}/gitdir/HEAD`, `${head}\n`);
  return { ...repo, store: folder };
}

/** What makes git use the store's own FETCH_HEAD and index. */
export const storeEnv = (store: string): Record<string, string> => ({
  GIT_DIR: `${store}/gitdir`,
  GIT_OBJECT_DIRECTORY: `${store}/objects`,
});
