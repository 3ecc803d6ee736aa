// A revert under the lock, whoever asked for it: a person, or the deadline of a release that nobody confirmed.
import { join } from 'node:path';
import { decide, readGuard } from '../journal/guard.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import { refused } from '../model/error.ts';
import { standing } from '../plan/due.ts';
import type { Context } from './context.ts';
import { checkNothingOnTop, nothingToRevert, observeRevert, type RevertWish } from './observe-revert.ts';
import { performRevert, pushAgain } from './perform-revert.ts';
import { openRevert, type RevertOptions } from './revert-session.ts';
import { type Records, readRecords } from './standing-records.ts';
import { undoAdvance } from './undo-advance.ts';

export interface RevertRequest {
  wish: RevertWish;
  json: boolean;
  /** Why, where nobody typed release-revert. */
  cause?: string;
}

/** @returns as performRevert. @throws what it is refused with; nothing was touched then. */
export async function revertNow(
  context: Context,
  lock: ReleaseLock,
  ticket: string,
  { wish, json, cause }: RevertRequest,
): Promise<number> {
  const folder = join(context.paths.stage, `${ticket}.base`);
  const { session, log, records, state } = await openedRevert(context, ticket, {
    lock,
    folder,
    json,
  });
  if (state.releaseStatus === 'reverted') {
    if (state.push === 'pending') return await pushAgain(session, log);
    throw revertedAlready(ticket);
  }
  if (state.mergeSha !== session.plan.targetSha) {
    if (cause === undefined) takeOver(context, ticket, wish);
    return await undoAdvance(session, log);
  }
  checkNothingOnTop(records, state);
  const observed = await observeRevert(session, wish, {
    folder: join(context.paths.stage, `${ticket}.revert`),
    dry: false,
  });
  if (cause === undefined) takeOver(context, ticket, wish);
  return await performRevert(session, log, observed, cause);
}

/** A person reverts a release whose deadline runs. @throws refused where it was confirmed at the same moment. */
export function takeOver({ host, paths }: Context, ticket: string, wish: RevertWish): void {
  if (!readGuard(host, paths, ticket)) return;
  const by = host.machine.user;
  const { verdict } = decide(host, paths, ticket, { kind: 'revert', cause: 'by hand', by, manual: true, wish });
  if (verdict.kind === 'revert') return;
  throw refused({
    what: `${ticket} was confirmed by ${verdict.by} at the same moment`,
    hint: `To take it back all the same, say so again: just release-revert ${ticket}`,
  });
}

/** Of a release that was cut off in its Advance, the state's mergeSha is still empty. @throws refused or nothing where there is no release that could be put back. */
export async function openedRevert(context: Context, ticket: string, options: Omit<RevertOptions, 'believed'>) {
  const records: Records = readRecords(context, ticket);
  const { own: state, entry } = records;
  if (!state) throw refused({ what: `This host has no record of ${ticket}`, hint: 'See: just release-list' });
  if (state.mergeSha !== state.targetSha && state.releaseStatus !== 'reverted') {
    // Whether it was in the middle of its Advance is in the log, whatever came of it afterwards: that its time was over, too.
    if (!['prepare', 'confirm', 'revert'].includes(state.phase)) throw nothingToRevert(ticket);
  }
  const { session, log } = await openRevert(context, ticket, {
    ...options,
    believed: entry.broken ? state : undefined,
  });
  const unmoved = state.mergeSha !== session.plan.targetSha && !standing(session.journal.events).open.has('advance');
  if (unmoved && state.releaseStatus !== 'reverted') throw nothingToRevert(ticket);
  if (entry.broken)
    session.reporter.say(
      `Notice: line ${entry.broken.line} of the log cannot be believed (${entry.broken.why}); state file and receipt are relied on instead.`,
    );
  return { session, log, records, state };
}

export const revertedAlready = (ticket: string) =>
  refused({ what: `${ticket} is reverted already`, hint: `See: just release-state ${ticket}` });
