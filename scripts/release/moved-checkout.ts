// A checkout that somebody else moved: a webhook, CI or cron that pulls on its own, or a hand.
import { readRef } from '../host/git/commits.ts';
import { type Repository, tryGit } from '../host/git/run.ts';
import type { ReleaseState } from '../model/release.ts';
import { DEPLOYED_REF } from './deployed-ref.ts';

export interface Moved {
  deployed: string;
  head: string;
  /** What git noted of it last: when, and in its words; empty where it noted nothing. */
  at: string;
  how: string;
}

/** @param state of the newest release: where it is not over, the checkout may stand on one of its commits. @returns undefined where the checkout stands as the engine left it. */
export async function movedCheckout(repo: Repository, state: ReleaseState | undefined): Promise<Moved | undefined> {
  const deployed = await readRef(repo, DEPLOYED_REF);
  if (deployed === undefined) return undefined;
  const noted = ['-c', 'log.showSignature=false', 'log', '--walk-reflogs', '-1', '--date=iso-strict'];
  const { code, stdout } = await tryGit(repo, [...noted, '--format=%H%x00%gd%x00%gs', 'HEAD', '--']);
  const [sha = '', selector = '', how = ''] = code === 0 ? stdout.trim().split('\0') : [];
  const head = sha === '' ? await readRef(repo, 'HEAD') : sha;
  const isOver = state === undefined || ['released', 'reverted'].includes(state.releaseStatus);
  const own = isOver ? [deployed] : [deployed, state.baseSha, state.targetSha, state.mergeSha];
  if (head === undefined || own.includes(head)) return undefined;
  return { deployed, head, at: /@\{(.*)\}$/.exec(selector)?.[1] ?? '', how };
}

/** For an operator: what happened, and what ends it. */
export function movedLines({ deployed, head, at, how }: Moved): string[] {
  const noted = how === '' ? '' : ` (${at}: ${how})`;
  const pulls = /^(?:pull|merge|fetch|rebase)\b|origin/.test(how)
    ? ' Where that was no hand: a webhook, CI or cron job pulls here, and has to go.'
    : '';
  return [
    `the checkout was moved without the engine, from ${deployed.slice(0, 12)}, which is deployed, to ${head.slice(0, 12)}${noted}.${pulls}`,
    'no service was started for it; the next release-run releases what lies between, too',
  ];
}
