// What "as before" means, looked at without the engine's code: checkout, `.env`, data, what runs, and nothing left over.
import { join } from 'node:path';
import { ROOT } from './beginning.ts';
import { VOLUMES } from './docker-api.ts';
import { dirtyPaths, readIndex, resolve } from './git-repository.ts';
import { textOf } from './program.ts';
import { packFolder } from './tools.ts';
import type { World } from './world.ts';

export type Fingerprint = Record<string, string>;

export function fingerprint(world: World): Fingerprint {
  const { disk, objects, containers } = world;
  const git = join(ROOT, '.git');
  const repo = {
    world,
    gitDir: git,
    commonDir: git,
    root: ROOT,
    indexFile: join(git, 'index'),
    durable: false,
    step: () => undefined,
  };
  const treeOf = (ref: string): string => {
    const id = resolve(repo, ref);
    return id === undefined ? 'none' : objects.commitOf(id).tree;
  };
  // Notes without a link are half made, or half gone: git itself takes them away.
  const notes = disk.list(join(git, 'worktrees')).filter((id) => {
    const link = disk.find(join(git, 'worktrees', id, 'gitdir'));
    return link !== undefined && textOf(link.data).trim().endsWith('/.git');
  });
  const running = [...containers.containers.values()]
    .map(
      (each) =>
        `${each.name} ${each.imageId.slice(7, 19)} ${each.status}${each.paused ? ' paused' : ''} ${JSON.stringify(each.variables)} ${each.mounts.map(({ source }) => source).join()}`,
    )
    .sort();
  const found: Fingerprint = {
    head: treeOf('HEAD'),
    deployed: treeOf('refs/asd/deployed'),
    index: JSON.stringify([...readIndex(repo)]),
    dirty: JSON.stringify(dirtyPaths(repo)),
    locks: disk
      .below(git)
      .filter((path) => path.endsWith('.lock') && !/\/(?:worktrees|refs\/(?:remotes|asd))\//.test(path))
      .join('\n'),
    worktrees: notes.join('\n'),
    stage: disk.list(join(ROOT, '.asd/workspace/stage')).join('\n'),
    env: textOf(disk.get(join(ROOT, '.env')).data),
    running: running.join('\n'),
    tags: [...containers.tags]
      .filter(([tag]) => tag.startsWith('registry.local/'))
      .map(([tag, id]) => `${tag} ${id}`)
      .sort()
      .join('\n'),
    volumes: [...containers.volumes].sort().join('\n'),
    beside: disk
      .below(VOLUMES)
      .filter((path) => path.includes('.asd-'))
      .join('\n'),
  };
  for (const volume of containers.volumes) {
    const folder = `${VOLUMES}/${volume}/_data`;
    const packed = disk.find(folder) === undefined ? [] : packFolder(world, folder);
    found[`data of ${volume}`] = JSON.stringify(
      packed.map((each) => (each.kind === 'folder' ? { ...each, mtimeMs: 0 } : each)),
    );
  }
  return found;
}

/** Names of what differs. `tags` of images that are not used by anything may stay behind. */
export function differences(before: Fingerprint, after: Fingerprint): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => key !== 'tags' && before[key] !== after[key])
    .map((key) => `${key}: ${shorten(before[key])} -> ${shorten(after[key])}`);
}

const shorten = (text = 'none'): string => (text.length > 400 ? `${text.slice(0, 400)}...` : text);
