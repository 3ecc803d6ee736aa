// What is in a commit's tree, and what differs between two of them.
import type { ChangedPath } from '../../model/checkout.ts';
import { checkWord, fields, git, type Repository, tryGit } from './run.ts';

export interface TreeEntry {
  path: string;
  /** Six octal digits: 100644, 100755, 120000 (link), 160000 (submodule), 040000 (folder). */
  mode: string;
  type: 'blob' | 'tree' | 'commit';
  /** Object id. */
  blob: string;
}

/** A path of a tree difference with its objects; id and mode are undefined on the side that lacks it. */
export interface PathPair extends ChangedPath {
  from: { mode: string; id: string } | undefined;
  to: { mode: string; id: string } | undefined;
}

const STATUS: Readonly<Record<string, ChangedPath['status']>> = { A: 'added', D: 'deleted' };

/** The tree difference, without renames; the two need no common history. */
export async function diffTree(repo: Repository, a: string, b: string): Promise<ChangedPath[]> {
  const args = [
    'diff-tree',
    '-r',
    '-z',
    '--no-renames',
    '--name-status',
    '--end-of-options',
    checkWord(a),
    checkWord(b),
  ];
  const parts = fields(await git(repo, args));
  const changed: ChangedPath[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    changed.push({ path: parts[at + 1] ?? '', status: STATUS[parts[at] ?? ''] ?? 'modified' });
  }
  return changed;
}

/** As diffTree, with modes and object ids. */
export async function diffObjects(repo: Repository, a: string, b: string): Promise<PathPair[]> {
  const args = ['diff-tree', '-r', '-z', '--no-renames', '--raw', '--end-of-options', checkWord(a), checkWord(b)];
  const parts = fields(await git(repo, args));
  const pairs: PathPair[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [mode = '', toMode = '', id = '', toId = '', letter = ''] = (parts[at] ?? '').slice(1).split(' ');
    pairs.push({
      path: parts[at + 1] ?? '',
      status: STATUS[letter] ?? 'modified',
      from: letter === 'A' ? undefined : { mode, id },
      to: letter === 'D' ? undefined : { mode: toMode, id: toId },
    });
  }
  return pairs;
}

/** Id of the tree (or blob) at a path; the empty path is the whole tree. undefined where there is none. */
export async function treeId(repo: Repository, sha: string, path: string): Promise<string | undefined> {
  const name = path === '' ? `${checkWord(sha)}^{tree}` : `${checkWord(sha)}:${path}`;
  const result = await tryGit(repo, ['rev-parse', '--verify', '--quiet', '--end-of-options', name]);
  return result.code === 0 ? result.stdout.trim() : undefined;
}

/** What lies below folders of the tree, paths from the top; empty where there are no such folders. @param paths one, or several at once. */
export async function listTree(
  repo: Repository,
  sha: string,
  paths: string | readonly string[],
  options: { recursive?: boolean } = {},
): Promise<TreeEntry[]> {
  const below = [paths].flat().flatMap((path) => (path === '' ? [] : [`${path.replace(/\/+$/, '')}/`]));
  const flags = options.recursive ? ['-r'] : [];
  const stdout = await git(repo, [
    'ls-tree',
    '-z',
    '--full-tree',
    ...flags,
    '--end-of-options',
    checkWord(sha),
    ...below,
  ]);
  return fields(stdout).map((line) => {
    // MODE TYPE ID<tab>PATH
    const [space, tab] = [line.indexOf(' ', 7), line.indexOf('\t')];
    const type = line.slice(7, space) as TreeEntry['type'];
    return { path: line.slice(tab + 1), mode: line.slice(0, 6), type, blob: line.slice(space + 1, tab) };
  });
}

/** The folders right below a folder of the tree, by name, with the ids of their trees: equal ids are equal folders. */
export async function listFolders(repo: Repository, sha: string, path: string): Promise<Map<string, string>> {
  const folders = (await listTree(repo, sha, path)).filter((entry) => entry.type === 'tree');
  return new Map(folders.map((entry) => [entry.path.slice(path.length + 1), entry.blob]));
}
