// Paths of the live checkout that the target would overwrite although git does not keep them.
import type { Collision } from '../../model/checkout.ts';
import type { FileStat } from '../port.ts';
import { filesBelow } from './place.ts';
import { fields, git, type Repository } from './run.ts';
import { diffTree } from './trees.ts';

type Kind = FileStat['kind'] | 'nothing';

/**
 * What HEAD..target adds and what exists untracked or ignored (also a folder in a file's place and the reverse), and
 * what it changes although git was told to overlook local changes there.
 */
export async function collisions(repo: Repository, head: string, target: string): Promise<Collision[]> {
  const [changed, listed] = await Promise.all([diffTree(repo, head, target), git(repo, ['ls-files', '-v', '-z'])]);
  const index = fields(listed).map((line) => ({
    path: line.slice(2),
    hidden: !line.startsWith('H') && !line.startsWith('M'),
  }));
  const hidden = new Set(index.filter((entry) => entry.hidden).map((entry) => entry.path));
  const found = new Map<string, Collision>();
  for (const { path } of changed) if (hidden.has(path)) found.set(path, { path, why: 'hidden' });

  const added = changed.filter((entry) => entry.status === 'added').map((entry) => entry.path);
  if (added.length > 0) {
    const tracked = new Set(index.map((entry) => entry.path));
    const kinds = new Map<string, Kind>();
    for (const path of added.flatMap((one) => inTheWay(repo, one, tracked, kinds)))
      found.set(path, { path, why: 'untracked' });
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function inTheWay(repo: Repository, path: string, tracked: ReadonlySet<string>, kinds: Map<string, Kind>): string[] {
  const parts = path.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const at = parts.slice(0, depth).join('/');
    const kind = kinds.get(at) ?? repo.host.files.stat(`${repo.root}/${at}`)?.kind ?? 'nothing';
    kinds.set(at, kind);
    if (kind === 'nothing') return [];
    if (kind !== 'folder') return tracked.has(at) ? [] : [at];
  }
  return filesBelow(repo, path).filter((file) => !tracked.has(file));
}
