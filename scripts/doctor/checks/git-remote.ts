// origin: it answers in time, without a prompt, has the branch, and takes a push. Asked with ls-remote: nothing is fetched.
import { shellWord } from '../../backups/shell.ts';
import { fetchCause, fetchSentence } from '../../host/git/fetch-cause.ts';
import { canPush } from '../../host/git/push.ts';
import { remoteOf } from '../../host/git/remote.ts';
import { lastLines, tryGit } from '../../host/git/run.ts';
import { type Check, fail, type Mend, mend, pass, skip, warn } from '../check.ts';

const REMOTE_MS = 10_000;

export const remote: Check = {
  id: 'git-remote',
  needs: 'repository',
  async look(at) {
    if (at.repo === undefined) return [skip('no checkout')];
    const { remote: url } = await at.tree();
    const { branch } = at.config;
    if (url === undefined)
      return [
        fail(
          'the checkout has no remote called origin',
          mend('git remote add origin URL', 'with the address of the repository'),
        ),
      ];
    const ref = `refs/heads/${branch}`;
    const asked = await tryGit(at.repo, ['ls-remote', '--end-of-options', 'origin', ref], {
      timeoutMs: REMOTE_MS,
      env: (await remoteOf(at.repo)).env,
      maxStdoutBytes: 64 * 1024,
    });
    if (asked.code === 0 && !asked.timedOut)
      return asked.stdout.includes(ref)
        ? [pass(`${url} has ${branch}`)]
        : [
            fail(
              `${url} has no branch ${branch}`,
              mend(`git push origin HEAD:${shellWord(ref)}`, 'if this host has the newest one'),
            ),
          ];
    const said = lastLines(asked, at.secrets);
    const cause = fetchCause(said, asked.timedOut);
    const { what } = fetchSentence(cause, { branch, remote: url, timeoutMs: REMOTE_MS });
    return [fail([what, ...said.slice(-2)].join('; '), wayOut(cause, url, branch))];
  },
};

function wayOut(cause: ReturnType<typeof fetchCause>, url: string, branch: string): Mend {
  const again = `git ls-remote origin ${shellWord(branch)}`;
  const host = /^(?:ssh:\/\/)?(?:[^@/]+@)?([^/:]+)/.exec(url)?.[1] ?? url;
  if (cause === 'host-key')
    return mend(
      `GIT_SSH_COMMAND='ssh -o StrictHostKeyChecking=accept-new' ${again}`,
      `accept the key of ${host}, once compared with what its administrator says`,
    );
  if (cause === 'authentication' && url.startsWith('http'))
    return mend(
      `git -c credential.helper=store ls-remote origin && git config credential.helper store`,
      'type user and token once; they are kept in ~/.git-credentials',
    );
  if (cause === 'authentication')
    return mend(
      "test -e ~/.ssh/id_ed25519 || ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; cat ~/.ssh/id_ed25519.pub",
      'make the printed key a deploy key of the repository',
    );
  return mend(again, 'see what git says, and try again');
}

export const push: Check = {
  id: 'git-push',
  needs: 'repository',
  async look(at) {
    if (at.repo === undefined) return [skip('no checkout')];
    if (at.config.revert.push === 'none') return [skip('a revert pushes nothing here (revert.push: none)')];
    if ((await at.tree()).remote === undefined) return [skip('there is no origin')];
    const answer = await canPush(at.repo, at.config.branch, { timeoutMs: REMOTE_MS });
    if (answer === 'yes') return [pass(`a push to ${at.config.branch} would be let in`)];
    return [
      warn(
        [`${answer.no}: a revert would not reach origin`, ...answer.details.slice(-2)].join('; '),
        mend(`git push --dry-run origin HEAD:refs/heads/${shellWord(at.config.branch)}`, 'see what the remote says'),
      ),
    ];
  },
};
