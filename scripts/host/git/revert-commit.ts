// The revert as a commit, made beside the checkout: neither a branch nor a file of the live tree changes.
import { refused } from '../../model/error.ts';
import { isSha } from '../../model/names.ts';
import { fields, git, gitFailed, type Repository, tryGit } from './run.ts';
import { openStore } from './store.ts';

/** What a release brought: MERGE_SHA's tree over BASE_SHA's, whatever lies between. */
export interface Change {
  baseSha: string;
  mergeSha: string;
}

export type MadeRevert =
  | { kind: 'made'; sha: string }
  /** Nothing of the change is left there. */
  | { kind: 'empty' }
  | { kind: 'conflicts'; paths: string[] };

const SETTINGS = [
  'core.autocrlf=false',
  'core.sparseCheckout=false',
  'core.splitIndex=false',
  'core.untrackedCache=false',
  'rerere.enabled=false',
  'i18n.commitEncoding=UTF-8',
].flatMap((setting) => ['-c', setting]);

/** One commit from `from` to `to`'s tree, in no branch. The same two make the same commit. */
export async function squashed(repo: Repository, from: string, to: string): Promise<string> {
  const env: Record<string, string> = {};
  for (const who of ['AUTHOR', 'COMMITTER']) {
    env[`GIT_${who}_NAME`] = 'Belay';
    env[`GIT_${who}_EMAIL`] = 'belay@localhost';
    env[`GIT_${who}_DATE`] = '@0 +0000';
  }
  const args = ['commit-tree', `${to}^{tree}`, '-p', from, '-m', `${from}..${to}`];
  return (await git(repo, args, { env, durable: true })).trim();
}

/**
 * Takes the change back on top of a commit, as `git revert -m 1` does with a merge.
 * @param onto usually origin's branch. @param folder of ours; removed before and afterwards.
 * @throws refused where git can neither do it nor name a conflict.
 */
export async function makeRevert(repo: Repository, change: Change, onto: string, folder: string): Promise<MadeRevert> {
  const shas = [change.baseSha, change.mergeSha, onto];
  if (!shas.every(isSha)) throw new Error(`a revert needs full object names, got ${shas.join(' ')}`);
  const { files } = repo.host;
  files.remove(folder);
  try {
    const [undone, who] = await Promise.all([squashed(repo, change.baseSha, change.mergeSha), identity(repo)]);
    const inside = await openAside(repo, onto, folder, who);
    const result = await inside(['revert', '--no-commit', undone]);
    if (result.code !== 0 || result.timedOut) {
      const conflicts = fields((await inside(['diff', '--name-only', '--diff-filter=U', '-z'])).stdout);
      if (conflicts.length > 0 && !result.timedOut) return { kind: 'conflicts', paths: conflicts };
      throw gitFailed(repo, `git could not revert ${change.mergeSha} on top of ${onto}`, result);
    }
    const tree = (await inside(['write-tree'])).stdout.trim();
    if (!isSha(tree)) throw refused({ what: 'git did not write the tree of the revert', where: folder });
    if (tree === (await git(repo, ['rev-parse', '--verify', `${onto}^{tree}`])).trim()) return { kind: 'empty' };
    const args = [...SETTINGS, 'commit-tree', tree, '-p', onto];
    const input = await revertMessage(repo, change);
    const sha = (await git(repo, args, { input, env: who, durable: true })).trim();
    return { kind: 'made', sha };
  } finally {
    files.remove(folder);
  }
}

/** A work tree that git has no note of, laid out at a commit. @returns how to run git in it. */
async function openAside(repo: Repository, sha: string, folder: string, who: Record<string, string>) {
  const { files } = repo.host;
  await openStore(repo, folder);
  files.replace(`${folder}/gitdir/HEAD`, `${sha}\n`);
  const tree = `${folder}/tree`;
  files.mkdir(tree);
  const env = {
    GIT_DIR: `${folder}/gitdir`,
    GIT_WORK_TREE: tree,
    // Contents that git-lfs would have to download stay pointers.
    GIT_LFS_SKIP_SMUDGE: '1',
    ...who,
  };
  // An object that a power cut emptied is never written again: git sees that it is there.
  const inside = (args: readonly string[]) =>
    tryGit({ ...repo, root: tree }, [...SETTINGS, ...args], { env, durable: true, timeoutMs: 300_000 });
  const laidOut = await inside(['read-tree', '--reset', '-u', sha]);
  if (laidOut.code !== 0 || laidOut.timedOut) throw gitFailed(repo, `git could not lay out ${sha}`, laidOut);
  return inside;
}

/** A host whose git forgot who it is can still take a release back. */
async function identity(repo: Repository): Promise<Record<string, string>> {
  const known = await tryGit(repo, ['-c', 'user.useConfigOnly=true', 'var', 'GIT_COMMITTER_IDENT']);
  if (known.code === 0) return {};
  const [name, email] = ['Belay', `belay@${repo.host.machine.hostname}`];
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
}

/** Word for word what `git revert -m 1` writes, so that tools that look for reverts find this one. */
async function revertMessage(repo: Repository, { baseSha, mergeSha }: Change): Promise<string> {
  const shown = ['--no-walk', '--no-show-signature', '--encoding=UTF-8', '--format=%s', '--end-of-options', mergeSha];
  const subject = (await git(repo, ['log', ...shown])).replace(/\n$/, '');
  return `Revert "${subject}"\n\nThis reverts commit ${mergeSha}, reversing\nchanges made to ${baseSha}.\n`;
}
