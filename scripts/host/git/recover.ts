// After a crash in the middle of our own move of the checkout: it is completed, if nothing in it is anybody else's.
import { dirname, join } from 'node:path';
import type { Passage } from '../../model/checkout.ts';
import { refused } from '../../model/error.ts';
import { checkArrived, flush, look, type Move } from './advance.ts';
import { layBranch } from './move.ts';
import { filesBelow, statIn } from './place.ts';
import { git, gitFailed, type Repository, tryGit } from './run.ts';
import { diffObjects, type PathPair } from './trees.ts';

/** As recoverMove, for a fast-forward of the branch that is checked out. */
export const recoverAdvance = (repo: Repository, move: Move & { branch: string }): Promise<'whole' | 'completed'> =>
  recoverMove(repo, { from: { branch: move.branch, sha: move.from }, to: { branch: move.branch, sha: move.to } });

/**
 * The caller asserts that the journal holds an open intent of ours for this move and that no process of it is alive.
 * HEAD may be at either end. @returns what was found: `whole` (nothing to do), or `completed`.
 * @throws refused, before anything is changed, naming every path whose content is neither end's.
 */
export async function recoverMove(repo: Repository, { from, to }: Passage): Promise<'whole' | 'completed'> {
  const move = { from: from.sha, to: to.sha };
  const locks = await leftLocks(repo, [...new Set([from.branch, to.branch])]);
  const now = await look(repo);
  const isAt = (place: Passage['to']) => now.branch === place.branch && now.head === place.sha;
  if (!isAt(from) && !isAt(to)) {
    throw refused({
      what: `The checkout was moved by somebody else: expected ${from.branch} at ${from.sha} or ${to.branch} at ${to.sha}, found ${now.branch ?? 'a detached HEAD'} at ${now.head}`,
      where: repo.root,
      hint: `Put it back by hand, then resume: git switch ${from.branch} && git reset --keep ${from.sha}`,
    });
  }
  const whole = isAt(to) && now.dirty.length === 0 && locks.length === 0;
  if (!whole) {
    const pairs = await diffObjects(repo, move.from, move.to);
    const foreign = await foreignPaths(repo, pairs, now.dirty);
    if (foreign.length > 0) throw notOurs(repo, move, foreign);
    for (const lock of locks) repo.host.files.remove(lock);
    for (const pair of pairs) if (pair.to === undefined) removeNew(repo, pair.path);
    if (now.branch !== to.branch) await layBranch(repo, to);
    const complete =
      now.branch === to.branch
        ? ['reset', '--hard', '--quiet', to.sha]
        : ['checkout', '--force', '--quiet', '--no-track', '-B', to.branch, to.sha, '--'];
    const result = await tryGit(repo, complete, { durable: true, timeoutMs: 300_000 });
    if (result.code !== 0 || result.timedOut) {
      throw gitFailed(repo, `The interrupted move to ${to.sha} could not be completed`, result, 'step-failed');
    }
  }
  await flush(repo, move, to.branch);
  await checkArrived(repo, to.sha);
  return whole ? 'whole' : 'completed';
}

/** A file that the move was writing, on the way back: git does not know it yet where the index had not moved, and would let it lie. */
function removeNew(repo: Repository, path: string): void {
  const { files } = repo.host;
  const kind = statIn(repo, path)?.kind;
  if (kind !== 'file' && kind !== 'link') return;
  files.remove(join(repo.root, path));
  for (let at = dirname(path); at !== '.' && files.list(join(repo.root, at)).length === 0; at = dirname(at))
    files.remove(join(repo.root, at));
}

const notOurs = (repo: Repository, move: Move, foreign: string[]) =>
  refused({
    what: `The move from ${move.from} to ${move.to} was interrupted, and ${foreign.length} ${foreign.length === 1 ? 'path is' : 'paths are'} neither's`,
    where: repo.root,
    details: foreign.slice(0, 20),
    hint: 'Save what you need of these files elsewhere, then put each back by: git checkout HEAD -- PATH (remove those that git does not know), and resume.',
  });

/** Lock files that a dead git can leave where we moved HEAD: the index, HEAD and the branches themselves. */
async function leftLocks(repo: Repository, branches: readonly string[]): Promise<string[]> {
  const refs = branches.map((branch) => `refs/heads/${branch}.lock`);
  const names = ['index.lock', 'HEAD.lock', 'ORIG_HEAD.lock', ...refs];
  const asked = names.flatMap((name) => ['--git-path', name]);
  const paths = (await git(repo, ['rev-parse', '--path-format=absolute', ...asked])).trimEnd().split('\n');
  return paths.filter((path) => repo.host.files.stat(path) !== undefined);
}

/** Paths whose content is not one that the move itself can have left. */
async function foreignPaths(repo: Repository, pairs: readonly PathPair[], dirty: readonly string[]): Promise<string[]> {
  const moved = new Set(pairs.map((pair) => pair.path));
  const foreign = new Set(dirty.filter((path) => !moved.has(path)));
  const regular: Array<{ pair: PathPair; size: number }> = [];
  for (const pair of pairs) {
    const stat = statIn(repo, pair.path);
    // A name that is not UTF-8 cannot be looked at.
    if (pair.path.includes('\uFFFD')) foreign.add(pair.path);
    // The folder of a submodule is none of ours, and git removes a file before it writes the new one.
    else if (pair.from?.mode === '160000' || pair.to?.mode === '160000' || stat === undefined) continue;
    else if (stat.kind === 'file') regular.push({ pair, size: stat.size });
    else if (stat.kind === 'folder') {
      for (const path of filesBelow(repo, pair.path)) if (!moved.has(path)) foreign.add(path);
    } else if (stat.kind === 'other' || !isOf(pair, linkId(repo, pair.path))) foreign.add(pair.path);
  }
  const ids = await contentIds(
    repo,
    regular.map(({ pair }) => pair.path),
  );
  for (const [at, { pair, size }] of regular.entries()) {
    if (!isOf(pair, ids[at]) && !(await isHalfWritten(repo, pair, size))) foreign.add(pair.path);
  }
  return [...foreign].sort();
}

const isOf = (pair: PathPair, id: string | undefined): boolean => id === pair.from?.id || id === pair.to?.id;

/** What git would call the files' contents, filters applied. */
async function contentIds(repo: Repository, paths: readonly string[]): Promise<string[]> {
  // One path a line, unquoted where it begins with a quote: names that would be misread are asked for one by one.
  const odd = (path: string) => /[\r\n]|^"/.test(path);
  const plain = paths.filter((path) => !odd(path));
  const listed = await git(repo, ['hash-object', '--stdin-paths'], {
    input: plain.map((path) => `${path}\n`).join(''),
  });
  const ids = new Map(listed.split('\n').map((id, at) => [plain[at] ?? '', id]));
  for (const path of paths) {
    if (odd(path)) ids.set(path, (await git(repo, ['hash-object', '--', path])).trim());
  }
  return paths.map((path) => ids.get(path) ?? '');
}

function linkId(repo: Repository, path: string): string {
  const target = repo.host.files.readlink(`${repo.root}/${path}`);
  return new Bun.CryptoHasher('sha1').update(`blob ${Buffer.byteLength(target)}\0${target}`).digest('hex');
}

/** The file is the beginning of what git was about to write: of the one end, or, where the way back was cut off, of the other. */
async function isHalfWritten(repo: Repository, pair: PathPair, size: number): Promise<boolean> {
  for (const end of [pair.to, pair.from]) {
    if (!end?.mode.startsWith('100')) continue;
    const show = ['git', 'cat-file', '--filters', `--path=${pair.path}`, end.id];
    const begin = await repo.host.exec.pipe([show, ['head', '-c', String(size)]], {
      cwd: repo.root,
      env: { PATH: repo.host.machine.env.PATH ?? '', HOME: repo.host.machine.env.HOME ?? '/', LC_ALL: 'C' },
      timeoutMs: 60_000,
    });
    const same = begin.bytes === size && begin.sha256 === (await repo.host.files.sha256(`${repo.root}/${pair.path}`));
    if (same) return true;
  }
  return false;
}
