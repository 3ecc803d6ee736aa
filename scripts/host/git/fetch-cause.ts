// Why a fetch failed, out of what git and ssh say in the C locale.

export type FetchCause = 'timeout' | 'branch' | 'authentication' | 'host-key' | 'local' | 'unreachable' | 'other';

const SIGNS: ReadonlyArray<readonly [RegExp, FetchCause]> = [
  [/couldn't find remote ref/i, 'branch'],
  [/host key verification failed|remote host identification has changed/i, 'host-key'],
  [
    /permission denied \(|authentication failed|could not read (username|password)|terminal prompts disabled|access denied|invalid (username|credentials)|returned error: 40[13]/i,
    'authentication',
  ],
  [
    /no space left|disk quota|read-only file system|unable to create|unable to write|cannot lock ref|insufficient permission|unable to update local ref|input\/output error/i,
    'local',
  ],
  [
    /could not resolve host|connection (refused|timed out|reset|closed)|no route to host|network is unreachable|failed to connect|couldn't connect|does not appear to be a git repository|could not read from remote|unable to access|repository .*not found|early eof|hung up/i,
    'unreachable',
  ],
];

/** @param lines what git said last. */
export function fetchCause(lines: readonly string[], timedOut: boolean): FetchCause {
  if (timedOut) return 'timeout';
  const text = lines.join('\n');
  return SIGNS.find(([sign]) => sign.test(text))?.[1] ?? 'other';
}

/** The sentence and what to do, by cause. @param remote its URL, masked. */
export function fetchSentence(
  cause: FetchCause,
  facts: { branch: string; remote: string; timeoutMs: number },
): { what: string; hint: string | string[] } {
  const { branch, remote } = facts;
  const again = `git ls-remote origin ${branch}`;
  switch (cause) {
    case 'timeout':
      return {
        what: `The remote did not deliver ${branch} within ${facts.timeoutMs / 1000} s`,
        hint: ['See whether it answers at all, then try again:', again],
      };
    case 'branch':
      return {
        what: `The remote has no branch ${branch}`,
        hint: ['See which ones it has:', 'git ls-remote --heads origin'],
      };
    case 'host-key':
      return {
        what: 'The remote is not the host that ssh knows under this name, or is not known to it yet',
        hint: `Compare its key with what its administrator says, then accept it for this user by: ${again}`,
      };
    case 'authentication':
      return {
        what: 'The remote does not let this host in',
        hint: `Nothing can be typed during a release: give this user a deploy key or a credential helper, then try: ${again}`,
      };
    case 'local':
      return {
        what: `What the remote sent for ${branch} could not be stored here`,
        hint: 'Look at free space, owner and leftover *.lock files below .git, then try again.',
      };
    case 'unreachable':
      return { what: `The remote ${remote} cannot be reached`, hint: ['See what git says without the engine:', again] };
    case 'other':
      return { what: `git could not fetch ${branch}`, hint: ['See what git says without the engine:', again] };
  }
}
