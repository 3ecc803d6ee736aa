// What is wrong with a checkout and its remote.

import { expect } from 'bun:test';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startSshd } from '../harness/sshd.ts';
import type { Case } from './case.ts';
import type { WardBed } from './ward.ts';

const git = (bed: WardBed, ...args: string[]) => bed.git(bed.root, ...args);
const REF = 'refs/asd/deployed';

export const GIT: ReadonlyArray<Case<WardBed>> = [
  {
    check: 'git-repository',
    name: 'core.bare=true',
    outcome: 'fail',
    says: 'core.bare=true',
    safe: true,
    spoil: (bed) => git(bed, 'config', 'core.bare', 'true'),
  },
  {
    check: 'git-repository',
    name: "somebody else's",
    outcome: 'fail',
    says: /dubious ownership|belongs to/,
    spoil: (bed) => {
      chmodSync(bed.folder, 0o755);
      chownSync(bed.root, 65534, 65534);
    },
  },
  {
    check: 'git-clean',
    name: 'files that were changed by hand',
    outcome: 'fail',
    says: '2 tracked files were changed by hand: .M "a.txt", A. "new.txt"',
    spoil(bed) {
      bed.put('a.txt', 'mine\n');
      bed.put('new.txt', 'mine too\n');
      git(bed, 'add', 'new.txt');
    },
    after: (bed) => expect(git(bed, 'stash', 'show', '-p', 'stash@{0}')).toContain('+mine'),
  },
  {
    check: 'git-branch',
    name: 'another branch',
    outcome: 'fail',
    says: 'the checkout is on other',
    spoil: (bed) => git(bed, 'switch', '--quiet', '-c', 'other'),
  },
  {
    check: 'git-branch',
    name: 'a detached HEAD',
    outcome: 'fail',
    says: 'HEAD is detached',
    spoil: (bed) => git(bed, 'switch', '--quiet', '--detach'),
  },
  ...(['merge', 'rebase', 'cherry-pick', 'revert'] as const).map(
    (operation): Case<WardBed> => ({
      check: 'git-operation',
      name: `a ${operation} left in the middle`,
      outcome: 'fail',
      says: `a ${operation} was begun here`,
      before(bed) {
        git(bed, 'switch', '--quiet', '-c', 'side');
        bed.commit('a.txt', 'side\n');
        git(bed, 'switch', '--quiet', 'main');
        for (const text of ['main\n', 'main again\n']) bed.commit('a.txt', text);
      },
      spoil: (bed) => expect(() => git(bed, operation, operation === 'revert' ? 'HEAD~1' : 'side')).toThrow(),
    }),
  ),
  {
    check: 'git-operation',
    name: 'a bisect left in the middle',
    outcome: 'fail',
    says: 'a bisect was begun here',
    before(bed) {
      for (const text of ['1\n', '2\n', '3\n', '4\n']) bed.commit('b.txt', text);
    },
    spoil: (bed) => git(bed, 'bisect', 'start', 'HEAD', 'HEAD~4'),
  },
  {
    check: 'git-index-lock',
    name: 'left by a git that died',
    outcome: 'fail',
    says: 'index.lock was left by a git that died',
    spoil: (bed) => bed.put('.git/index.lock', ''),
    after: (bed) => expect(existsSync(join(bed.root, '.git/index.lock'))).toBe(false),
  },
  {
    check: 'git-worktrees',
    name: 'one whose folder is gone',
    outcome: 'fail',
    says: 'git notes worktrees that are gone',
    safe: true,
    spoil(bed) {
      git(bed, 'worktree', 'add', '--quiet', '--detach', join(bed.folder, 'aside'));
      rmSync(join(bed.folder, 'aside'), { recursive: true });
    },
  },
  {
    check: 'git-identity',
    name: 'no name',
    outcome: 'fail',
    says: 'git has no user.name',
    spoil: (bed) => writeFileSync(join(bed.folder, 'home/.gitconfig'), ''),
  },
  {
    check: 'git-remote',
    name: 'it lacks the branch',
    outcome: 'fail',
    says: 'has no branch main',
    before: (bed) => bed.git(bed.origin, 'switch', '--quiet', '--detach'),
    spoil: (bed) => bed.git(bed.origin, 'branch', '-D', 'main'),
  },
  {
    check: 'git-remote',
    name: 'no remote, and git knows from where it cloned',
    outcome: 'fail',
    says: 'no remote called origin',
    spoil(bed) {
      git(bed, 'remote', 'remove', 'origin');
      // The sandbox may be a copy of one that was cloned elsewhere.
      const log = join(bed.root, '.git/logs/HEAD');
      writeFileSync(log, readFileSync(log, 'utf8').replace(/clone: from .*/, `clone: from file://${bed.origin}`));
    },
  },
  {
    check: 'git-remote',
    name: 'no remote, and nothing says where it was',
    outcome: 'fail',
    says: 'no remote called origin',
    spoil(bed) {
      git(bed, 'remote', 'remove', 'origin');
      rmSync(join(bed.root, '.git/logs'), { recursive: true });
    },
    answers: '../origin\n',
  },
  {
    check: 'git-remote',
    name: 'a remote of another name',
    outcome: 'fail',
    says: 'no remote called origin',
    spoil: (bed) => git(bed, 'remote', 'rename', 'origin', 'upstream'),
  },
  {
    check: 'git-remote',
    name: 'gone, until somebody puts it back',
    outcome: 'fail',
    says: 'cannot be reached',
    spoil: (bed) => renameSync(bed.origin, `${bed.origin}-away`),
    meanwhile: (bed) => renameSync(`${bed.origin}-away`, bed.origin),
  },
  {
    check: 'git-remote',
    name: 'an ssh host whose key is not known',
    outcome: 'fail',
    says: 'not known to it yet',
    async before(bed) {
      const sshd = await startSshd({ LC_ALL: 'C' });
      bed.defer(sshd.stop);
      const known = join(bed.folder, 'known');
      const own = /UserKnownHostsFile=(\S+)/.exec(sshd.git.command)?.[1] ?? '';
      writeFileSync(known, readFileSync(own));
      git(bed, 'remote', 'set-url', 'origin', `${sshd.git.url}${bed.origin}`);
      git(bed, 'config', 'core.sshCommand', sshd.git.command.replace(own, known));
    },
    spoil: (bed) => writeFileSync(join(bed.folder, 'known'), ''),
  },
  {
    check: 'git-push',
    name: 'pushes go elsewhere, where nothing is',
    outcome: 'warn',
    says: 'a revert would not reach origin',
    spoil: (bed) => git(bed, 'remote', 'set-url', '--push', 'origin', join(bed.folder, 'nowhere')),
    // The second one looks.
    lines: 1,
  },
  {
    check: 'git-deployed',
    name: 'the checkout is behind',
    outcome: 'fail',
    says: 'the checkout is behind',
    before: (bed) => git(bed, 'update-ref', REF, 'HEAD'),
    spoil(bed) {
      bed.commit('b.txt', 'b\n');
      git(bed, 'update-ref', REF, 'HEAD');
      git(bed, 'reset', '--quiet', '--hard', 'HEAD~1');
    },
  },
  {
    check: 'git-deployed',
    name: 'the checkout is beside it',
    outcome: 'fail',
    says: 'is not in the history of the checkout',
    before(bed) {
      bed.commit('b.txt', 'b\n');
      git(bed, 'update-ref', REF, 'HEAD');
    },
    spoil(bed) {
      git(bed, 'reset', '--quiet', '--hard', 'HEAD~1');
      bed.commit('c.txt', 'c\n');
    },
  },
  {
    check: 'git-deployed',
    name: 'damaged',
    outcome: 'fail',
    says: 'refs/asd/deployed is damaged',
    before: (bed) => git(bed, 'update-ref', REF, 'HEAD'),
    spoil(bed) {
      mkdirSync(join(bed.root, '.git/refs/asd'), { recursive: true });
      bed.put('.git/refs/asd/deployed', `${'1'.repeat(40)}\n`);
    },
  },
  {
    check: 'git-local-commits',
    name: 'made on this host',
    outcome: 'fail',
    says: '1 commits of the checkout are not on origin',
    spoil: (bed) => bed.commit('mine.txt', 'mine\n'),
    after: (bed) => expect(bed.git(bed.origin, 'branch', '--list', 'host-local-*')).not.toBe(''),
  },
];
