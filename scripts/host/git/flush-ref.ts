// A ref's way to the disk: git flushes the file, but not the folders that hold its name.
import { dirname } from 'node:path';
import { git, type Repository } from './run.ts';

/** @param refs full names, or HEAD. Where a ref is kept otherwise than in a file of its own, nothing is there to be flushed. */
export async function flushRefs(repo: Repository, refs: readonly string[]): Promise<void> {
  const { files } = repo.host;
  const asked = ['--git-common-dir', ...refs.flatMap((ref) => ['--git-path', ref])];
  const [common = '', ...paths] = (await git(repo, ['rev-parse', '--path-format=absolute', ...asked]))
    .trim()
    .split('\n');
  const folders = new Set<string>();
  for (const path of paths) {
    for (let at = dirname(path); at.startsWith(common) && !folders.has(at); at = dirname(at)) folders.add(at);
    folders.add(dirname(path));
  }
  for (const folder of folders) if (files.stat(folder)?.kind === 'folder') files.sync(folder);
}
