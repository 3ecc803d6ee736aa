// The checks of git: a checkout on which each fails, one on which it passes, and the way from one to the other by the printed command.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPaths, ticketPaths } from '../host/paths.ts';
import { writeState } from '../journal/state.ts';
import { SCHEMA } from '../model/release.ts';
import { branch, clean, identity, operation, repository, worktrees } from './checks/git-checkout.ts';
import { deployed, localCommits } from './checks/git-deployed.ts';
import { indexLock } from './checks/git-index-lock.ts';
import { push, remote } from './checks/git-remote.ts';
import { commandLines, failures, openWard, type Ward } from './fixture.ts';

let ward: Ward;
beforeEach(() => {
  ward = openWard({ 'a.txt': '1\n' });
});
afterEach(() => ward.close());
const git = (...args: string[]) => ward.git(ward.root, ...args);
const commit = (file: string, text: string) => {
  writeFileSync(join(ward.root, file), text);
  git('add', file);
  git('commit', '--quiet', '-m', file);
};

test('core.bare=true, and its mend is one for --fix', async () => {
  git('config', 'core.bare', 'true');
  const [finding] = failures(await ward.examine(repository, { isCheckout: false }));
  expect(finding?.mends[0]?.safe).toBe(true);
  git('config', 'core.bare', 'false');
  await ward.proves(repository, () => void git('config', 'core.bare', 'true'), 'core.bare=true');
});

test('a folder that is no checkout fails here, and skips what needs one', async () => {
  rmSync(join(ward.root, '.git'), { recursive: true });
  expect(failures(await ward.examine(repository, { isCheckout: false }))[0]?.what).toContain('in no git checkout');
  expect((await ward.examine(clean, { isCheckout: false })).findings[0]?.outcome).toBe('skip');
});

test('changed files: put aside, not thrown away', async () => {
  await ward.proves(
    clean,
    () => {
      writeFileSync(join(ward.root, 'a.txt'), 'mine\n');
      writeFileSync(join(ward.root, 'new.txt'), 'mine too\n');
      git('add', 'new.txt');
    },
    '2 tracked files were changed by hand: .M "a.txt", A. "new.txt"',
  );
  expect(git('stash', 'show', '-p', 'stash@{0}')).toContain('+mine');
});

test('another branch; a detached HEAD; a deployed hotfix is none of that', async () => {
  await ward.proves(branch, () => void git('switch', '--quiet', '-c', 'other'), 'the checkout is on other');
  await ward.proves(branch, () => void git('switch', '--quiet', '--detach'), 'HEAD is detached');
  git('switch', '--quiet', '-c', 'hotfix');
  git('update-ref', 'refs/asd/deployed', 'HEAD');
  const { findings } = await ward.examine(branch);
  expect(findings[0]?.outcome).toBe('warn');
  expect(findings[0]?.mends[0]?.command).toBe('just release-return-to-main');
});

test('a merge that was left in the middle', async () => {
  git('switch', '--quiet', '-c', 'side');
  commit('a.txt', 'side\n');
  git('switch', '--quiet', 'main');
  commit('a.txt', 'main\n');
  await ward.proves(operation, () => expect(() => git('merge', 'side')).toThrow(), 'a merge was begun here');
});

test('index.lock of a git that died; the one of a git at work is left alone', async () => {
  const lock = join(ward.root, '.git/index.lock');
  await ward.proves(indexLock, () => writeFileSync(lock, ''), 'index.lock was left by a git that died');
  expect(existsSync(lock)).toBe(false);

  writeFileSync(lock, '');
  const working = Bun.spawn(['git', 'cat-file', '--batch'], { cwd: ward.root, stdin: 'pipe', stdout: 'ignore' });
  try {
    const { findings } = await ward.examine(indexLock);
    expect(findings[0]).toMatchObject({ outcome: 'warn', mends: [] });
    expect(findings[0]?.what).toContain(`process ${working.pid}`);
  } finally {
    working.stdin.end();
    await working.exited;
  }
});

test('index.lock of a release that died while it moved the checkout: that one completes it', async () => {
  const paths = hostPaths(ward.root, ward.root, 'backups');
  const sha = git('rev-parse', 'HEAD');
  mkdirSync(paths.releases, { recursive: true });
  writeState(ward.host, ticketPaths(paths, 'T-1').state, {
    schema: SCHEMA,
    ticket: 'T-1',
    branch: 'main',
    baseSha: sha,
    targetSha: sha,
    mergeSha: '',
    phase: 'prepare',
    phaseStatus: 'running',
    releaseStatus: 'running',
    services: [],
    added: [],
    removed: [],
    backups: {},
    engine: '',
    supersedes: '',
    timestamps: {},
    logSum: '00000000',
  });
  writeFileSync(join(ward.root, '.git/index.lock'), '');
  const [finding] = failures(await ward.examine(indexLock));
  expect(finding?.what).toContain('was left by T-1');
  expect(finding?.mends[0]?.command).toBe('just release-run T-1 --resume');
});

test('a worktree that is gone, mended by --fix', async () => {
  const folder = join(ward.folder, 'tree');
  const spoil = () => {
    git('worktree', 'add', '--quiet', '--detach', folder);
    rmSync(folder, { recursive: true });
  };
  await ward.proves(worktrees, spoil, `worktrees that are gone: ${folder}`);
  spoil();
  expect(failures(await ward.examine(worktrees))[0]?.mends[0]?.safe).toBe(true);
});

test('no identity', async () => {
  await ward.proves(identity, () => writeFileSync(join(ward.folder, 'home/.gitconfig'), ''), 'git has no user.name');
});

test('a remote without the branch, one that is gone, and none at all', async () => {
  ward.git(ward.origin, 'switch', '--quiet', '--detach');
  await ward.proves(remote, () => void ward.git(ward.origin, 'branch', '-D', 'main'), 'has no branch main');
  git('remote', 'set-url', 'origin', join(ward.folder, 'nowhere'));
  const gone = await ward.examine(remote);
  expect(failures(gone)[0]?.what).toContain('nowhere cannot be reached');
  expect(ward.type(commandLines(gone)[0] ?? 'true')).not.toBe(0);
  git('remote', 'remove', 'origin');
  const none = await ward.examine(remote);
  expect(ward.type((commandLines(none)[0] ?? '').replace('URL', `file://${ward.origin}`))).toBe(0);
  expect(failures(await ward.examine(remote))).toEqual([]);
});

test('a remote that does not answer is given up after ten seconds, and asked for no password', async () => {
  let asked: { timeoutMs?: number; env: Record<string, string> } | undefined;
  const { findings } = await ward.examine(remote, {
    host: (host) => ({
      ...host,
      exec: {
        ...host.exec,
        async run(argv, options) {
          if (!argv.includes('ls-remote')) return await host.exec.run(argv, options);
          asked = options;
          return { code: undefined, signal: 'SIGTERM', timedOut: true, stdout: '', tail: [], durationMs: 0 };
        },
      },
    }),
  });
  expect(findings[0]?.what).toContain('within 10 s');
  expect(asked).toMatchObject({ timeoutMs: 10_000, env: { GIT_TERMINAL_PROMPT: '0' } });
});

test('a remote that takes no push is a warning: releases go on, reverts stay here', async () => {
  expect((await ward.examine(push)).findings[0]?.outcome).toBe('pass');
  ward.git(ward.folder, 'clone', '--quiet', '--bare', ward.origin, 'locked.git');
  git('remote', 'set-url', 'origin', join(ward.folder, 'locked.git'));
  git('remote', 'set-url', '--push', 'origin', join(ward.folder, 'nowhere'));
  expect((await ward.examine(push)).findings[0]).toMatchObject({ outcome: 'warn' });
});

test('deployed: behind, and beside the checkout', async () => {
  git('update-ref', 'refs/asd/deployed', 'HEAD');
  await ward.proves(
    deployed,
    () => {
      commit('b.txt', 'b\n');
      git('update-ref', 'refs/asd/deployed', 'HEAD');
      git('reset', '--quiet', '--hard', 'HEAD~1');
    },
    'the checkout is behind',
  );
  await ward.proves(
    deployed,
    () => {
      git('reset', '--quiet', '--hard', 'HEAD~1');
      commit('c.txt', 'c\n');
    },
    'is not in the history of the checkout',
  );
  commit('d.txt', 'd\n');
  expect((await ward.examine(deployed)).findings[0]).toMatchObject({ outcome: 'warn' });
});

test('deployed: damaged', async () => {
  git('update-ref', 'refs/asd/deployed', 'HEAD');
  await ward.proves(
    deployed,
    () => {
      mkdirSync(join(ward.root, '.git/refs/asd'), { recursive: true });
      writeFileSync(join(ward.root, '.git/refs/asd/deployed'), `${'1'.repeat(40)}\n`);
    },
    'refs/asd/deployed is damaged',
  );
});

test('deployed: absent', async () => {
  const none = await ward.examine(deployed);
  expect(failures(none)[0]?.mends[0]?.command).toBe('just release-adopt');
});

test('commits that were made on this host', async () => {
  await ward.proves(localCommits, () => commit('mine.txt', 'mine\n'), '1 commits of the checkout are not on origin');
  expect(ward.git(ward.origin, 'branch', '--list', 'host-local-*')).not.toBe('');
});
