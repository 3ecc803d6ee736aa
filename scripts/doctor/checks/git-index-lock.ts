// A lock that a git which died left behind: every other git waits for it in vain.
import { shellWord } from '../../backups/shell.ts';
import { tryGit } from '../../host/git/run.ts';
import { readHolder } from '../../journal/lock.ts';
import { blocksOthers } from '../../plan/next.ts';
import { type Check, fail, mend, pass, skip, warn } from '../check.ts';
import type { Patient } from '../patient.ts';

export const indexLock: Check = {
  id: 'git-index-lock',
  needs: 'repository',
  async look(at) {
    if (at.repo === undefined) return [skip('no checkout')];
    if (!(await at.tree()).indexLock) return [pass('no index.lock')];
    const path = (
      await tryGit(at.repo, ['rev-parse', '--path-format=absolute', '--git-path', 'index.lock'])
    ).stdout.trim();
    const holder = readHolder(at.host, at.paths);
    if (holder !== undefined)
      return [warn(`${holder.command} is at work (process ${holder.pid}); ${path} is its lock`)];
    const own = at.releases().find(({ state }) => state?.releaseStatus === 'running' && !blocksOthers(state));
    if (own?.state?.phase === 'prepare')
      return [
        fail(
          `${path} was left by ${own.ticket}, which died while it moved the checkout`,
          mend(`just release-run ${own.ticket} --resume`, 'complete the move'),
        ),
      ];
    const gits = gitsIn(at);
    if (gits.length > 0) return [warn(`a git works here now (process ${gits.join(', ')}); ${path} is its lock`)];
    return [
      fail(
        `${path} was left by a git that died: none works here now`,
        mend(`rm -f ${shellWord(path)}`, 'let git work again'),
      ),
    ];
  },
};

/** Processes called git whose working directory is in the checkout. One that we may not look into is none of this host's owner. */
function gitsIn({ host, paths }: Patient): string[] {
  const { files } = host;
  const read = (path: string, how: (path: string) => string): string => {
    try {
      return how(path);
    } catch (error) {
      if (error instanceof Error) return '';
      throw error;
    }
  };
  return files
    .list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(`/proc/${pid}/comm`, (path) => files.readText(path) ?? '').trim() === 'git')
    .filter((pid) => `${read(`/proc/${pid}/cwd`, files.readlink)}/`.startsWith(`${paths.root}/`));
}
