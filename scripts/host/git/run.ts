// Runs git: one cleaned environment, one set of guards, one way to say that it failed.
import { ReleaseError, refused } from '../../model/error.ts';
import { maskText } from '../mask.ts';
import type { Host, RunResult } from '../port.ts';

/** A repository as the engine's git calls see it. */
export interface Repository {
  host: Host;
  /** Top of the work tree, absolute. */
  root: string;
  /** Folder of a temporary object store that is read in front of the repository's own; see openStore. */
  store?: string;
  /** Carried by every git that is run in it, so that one that outlived us is found. */
  mark?: string;
  /** What must not be shown of anything that git says. */
  secrets?: readonly string[];
}

export interface GitOptions {
  input?: string;
  /** Default one minute. */
  timeoutMs?: number;
  /** Objects, index and refs are fsynced. */
  durable?: boolean;
  env?: Record<string, string>;
  /** Default 64 MiB. */
  maxStdoutBytes?: number;
  /** More output than that is dropped, not an error. */
  truncate?: boolean;
  signal?: AbortSignal;
  mark?: string;
}

const INHERITED = [
  'PATH',
  'HOME',
  'XDG_CONFIG_HOME',
  'TMPDIR',
  // Git accepts the checkout of the user who called sudo only where it is told who that was.
  'SUDO_UID',
  'SSH_AUTH_SOCK',
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  'all_proxy',
  'ALL_PROXY',
];

const GUARDS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'commit.gpgsign=false',
  'protocol.ext.allow=never',
  'submodule.recurse=false',
  'fetch.prune=false',
  // A background gc would outlive the release.
  'gc.auto=0',
  'maintenance.auto=false',
].flatMap((setting) => ['-c', setting]);

/** @param env what we were started with. @returns the whole environment of a git that cannot ask anybody anything. */
export function gitEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = env[name];
    if (value !== undefined) kept[name] = value;
  }
  return {
    ...kept,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    GIT_OPTIONAL_LOCKS: '0',
  };
}

/** Runs git in a folder, whatever the outcome. @throws refused where git is not there. */
export function gitIn(host: Host, cwd: string, args: readonly string[], options: GitOptions = {}): Promise<RunResult> {
  const durable = options.durable ? ['-c', 'core.fsync=all'] : [];
  return host.exec.run(['git', ...GUARDS, ...durable, ...args], {
    cwd,
    env: { ...gitEnv(host.machine.env), ...options.env },
    timeoutMs: options.timeoutMs ?? 60_000,
    maxStdoutBytes: options.maxStdoutBytes ?? 64 * 1024 * 1024,
    ...(options.truncate === undefined ? {} : { truncate: options.truncate }),
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.mark === undefined ? {} : { mark: options.mark }),
  });
}

/** Runs git in the repository, whatever the outcome. */
export function tryGit(repo: Repository, args: readonly string[], options: GitOptions = {}): Promise<RunResult> {
  const store = repo.store === undefined ? {} : { GIT_OBJECT_DIRECTORY: `${repo.store}/objects` };
  const mark = repo.mark === undefined ? {} : { mark: `${repo.mark}.git` };
  return gitIn(repo.host, repo.root, args, { ...mark, ...options, env: { ...store, ...options.env } });
}

/** Runs git in the repository. @returns its standard output. @throws refused where it fails. */
export async function git(repo: Repository, args: readonly string[], options: GitOptions = {}): Promise<string> {
  const result = await tryGit(repo, args, options);
  if (result.code === 0 && !result.timedOut) return result.stdout;
  throw gitFailed(repo, `git ${args[0] ?? ''} failed`, result);
}

/** The error for a git that failed, with its last lines. @param kind step-failed for an effect, refused for a look. */
export function gitFailed(
  repo: Repository,
  what: string,
  result: RunResult,
  kind: 'refused' | 'step-failed' = 'refused',
  hint?: string | string[],
): ReleaseError {
  const how = result.timedOut ? `${what}: it did not end in time` : what;
  const todo = hint ?? (emptyObjects(result).length > 0 ? REFETCH : undefined);
  return new ReleaseError(kind, {
    what: how,
    where: repo.root,
    details: lastLines(result, repo.secrets),
    ...(todo === undefined ? {} : { hint: todo }),
    ...(result.code === undefined ? {} : { rc: result.code }),
  });
}

/** Objects that a power cut left without content, as git named them. */
export const emptyObjects = (result: RunResult): string[] =>
  result.tail.flatMap(
    (line) => /object file (\S*objects\/[0-9a-f]{2}\/[0-9a-f]{38,62}) is empty/.exec(line)?.[1] ?? [],
  );

const REFETCH = [
  'A power cut left objects of git empty. They hold nothing; to have them from origin again:',
  'find .git/objects -type f -empty -delete && git fetch --refetch origin && git fsck --connectivity-only',
];

/** What git said last, at most ten lines, without secrets and user info of URLs: a remote can have its say in them. */
export const lastLines = (result: RunResult, secrets: readonly string[] = []): string[] =>
  result.tail
    .filter((line) => line.trim() !== '')
    .slice(-10)
    .map((line) => maskUrl(maskText(line, secrets)));

/** Takes user name and password out of the URLs in a text. */
export const maskUrl = (text: string): string => text.replaceAll(/([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^\s/]*@/g, '$1***@');

/** Splits the output of a `-z` command. */
export const fields = (stdout: string): string[] => {
  const parts = stdout.split('\0');
  if (parts.at(-1) === '') parts.pop();
  return parts;
};

/** @throws refused where a name from outside holds what no ref or path of git may hold. */
export function checkWord(word: string): string {
  if (word !== '' && !/[\0\n]/.test(word)) return word;
  throw refused({ what: `${JSON.stringify(word.slice(0, 80))} is no name that git could know` });
}
