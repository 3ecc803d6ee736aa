// A repository of the simulated git: HEAD, refs and index are files on the simulated disk, work trees are folders there.
import { dirname, join, relative } from 'node:path';
import { GitError } from './git-call.ts';
import type { Entry } from './git-objects.ts';
import { type Call, textOf } from './program.ts';
import type { World } from './world.ts';
import { writeAll } from './writing.ts';

export interface Checkout {
  world: World;
  /** Of this work tree: HEAD and index. */
  gitDir: string;
  /** Of all work trees: refs. */
  commonDir: string;
  /** Empty for a bare repository. */
  root: string;
  indexFile: string;
  /** Flushes what git flushes with core.fsync=all. */
  durable: boolean;
  step: Call['step'];
}

/** Finds the repository as git does: by GIT_DIR, or upwards from the working directory. */
export function openCheckout(call: Call, durable: boolean): Checkout | undefined {
  const { world, env, cwd, step } = call;
  const of = (gitDir: string, root: string): Checkout => ({
    world,
    gitDir,
    commonDir: commonOf(world, gitDir),
    root,
    indexFile: env.GIT_INDEX_FILE ?? join(gitDir, 'index'),
    durable,
    step,
  });
  if (env.GIT_DIR !== undefined) return of(env.GIT_DIR, env.GIT_WORK_TREE ?? cwd);
  for (let at = cwd; ; at = dirname(at)) {
    const git = world.disk.find(join(at, '.git'));
    if (git?.kind === 'folder') return of(join(at, '.git'), at);
    if (git?.kind === 'file')
      return of(
        textOf(git.data)
          .replace(/^gitdir: /, '')
          .trim(),
        at,
      );
    if (world.disk.find(join(at, 'HEAD')) && world.disk.find(join(at, 'refs'))) return of(at, '');
    if (at === dirname(at)) return undefined;
  }
}

function commonOf(world: World, gitDir: string): string {
  const common = world.disk.find(join(gitDir, 'commondir'));
  return common === undefined
    ? gitDir
    : join(textOf(common.data).trim().startsWith('/') ? '' : gitDir, textOf(common.data).trim());
}

const read = (world: World, path: string): string | undefined => {
  const found = world.disk.find(path);
  return found?.kind === 'file' ? textOf(found.data).trim() : undefined;
};

/** The branch that HEAD is on; undefined where it is detached. */
export function branchOf(repo: Checkout): string | undefined {
  return /^ref: refs\/heads\/(.+)$/.exec(read(repo.world, join(repo.gitDir, 'HEAD')) ?? '')?.[1];
}

/** Object names of a word: HEAD, a ref, an id, each with `^{commit}`, `^{tree}`, `^` or `:path`. */
export function resolve(repo: Checkout, word: string): string | undefined {
  const { objects } = repo.world;
  const colon = word.indexOf(':');
  if (colon > 0) {
    const from = resolve(repo, word.slice(0, colon));
    return from === undefined ? undefined : within(repo, from, word.slice(colon + 1));
  }
  const [, base = '', peel] = /^(.*?)(\^\{(?:commit|tree)\}|\^)?$/.exec(word) ?? [];
  const id = /^[0-9a-f]{40}$/.test(base) ? base : refOf(repo, base);
  if (id === undefined || objects.type(id) === undefined) return undefined;
  if (peel === '^{tree}') return objects.type(id) === 'commit' ? objects.commitOf(id).tree : id;
  if (peel === '^') return objects.commitOf(id).parents[0];
  return peel === '^{commit}' && objects.type(id) !== 'commit' ? undefined : id;
}

function within(repo: Checkout, from: string, path: string): string | undefined {
  const { objects } = repo.world;
  let at = objects.type(from) === 'commit' ? objects.commitOf(from).tree : from;
  for (const part of path.split('/').filter(Boolean)) {
    if (objects.type(at) !== 'tree') return undefined;
    const next = objects.treeEntries(at).get(part)?.id;
    if (next === undefined) return undefined;
    at = next;
  }
  return at;
}

function refOf(repo: Checkout, name: string): string | undefined {
  if (name === 'HEAD') {
    const branch = branchOf(repo);
    return branch === undefined ? read(repo.world, join(repo.gitDir, 'HEAD')) : refOf(repo, `refs/heads/${branch}`);
  }
  const candidates = name.startsWith('refs/')
    ? [name]
    : [`refs/heads/${name}`, `refs/remotes/${name}`, `refs/tags/${name}`];
  return candidates
    .map((each) => read(repo.world, join(repo.commonDir, each)))
    .find((id) => id !== undefined && id !== '');
}

/** As git writes a ref or HEAD: a lock file, then the rename. @throws what the disk says. */
export function writeRef(repo: Checkout, name: string, value: string): void {
  const path = join(name === 'HEAD' ? repo.gitDir : repo.commonDir, name);
  place(repo, path, `${path}.lock`, Buffer.from(`${value}\n`), `ref ${name}`);
}

/** A file by way of its lock. @returns false where the lock is there already. */
export function place(repo: Checkout, path: string, lock: string, data: Uint8Array, what: string): void {
  const { disk } = repo.world;
  folders(repo, dirname(path));
  if (disk.find(lock) !== undefined) throw new GitError(128, `fatal: Unable to create '${lock}': File exists.`);
  repo.step(`git ${what} lock`, lock);
  const made = disk.create(lock, 'file', 0o644);
  finish(repo, path, lock, made, data, what);
}

/** Fills a lock file that is there and renames it over what it is the lock of. */
export function finish(
  repo: Checkout,
  path: string,
  lock: string,
  made: ReturnType<World['disk']['create']>,
  data: Uint8Array,
  what: string,
): void {
  const { disk } = repo.world;
  writeAll(repo.world, repo.step, { what: `git ${what} write`, path: lock, inode: made }, data);
  if (repo.durable) disk.flush(made);
  repo.step(`git ${what} rename`, path);
  // Not even core.fsync=all flushes the folder.
  disk.rename(lock, path);
}

/** Missing folders above a file. */
export function folders(repo: Checkout, path: string): void {
  const { disk } = repo.world;
  if (disk.find(path, { follow: true }) !== undefined) return;
  folders(repo, dirname(path));
  repo.step('git mkdir', path);
  disk.create(path, 'folder', 0o755);
}

/** Indexes that were read, by the array that holds one: it is never changed in place. */
const indexes = new WeakMap<Uint8Array, ReadonlyMap<string, Entry>>();

export function readIndex(repo: Checkout): ReadonlyMap<string, Entry> {
  const found = repo.world.disk.find(repo.indexFile);
  if (found?.kind !== 'file') return new Map();
  const known = indexes.get(found.data);
  if (known !== undefined) return known;
  const index = new Map(JSON.parse(textOf(found.data)) as Array<[string, Entry]>);
  indexes.set(found.data, index);
  return index;
}

export const indexData = (index: ReadonlyMap<string, Entry>): Uint8Array =>
  Buffer.from(JSON.stringify([...index].sort(([a], [b]) => (a < b ? -1 : 1))));

export function writeIndex(repo: Checkout, index: ReadonlyMap<string, Entry>): void {
  place(repo, repo.indexFile, `${repo.indexFile}.lock`, indexData(index), 'index');
}

/** What a path of the work tree is, as an index entry; undefined where nothing that git knows is there. */
export function entryAt(repo: Checkout, path: string): Entry | undefined {
  const { disk, objects } = repo.world;
  const found = disk.find(join(repo.root, path));
  if (found === undefined || found.kind === 'folder') return undefined;
  const mode = found.kind === 'link' ? '120000' : found.mode & 0o100 ? '100755' : '100644';
  return { mode, id: objects.blob(found.data) };
}

/** Tracked paths whose content or mode is not the index's, or whose index entry is not HEAD's, with git's two letters. */
export function dirtyPaths(repo: Checkout): Array<[path: string, status: string]> {
  const { objects } = repo.world;
  const index = readIndex(repo);
  const head = resolve(repo, 'HEAD');
  const committed = head === undefined ? new Map<string, Entry>() : objects.files(head);
  const same = (a: Entry | undefined, b: Entry | undefined) => a?.id === b?.id && a?.mode === b?.mode;
  const letter = (from: Entry | undefined, to: Entry | undefined) =>
    same(from, to) ? '.' : from === undefined ? 'A' : to === undefined ? 'D' : 'M';
  return [...new Set([...index.keys(), ...committed.keys()])].sort().flatMap((path): Array<[string, string]> => {
    const staged = letter(committed.get(path), index.get(path));
    const changed = index.has(path) ? letter(index.get(path), entryAt(repo, path)) : '.';
    return staged === '.' && changed === '.' ? [] : [[path, `${staged}${changed}`]];
  });
}

/** Writes the files that differ between two trees into the work tree, one after the other, as a checkout does. */
export function moveFiles(repo: Checkout, from: ReadonlyMap<string, Entry>, to: ReadonlyMap<string, Entry>): void {
  const { disk, objects } = repo.world;
  const paths = [...new Set([...from.keys(), ...to.keys()])].sort();
  for (const path of paths) {
    const [old, next] = [from.get(path), to.get(path)];
    if (old?.id === next?.id && old?.mode === next?.mode) continue;
    const file = join(repo.root, path);
    if (disk.find(file) !== undefined) {
      repo.step('git unlink', file);
      disk.unlink(file);
    }
    if (next === undefined) dropEmpty(repo, dirname(file));
    else putFile(repo, file, next, objects.blobData(next.id));
  }
}

export function putFile(repo: Checkout, file: string, { mode }: Entry, data: Uint8Array): void {
  const { disk } = repo.world;
  folders(repo, dirname(file));
  repo.step('git create', file);
  if (mode === '120000') {
    disk.create(file, 'link', 0o777, data);
    return;
  }
  const made = disk.create(file, 'file', mode === '100755' ? 0o755 : 0o644);
  writeAll(repo.world, repo.step, { what: 'git write', path: file, inode: made }, data);
}

/** Folders that a removed file leaves empty go with it, up to the top. */
function dropEmpty(repo: Checkout, folder: string): void {
  const { disk } = repo.world;
  const inside = relative(repo.root, folder);
  if (inside === '' || inside.startsWith('..') || disk.find(folder) === undefined || disk.list(folder).length > 0)
    return;
  repo.step('git rmdir', folder);
  disk.unlink(folder);
  dropEmpty(repo, dirname(folder));
}
