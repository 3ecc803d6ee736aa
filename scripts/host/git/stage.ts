// The target's tree beside the live one: as a worktree for a release, as plain files for a dry run.
import { basename, dirname, join } from 'node:path';
import { refused } from '../../model/error.ts';
import { checkWord, fields, git, gitFailed, type Repository, tryGit } from './run.ts';
import { storeEnv } from './store.ts';

/** Checks out a commit, detached, in a folder of ours; what an earlier try left there is removed first. @throws step-failed. */
export async function addStage(
  repo: Repository,
  sha: string,
  folder: string,
  options: { timeoutMs?: number } = {},
): Promise<void> {
  await removeStage(repo, folder);
  const result = await tryGit(
    repo,
    ['worktree', 'add', '--quiet', '--detach', '--end-of-options', folder, checkWord(sha)],
    {
      timeoutMs: options.timeoutMs ?? 300_000,
    },
  );
  if (result.code !== 0 || result.timedOut)
    throw gitFailed(repo, `The stage ${folder} could not be checked out`, result, 'step-failed');
}

/** Removes a stage and all that git noted of it, however much of it is there. */
export async function removeStage(repo: Repository, folder: string): Promise<void> {
  removeNoted(repo, folder, await worktreeNotes(repo));
}

/** Removes every stage below a folder, and what git noted of some whose folder is gone: a power cut keeps what it likes. */
export async function removeStages(repo: Repository, below: string): Promise<void> {
  const { files } = repo.host;
  const noted = await worktreeNotes(repo);
  for (const name of files.list(below)) {
    const path = join(below, name);
    if (files.stat(path)?.kind === 'folder') removeNoted(repo, path, noted);
    else files.remove(path);
  }
  for (const { notes, link } of noted)
    if (link.startsWith(`${below}/`) && files.stat(dirname(link)) === undefined) files.remove(notes);
}

function removeNoted(repo: Repository, folder: string, noted: readonly Noted[]): void {
  if (!folder.startsWith('/') || `${repo.root}/`.startsWith(`${folder.replace(/\/+$/, '')}/`)) {
    throw refused({ what: `${folder} is no folder for a stage`, where: repo.root });
  }
  const { files } = repo.host;
  const name = basename(folder);
  const parent = dirname(folder);
  const real = files.stat(parent) === undefined ? folder : join(files.realpath(parent), name);
  for (const { id, notes, link } of noted) {
    // git adds digits where a name is taken; notes without a link were left by a git that died while it made them.
    const halfMade = !link && (id === name || (id.startsWith(name) && /^\d+$/.test(id.slice(name.length))));
    if (link === `${folder}/.git` || link === `${real}/.git` || halfMade) files.remove(notes);
  }
  // Last: while it is there, whoever comes after a crash sees that there is something to remove.
  files.remove(folder);
}

/** What git noted of a linked work tree: its folder of notes, and the `.git` that it belongs to (empty where that was never written). */
interface Noted {
  id: string;
  notes: string;
  link: string;
}

async function worktreeNotes(repo: Repository): Promise<Noted[]> {
  const common = (await git(repo, ['rev-parse', '--path-format=absolute', '--git-common-dir'])).trim();
  const { files } = repo.host;
  return files.list(`${common}/worktrees`).map((id) => {
    const notes = `${common}/worktrees/${id}`;
    return { id, notes, link: files.readText(`${notes}/gitdir`)?.trim() ?? '' };
  });
}

/**
 * Writes some of a commit's files below a folder, without a worktree: nothing below .git changes.
 * @param repo with a store (see openStore). @param paths files and folders, from the top; what is not there is left out.
 */
export async function exportTree(
  repo: Repository & { store: string },
  sha: string,
  folder: string,
  paths: readonly string[],
): Promise<void> {
  const env = {
    ...storeEnv(repo.store),
    // Of its own, so that two exports may run at once.
    GIT_INDEX_FILE: `${repo.store}/gitdir/index.${repo.host.machine.random(6)}`,
    GIT_WORK_TREE: repo.root,
    GIT_LITERAL_PATHSPECS: '1',
    // Contents that git-lfs would have to download stay pointers.
    GIT_LFS_SKIP_SMUDGE: '1',
  };
  const plain = ['-c', 'core.autocrlf=false'];
  await git(repo, [...plain, 'read-tree', checkWord(sha)], { env });
  for (let at = 0; at < paths.length; at += 500) {
    const some = paths.slice(at, at + 500);
    const listed = await git(repo, [...plain, 'ls-files', '-z', '--', ...some], { env });
    if (fields(listed).length === 0) continue;
    const args = [...plain, 'checkout-index', '--force', '--quiet', '-z', '--stdin', `--prefix=${folder}/`];
    await git(repo, args, { env, input: listed, timeoutMs: 300_000 });
  }
}
