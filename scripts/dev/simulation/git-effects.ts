// Commands of the simulated git that change something, in the order in which git changes it.
import { basename, join } from 'node:path';
import { type GitCall, type GitCommand, GitError } from './git-call.ts';
import { origin } from './git-looks.ts';
import type { Entry } from './git-objects.ts';
import {
  branchOf,
  type Checkout,
  dirtyPaths,
  entryAt,
  finish,
  folders,
  indexData,
  moveFiles,
  place,
  putFile,
  readIndex,
  resolve,
  writeIndex,
  writeRef,
} from './git-repository.ts';
import { failed, type Outcome, said, textOf } from './program.ts';

const plain = (args: readonly string[]): string[] => args.filter((each) => !each.startsWith('-'));

function fetch(given: GitCall): Outcome {
  const { args, repo } = given;
  const remoteSide = origin(given);
  for (const spec of plain(args).slice(1)) {
    const [from = '', to = ''] = spec.replace(/^\+/, '').split(':');
    const id = resolve(remoteSide, from);
    if (id === undefined) return failed(128, `fatal: couldn't find remote ref ${from}`);
    if (to !== '' && resolve(repo, to) !== id) writeRef(repo, to, id);
  }
  return said();
}

function push(given: GitCall): Outcome {
  const { args, repo, id } = given;
  // The other host does its part whole, whatever becomes of this one.
  const remoteSide = { ...origin(given), durable: true, step: () => undefined };
  const [, spec = ''] = plain(args);
  const [from = '', to = ''] = spec.split(':');
  const [next, there] = [id(from), resolve(remoteSide, to)];
  const { objects } = repo.world;
  if (there !== undefined && !objects.ancestors(next).has(there))
    return {
      ...failed(1, `error: failed to push some refs`),
      stdout: Buffer.from(`To origin\n!\t${from}:${to}\t[rejected] (fetch first)\nDone\n`),
    };
  if (!args.includes('--dry-run')) {
    repo.step('git push', to);
    writeRef(remoteSide, to, next);
    for (const path of repo.world.disk.below(remoteSide.commonDir)) repo.world.disk.flush(repo.world.disk.get(path));
    const tracking = to.replace('refs/heads/', 'refs/remotes/origin/');
    if (resolve(repo, tracking) !== next) writeRef(repo, tracking, next);
  }
  return said(`To origin\n \t${from}:${to}\t${(there ?? '').slice(0, 7)}..${next.slice(0, 7)}\nDone\n`);
}

/** Files of the work tree and the index from one commit to another, under the index's lock. */
function moveTo(repo: Checkout, from: ReadonlyMap<string, Entry>, to: ReadonlyMap<string, Entry>): void {
  const { disk } = repo.world;
  const lock = `${repo.indexFile}.lock`;
  if (disk.find(lock) !== undefined) throw new GitError(128, `fatal: Unable to create '${lock}': File exists.`);
  repo.step('git index lock', lock);
  const made = disk.create(lock, 'file', 0o644);
  moveFiles(repo, from, to);
  finish(repo, repo.indexFile, lock, made, indexData(to), 'index');
}

function moveHead(repo: Checkout, id: string): void {
  const branch = branchOf(repo);
  writeRef(repo, branch === undefined ? 'HEAD' : `refs/heads/${branch}`, id);
}

function merge({ repo, args, id }: GitCall): Outcome {
  const { objects, disk } = repo.world;
  const [target = ''] = plain(args);
  const [from, to] = [id('HEAD'), id(target)];
  if (!objects.ancestors(to).has(from)) return failed(128, 'fatal: Not possible to fast-forward, aborting.');
  const [before, after] = [objects.files(from), objects.files(to)];
  const inTheWay = [...after.keys()].filter(
    (path) => !before.has(path) && disk.find(join(repo.root, path)) !== undefined,
  );
  if (inTheWay.length > 0)
    return failed(1, 'error: The following untracked working tree files would be overwritten by merge:', ...inTheWay);
  writeRef(repo, 'ORIG_HEAD', from);
  moveTo(repo, before, after);
  moveHead(repo, to);
  return said();
}

/** What is really there, which counts for --hard and --force: a killed move may have left any of both ends. */
function filesThere(repo: Checkout, after: ReadonlyMap<string, Entry>): Map<string, Entry> {
  const there = new Map<string, Entry>();
  for (const path of new Set([...readIndex(repo).keys(), ...after.keys()])) {
    const entry = entryAt(repo, path);
    if (entry !== undefined) there.set(path, entry);
  }
  return there;
}

function reset({ repo, args, id }: GitCall): Outcome {
  const { objects } = repo.world;
  const to = id(plain(args)[0] ?? 'HEAD');
  const after = objects.files(to);
  const hard = args.includes('--hard');
  if (!hard) {
    const touched = dirtyPaths(repo).filter(
      ([path]) => after.get(path)?.id !== objects.files(id('HEAD')).get(path)?.id,
    );
    if (touched.length > 0) return failed(128, `error: Entry '${touched[0]?.[0]}' not uptodate. Cannot merge.`);
  }
  moveTo(repo, hard ? filesThere(repo, after) : objects.files(id('HEAD')), after);
  moveHead(repo, to);
  return said();
}

function updateRef({ repo, args, id }: GitCall): Outcome {
  const words = args.filter((each, at) => !each.startsWith('-') && args[at - 1] !== '-m');
  const [name = '', next = '', expected] = words;
  if (args.includes('-d')) {
    repo.step('git ref remove', name);
    if (repo.world.disk.find(join(repo.commonDir, name))) repo.world.disk.unlink(join(repo.commonDir, name));
    return said();
  }
  const now = resolve(repo, name);
  const zero = expected === undefined || /^0*$/.test(expected) ? undefined : expected;
  if (expected !== undefined && now !== zero)
    return failed(
      128,
      `fatal: update_ref failed for ref '${name}': cannot lock ref: is at ${now} but expected ${expected}`,
    );
  writeRef(repo, name, id(next));
  return said();
}

function worktree({ repo, args, id }: GitCall): Outcome {
  const { disk, objects } = repo.world;
  const [what, folder = '', commit = ''] = plain(args);
  if (what !== 'add') throw new Error(`the simulated git worktree has no ${what}`);
  if (disk.find(folder) !== undefined) return failed(128, `fatal: '${folder}' already exists`);
  const sha = id(commit);
  // Where the name is taken, git adds digits.
  const taken = new Set(disk.list(join(repo.commonDir, 'worktrees')));
  const names = [basename(folder), ...Array.from({ length: 99 }, (_, at) => `${basename(folder)}${at + 1}`)];
  const notes = join(repo.commonDir, 'worktrees', names.find((name) => !taken.has(name)) ?? basename(folder));
  folders(repo, notes);
  place(repo, join(notes, 'gitdir'), join(notes, 'gitdir.lock'), Buffer.from(`${folder}/.git\n`), 'worktree gitdir');
  place(
    repo,
    join(notes, 'commondir'),
    join(notes, 'commondir.lock'),
    Buffer.from(`${repo.commonDir}\n`),
    'worktree commondir',
  );
  folders(repo, folder);
  repo.step('git worktree link', join(folder, '.git'));
  disk.write(disk.create(join(folder, '.git'), 'file', 0o644), Buffer.from(`gitdir: ${notes}\n`));
  const own: Checkout = { ...repo, gitDir: notes, root: folder, indexFile: join(notes, 'index') };
  writeRef(own, 'HEAD', sha);
  moveTo(own, new Map(), objects.files(sha));
  return said();
}

function readTree({ repo, args, id }: GitCall): Outcome {
  const { objects } = repo.world;
  const files = objects.files(id(plain(args)[0] ?? ''));
  if (args.includes('-u')) moveTo(repo, readIndex(repo), files);
  else writeIndex(repo, files);
  return said();
}

function checkoutIndex({ repo, args, call }: GitCall): Outcome {
  const { objects } = repo.world;
  const prefix = args.find((each) => each.startsWith('--prefix='))?.slice('--prefix='.length) ?? `${repo.root}/`;
  const index = readIndex(repo);
  for (const path of textOf(call.input).split('\0').filter(Boolean)) {
    const entry = index.get(path);
    if (entry !== undefined) putFile(repo, `${prefix}${path}`, entry, objects.blobData(entry.id));
  }
  return said();
}

/** A three-way merge by whole files, which is all that the scenarios need: both sides changed one file is a conflict. */
function revert({ repo, args, id }: GitCall): Outcome {
  const { objects } = repo.world;
  const commit = objects.commitOf(id(plain(args)[0] ?? ''));
  const base = objects.files(commit.tree);
  const theirs = objects.files(commit.parents[0] ?? '');
  const ours = readIndex(repo);
  const result = new Map(ours);
  const conflicts: string[] = [];
  for (const path of new Set([...base.keys(), ...theirs.keys()])) {
    const [from, to, now] = [base.get(path)?.id, theirs.get(path)?.id, ours.get(path)?.id];
    if (from === to || now === to) continue;
    const entry = theirs.get(path);
    if (now !== from) conflicts.push(path);
    else if (entry === undefined) result.delete(path);
    else result.set(path, entry);
  }
  if (conflicts.length > 0)
    return failed(1, ...conflicts.map((path) => `CONFLICT (content): Merge conflict in ${path}`));
  moveTo(repo, ours, result);
  return said();
}

function commitTree({ repo, args, call, id }: GitCall): Outcome {
  const parents = args.flatMap((word, at) => (args[at - 1] === '-p' ? [id(word)] : []));
  const message = args.includes('-m') ? `${args[args.indexOf('-m') + 1] ?? ''}\n` : textOf(call.input);
  const author = `${call.env.GIT_AUTHOR_NAME ?? 'Operator'} <${call.env.GIT_AUTHOR_EMAIL ?? 'operator@example.org'}>`;
  const date = /^@(\d+)/.exec(call.env.GIT_AUTHOR_DATE ?? '')?.[1];
  const time = date === undefined ? Math.floor(repo.world.clock.now() / 1000) : Number(date);
  repo.step('git commit-tree', repo.commonDir);
  return said(`${repo.world.objects.commit({ tree: id(args[0] ?? ''), parents, message, author, time })}\n`);
}

const writeTree: GitCommand = ({ repo }) => said(`${repo.world.objects.tree(readIndex(repo))}\n`);

function branch({ repo, args, id }: GitCall): Outcome {
  const [name = '', commit = ''] = plain(args);
  if (!args.includes('--force')) throw new Error(`the simulated git branch has no ${args.join(' ')}`);
  if (branchOf(repo) === name)
    return failed(128, `fatal: cannot force update the branch '${name}' checked out at '${repo.root}'`);
  writeRef(repo, `refs/heads/${name}`, id(commit));
  return said();
}

function checkout({ repo, args, id }: GitCall): Outcome {
  const { objects } = repo.world;
  const name = args[args.indexOf('-B') + 1] ?? '';
  const to = id(args[args.indexOf('-B') + 2] ?? '');
  const after = objects.files(to);
  moveTo(repo, args.includes('--force') ? filesThere(repo, after) : readIndex(repo), after);
  if (resolve(repo, `refs/heads/${name}`) !== to) writeRef(repo, `refs/heads/${name}`, to);
  place(
    repo,
    join(repo.gitDir, 'HEAD'),
    join(repo.gitDir, 'HEAD.lock'),
    Buffer.from(`ref: refs/heads/${name}\n`),
    'HEAD',
  );
  return said();
}

export const EFFECTS: Readonly<Record<string, GitCommand>> = {
  fetch,
  push,
  merge,
  reset,
  'update-ref': updateRef,
  worktree,
  'read-tree': readTree,
  'checkout-index': checkoutIndex,
  revert,
  'commit-tree': commitTree,
  'write-tree': writeTree,
  branch,
  checkout,
};
