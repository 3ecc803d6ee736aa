// How git reaches origin: it asks nobody, does not wait for ever, and no argument of a process has the password of a URL.
import { type Repository, tryGit } from './run.ts';

export interface Remote {
  /** As git uses it; undefined where the checkout has no origin. */
  url: string | undefined;
  /** For every git that talks with it. */
  env: Record<string, string>;
}

/** @param way what it is to be used for: a push may have a URL of its own. */
export async function remoteOf(repo: Repository, way: 'fetch' | 'push' = 'fetch'): Promise<Remote> {
  const asked = ['remote', 'get-url', ...(way === 'push' ? ['--push'] : []), 'origin'];
  const [found, ssh] = await Promise.all([tryGit(repo, asked), sshEnv(repo)]);
  if (found.code !== 0) return { url: undefined, env: ssh };
  const url = found.stdout.trim();
  return { url, env: { ...ssh, ...(await passwordEnv(repo, url, way)) } };
}

/** An ssh that cannot ask and does not wait for ever, unless the operator has configured one. */
async function sshEnv(repo: Repository): Promise<Record<string, string>> {
  if (repo.host.machine.env.GIT_SSH || (await chosenSsh(repo)) !== '') return {};
  return {
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=3',
  };
}

/** The command that an operator has told git to use; empty: none. */
export const chosenSsh = async (repo: Repository): Promise<string> =>
  repo.host.machine.env.GIT_SSH_COMMAND || (await tryGit(repo, ['config', '--get', 'core.sshCommand'])).stdout.trim();

const WITH_PASSWORD = /^(https?:\/\/)([^\s/?#@:]*):([^\s/?#]*)@([^\s/?#@]+)(.*)$/i;

/** What answers git's question for a password: names of variables only, as everybody can read it. */
const HELPER = `!answer() { [ "$1" != get ] || printf 'username=%s\\npassword=%s\\n' "$ASD_GIT_USER" "$ASD_GIT_PASSWORD"; }; answer`;

/**
 * Git gives the URL of a remote to git-remote-https as an argument, whole, and every user of the machine can read arguments. So it gets one
 * without, in the place of the one that is configured, and asks for the rest. A git before 2.31 does not know GIT_CONFIG_COUNT and goes on
 * as it did.
 */
async function passwordEnv(repo: Repository, url: string, way: 'fetch' | 'push'): Promise<Record<string, string>> {
  const [, scheme = '', user = '', password = '', place = '', path = ''] = WITH_PASSWORD.exec(url) ?? [];
  const known = { user: decoded(user), password: decoded(password) };
  if (scheme === '' || known.user === undefined || known.password === undefined) return {};
  const written = async (key: string): Promise<string | undefined> =>
    (await tryGit(repo, ['config', '--get-all', `remote.origin.${key}`])).stdout.split('\n')[0] || undefined;
  const pushUrl = way === 'push' ? await written('pushurl') : undefined;
  const instead = way === 'push' && pushUrl === undefined ? 'pushInsteadOf' : 'insteadOf';
  const settings = [
    [`url.${scheme}${place}${path}.${instead}`, pushUrl ?? (await written('url')) ?? url],
    // Nobody else is asked, and nobody is given it to keep.
    [`credential.${scheme}${place}.helper`, ''],
    [`credential.${scheme}${place}.helper`, HELPER],
  ] as const;
  return {
    ASD_GIT_USER: known.user,
    ASD_GIT_PASSWORD: known.password,
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  };
}

/** @returns undefined for what git itself would not take. */
function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return /[\0\n]/.test(plain) ? undefined : plain;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
