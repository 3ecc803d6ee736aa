// The checkout itself: git takes it for one, nothing in it was changed or left half done, and a release could be made from it.
import { shellWord } from '../../backups/shell.ts';
import { toplevel } from '../../host/git/repository.ts';
import { tryGit } from '../../host/git/run.ts';
import { ReleaseError } from '../../model/error.ts';
import { UNDO } from '../../plan/preflight.ts';
import { type Check, fail, mend, pass, safeMend, skip, warn } from '../check.ts';

const SHOWN = 10;

export const repository: Check = {
  id: 'git-repository',
  async look(at) {
    try {
      return [pass(await toplevel(at.host, at.paths.root))];
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      const { message, facts } = error;
      const line = [facts.hint ?? []].flat().find((each) => each.startsWith('git '));
      if (line?.includes('core.bare')) return [fail(message, safeMend(line, 'it is a checkout'))];
      if (line !== undefined) return [fail(message, mend(line, 'if its owner is trusted'))];
      return [fail(message, mend('git status', 'see what git says'))];
    }
  },
};

export const clean: Check = {
  id: 'git-clean',
  needs: 'repository',
  async look(at) {
    const { dirty } = await at.tree();
    if (dirty.length === 0) return [pass('no tracked file was changed')];
    const some = dirty.slice(0, SHOWN).map(({ path, status }) => `${status} ${JSON.stringify(path)}`);
    const count = `${dirty.length} tracked ${dirty.length === 1 ? 'file was' : 'files were'} changed by hand: ${some.join(', ')}`;
    return [
      fail(
        count,
        mend(
          "git stash push --quiet --message 'changed by hand'",
          'put the changes aside; git stash pop brings them back',
        ),
      ),
    ];
  },
};

export const branch: Check = {
  id: 'git-branch',
  needs: 'repository',
  async look(at) {
    const [tree, wanted] = [await at.tree(), at.config.branch];
    if (tree.branch === wanted) return [pass(wanted)];
    const back = mend(`git switch ${shellWord(wanted)}`, 'check out the branch that this host releases');
    if (tree.branch === undefined) return [fail('HEAD is detached: no branch is checked out', back)];
    const deployed = await tryGit(at.repo ?? { host: at.host, root: at.paths.root }, [
      'rev-parse',
      '--verify',
      '--quiet',
      'refs/asd/deployed',
    ]);
    const says = `the checkout is on ${tree.branch}, and this host releases ${wanted}`;
    return [
      deployed.stdout.trim() === tree.head
        ? warn(`${says}: a hotfix is deployed`, mend('just release-return-to-main', 'once it is merged'))
        : fail(says, back),
    ];
  },
};

export const operation: Check = {
  id: 'git-operation',
  needs: 'repository',
  async look(at) {
    const { inProgress } = await at.tree();
    if (inProgress === undefined) return [pass('no merge or rebase is in progress')];
    return [fail(`a ${inProgress} was begun here and not finished`, mend(UNDO[inProgress], 'give it up'))];
  },
};

export const identity: Check = {
  id: 'git-identity',
  needs: 'repository',
  async look(at) {
    if ((await at.tree()).identity) return [pass('git could make a commit')];
    const name = shellWord(`${at.host.machine.user} on ${at.host.machine.hostname}`);
    const mail = shellWord(`${at.host.machine.user}@${at.host.machine.hostname}`);
    return [
      fail(
        'git has no user.name and user.email here, which the commit of a revert needs',
        mend(`git config user.name ${name} && git config user.email ${mail}`, 'or names of your own'),
      ),
    ];
  },
};

export const worktrees: Check = {
  id: 'git-worktrees',
  needs: 'repository',
  async look(at) {
    if (at.repo === undefined) return [skip('no checkout')];
    const { stdout } = await tryGit(at.repo, ['worktree', 'list', '--porcelain']);
    const stale = stdout.split('\n\n').filter((entry) => /^prunable/m.test(entry));
    if (stale.length === 0) return [pass('no stale worktree')];
    const names = stale.map((entry) => /^worktree (.*)$/m.exec(entry)?.[1] ?? '?').slice(0, SHOWN);
    return [
      fail(`git notes worktrees that are gone: ${names.join(', ')}`, safeMend('git worktree prune', 'forget them')),
    ];
  },
};
