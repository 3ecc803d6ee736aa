// origin: it answers in time, without a prompt, has the branch, and takes a push. Asked with ls-remote: nothing is fetched.
import { shellWord } from '../../backups/shell.ts';
import { type FetchCause, fetchCause, fetchSentence } from '../../host/git/fetch-cause.ts';
import { canPush } from '../../host/git/push.ts';
import { chosenSsh, remoteOf } from '../../host/git/remote.ts';
import { lastLines, type Repository, tryGit } from '../../host/git/run.ts';
import { type Check, fail, type Mend, mend, pass, skip, warn } from '../check.ts';

const REMOTE_MS = 10_000;

export const remote: Check = {
  id: 'git-remote',
  needs: 'repository',
  async look(at) {
    if (at.repo === undefined) return [skip('no checkout')];
    const { remote: url } = await at.tree();
    const { branch } = at.config;
    if (url === undefined) return [fail('the checkout has no remote called origin', await addressed(at.repo))];
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
    return [fail([what, ...said.slice(-2)].join('; '), await wayOut(at.repo, cause, url, branch))];
  },
};

/** The address that the checkout was cloned from; what nobody wrote down is asked for. */
async function addressed(repo: Repository): Promise<Mend> {
  const others = (await tryGit(repo, ['remote'])).stdout.split('\n').filter((name) => name !== '');
  if (others.length === 1)
    return mend(`git remote rename -- ${shellWord(others[0] ?? '')} origin`, 'the only remote there is');
  const first = (await tryGit(repo, ['reflog', 'show', '--format=%gs', 'HEAD'])).stdout.trim().split('\n').at(-1);
  const url = /^clone: from (.+)$/.exec(first ?? '')?.[1];
  return url === undefined
    ? mend('read -r url && git remote add -- origin "$url"', 'then type the address of the repository, and Enter')
    : mend(`git remote add -- origin ${shellWord(url)}`, 'where the checkout was cloned from');
}

async function wayOut(repo: Repository, cause: FetchCause, url: string, branch: string): Promise<Mend> {
  const again = `git ls-remote origin ${shellWord(branch)}`;
  const host = /^(?:ssh:\/\/)?(?:[^@/]+@)?([^/:]+)/.exec(url)?.[1] ?? url;
  if (cause === 'host-key')
    return mend(
      `GIT_SSH_COMMAND=${shellWord(await accepting(repo))} ${again}`,
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

/** The ssh that this checkout uses, told to take a key that it does not know. Of an option that is given twice, ssh takes the first. */
async function accepting(repo: Repository): Promise<string> {
  const [program = 'ssh', ...words] = ((await chosenSsh(repo)) || 'ssh').split(' ');
  return [program, '-o StrictHostKeyChecking=accept-new', ...words].join(' ');
}

export const push: Check = {
  id: 'git-push',
  needs: 'repository',
  async look(at) {
    if (at.repo === undefined) return [skip('no checkout')];
    if (at.config.revert.push === 'none') return [skip('a revert pushes nothing here (revert.push: none)')];
    const { remote: url } = await at.tree();
    if (url === undefined) return [skip('there is no origin')];
    const answer = await canPush(at.repo, at.config.branch, { timeoutMs: REMOTE_MS });
    if (answer === 'yes') return [pass(`a push to ${at.config.branch} would be let in`)];
    return [
      warn(
        [`${answer.no}: a revert would not reach origin`, ...answer.details.slice(-2)].join('; '),
        ...(await wayIn(at.repo, url, answer.details, at.config.branch)),
      ),
    ];
  },
};

/** Another address for pushes may be the whole trouble; what a remote forbids is mended there. */
async function wayIn(repo: Repository, url: string, said: readonly string[], branch: string): Promise<Mend[]> {
  const { code } = await tryGit(repo, ['config', '--get-all', 'remote.origin.pushurl']);
  const elsewhere = mend('git config --unset-all remote.origin.pushurl', 'push to where this host fetches from');
  const cause = fetchCause(said, false);
  const lacksKey = cause === 'host-key' || cause === 'authentication';
  return [
    ...(code === 0 ? [elsewhere] : []),
    ...(lacksKey ? [await wayOut(repo, cause, url, branch)] : []),
    mend(`git push --dry-run origin HEAD:refs/heads/${shellWord(branch)}`, 'see what the remote says'),
  ];
}
