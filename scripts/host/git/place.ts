// Looks at paths of the checkout without leaving it: a parent that is a link or a file is not walked through.
import type { FileStat } from '../port.ts';
import type { Repository } from './run.ts';

/** undefined where there is nothing of that path in the checkout itself. */
export function statIn(repo: Repository, path: string): FileStat | undefined {
  let at = repo.root;
  let stat: FileStat | undefined;
  for (const part of path.split('/')) {
    if (stat !== undefined && stat.kind !== 'folder') return undefined;
    at = `${at}/${part}`;
    stat = repo.host.files.stat(at);
    if (stat === undefined) return undefined;
  }
  return stat;
}

/** Paths of all that is below a folder and no folder itself. */
export function filesBelow(repo: Repository, folder: string): string[] {
  return repo.host.files.list(`${repo.root}/${folder}`).flatMap((name) => {
    const path = `${folder}/${name}`;
    return repo.host.files.stat(`${repo.root}/${path}`)?.kind === 'folder' ? filesBelow(repo, path) : [path];
  });
}
