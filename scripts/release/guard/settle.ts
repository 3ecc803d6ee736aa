// One guarded release, under the lock: what was decided is done, and what has expired is decided. May be killed anywhere and called again.
import {
  type Armed,
  anchored,
  decide,
  disarm,
  type Guard,
  guardFiles,
  momentNow,
  readGuard,
  type Verdict,
  writeArmed,
} from '../../journal/guard.ts';
import type { ReleaseLock } from '../../journal/lock.ts';
import { utcSeconds } from '../../journal/time.ts';
import { hasStepped, leftMs } from '../../model/deadline.ts';
import { EXIT, messageOf, ReleaseError } from '../../model/error.ts';
import type { LoggedEvent } from '../../model/event.ts';
import type { ReleaseState } from '../../model/release.ts';
import { standing } from '../../plan/due.ts';
import { isFinished } from '../../plan/next.ts';
import { announce } from '../announce.ts';
import type { Context } from '../context.ts';
import { readRecords } from '../standing-records.ts';
import { type GuardLog, openGuardLog } from './journal.ts';

/** `open`: it waits. `final`: nothing waits any more. `stopped`: somebody ended us. `failed`: it was tried and can be again. `over`: nobody but a person goes on. */
export type Settled = 'open' | 'final' | 'stopped' | 'failed' | 'over';

/** What settling does to the host. */
export interface Hands {
  /** release-revert, to its end. @returns its exit code. */
  revert(context: Context, lock: ReleaseLock, ticket: string, verdict: Verdict): Promise<number>;
  /** What comes after a release became final. */
  afterConfirm(context: Context, journal: GuardLog, ticket: string, commands: readonly string[][]): Promise<void>;
}

/** So often a revert that failed is tried again. */
export const RETRIES = 3;

interface Work {
  context: Context;
  lock: ReleaseLock;
  ticket: string;
  guard: Guard;
  state: ReleaseState;
  journal(): GuardLog;
  hands: Hands;
}

export async function settleGuard(context: Context, lock: ReleaseLock, ticket: string, hands: Hands): Promise<Settled> {
  const { host, paths } = context;
  const { own: state, entry } = readRecords(context, ticket);
  const unclear = entry.problem !== undefined || entry.broken !== undefined;
  const found = readGuard(host, paths, ticket);
  // It died before its first line, or while it was disarmed.
  if ((!state && !unclear) || (!found && state?.releaseStatus !== 'awaiting-confirm')) {
    disarm(host, paths, ticket);
    return 'final';
  }
  const guard: Guard = found ?? { ticket, armed: undefined, problem: 'its deadline is gone', verdict: undefined };
  if (!state) {
    context.terminal.warn(`${ticket} is guarded, but its records cannot be read: nothing can be put back by itself`);
    return 'over';
  }
  const journal = () => openGuardLog(context, lock, ticket, entry.broken ? state : undefined);
  const work: Work = { context, lock, ticket, guard, state, journal, hands };
  if (isFinished(state)) return await finished(work);
  const { verdict = await expiry(work) } = guard;
  if (verdict === undefined) return 'open';
  // Said to go back, it would be waited for to end: it cannot, since it had not begun.
  if (verdict === 'nothing' || (verdict.kind === 'revert' && isUnmoved(work))) {
    disarm(host, paths, ticket);
    return 'final';
  }
  return verdict.kind === 'confirm' ? await confirmed(work, verdict) : await goBack(work, verdict);
}

/** Somebody ended the release; a confirmed one may have been cut off on its last way. */
async function finished({ context, ticket, guard, state, journal, hands }: Work): Promise<Settled> {
  const { verdict, armed } = guard;
  if (state.releaseStatus === 'released' && verdict?.kind === 'confirm')
    await hands.afterConfirm(context, journal(), ticket, armed?.afterConfirm ?? context.config.afterConfirm);
  disarm(context.host, context.paths, ticket);
  return 'final';
}

/** Nothing live was changed: it halted, or died, before it moved the checkout. */
function isUnmoved({ state, journal }: Work): boolean {
  if (state.mergeSha === state.targetSha || state.phase === 'revert') return false;
  return !standing(journal().events).open.has('advance');
}

/** @returns undefined while there is time; `nothing` where it halted, and there is nothing to wait for. */
async function expiry(work: Work): Promise<Verdict | 'nothing' | undefined> {
  const { context, ticket, guard, state } = work;
  const { host, paths } = context;
  if (state.releaseStatus === 'halted' && state.phaseStatus !== 'running' && isUnmoved(work)) return 'nothing';
  const { armed } = guard;
  const now = momentNow(host);
  const left = armed ? leftMs(armed, now) : -1;
  if (armed && left > 0) {
    stillOpen(work, armed, left);
    return undefined;
  }
  host.files.mkdir(guardFiles(paths, ticket).folder);
  const cause = armed ? 'expired' : 'unreadable';
  return decide(host, paths, ticket, { kind: 'revert', cause, by: host.machine.user, manual: false }).verdict;
}

/** Written down anew where the clock was set or the host started anew; and a window that the release died in front of is said to be open. */
function stillOpen({ context, state, journal }: Work, armed: Armed, left: number): void {
  const { host, paths } = context;
  const now = momentNow(host);
  const deadline = utcSeconds(new Date(now.wallMs + left));
  const moved = hasStepped(armed, now);
  if (moved) writeArmed(host, paths, anchored(armed, now, left, armed.capLeftMs - (armed.leftMs - left)));
  if (armed.stage === 'window' && state.releaseStatus !== 'awaiting-confirm')
    journal().log('confirm', 'start', { deadline, by: host.machine.user });
  else if (moved)
    journal().log(state.phase, 'armed', { deadline, reason: 'the clock was set, or the host started anew' });
}

async function confirmed(work: Work, verdict: Verdict): Promise<Settled> {
  const journal = work.journal();
  journal.log('confirm', 'released', { by: verdict.by, sha: work.state.mergeSha });
  const state: ReleaseState = { ...work.state, releaseStatus: 'released' };
  return await finished({ ...work, state, journal: () => journal });
}

async function goBack(work: Work, verdict: Verdict): Promise<Settled> {
  const { context, lock, ticket, state, hands } = work;
  const { by, cause } = verdict;
  const journal = work.journal();
  if (isLeftToPeople(verdict, state, journal.events)) return 'over';
  if (!begun(journal.events)) await announce(context, journal.log, 'confirm', 'going-back', { cause, by });
  let problem: string;
  try {
    const code = await hands.revert(context, lock, ticket, verdict);
    if (code === EXIT.stopped) return 'stopped';
    if (code === EXIT.ok || code === EXIT.notPushed) {
      disarm(context.host, context.paths, ticket);
      return 'final';
    }
    problem = `release-revert ended with ${code}`;
  } catch (error) {
    if (error instanceof ReleaseError && error.kind === 'nothing') {
      disarm(context.host, context.paths, ticket);
      return 'final';
    }
    problem = messageOf(error);
    context.terminal.warn(problem);
  }
  return await failed(work, problem);
}

async function failed(work: Work, problem: string): Promise<Settled> {
  const { context } = work;
  // The revert wrote to the log meanwhile.
  const journal = work.journal();
  const tries = failedTries(journal.events) + 1;
  const reason = problem.slice(0, 500);
  await announce(context, journal.log, 'confirm', 'try-failed', { try: String(tries), reason });
  if (tries <= RETRIES) return 'failed';
  await announce(context, journal.log, 'revert', 'failed', { reason: `given up after ${tries} tries: ${reason}` });
  return 'over';
}

/** Events since the deadline was armed. */
const since = (events: readonly LoggedEvent[]) =>
  events.slice(
    Math.max(
      events.findLastIndex((e) => e.event === 'armed' && e.fields.within !== undefined),
      0,
    ),
  );

/** How often putting it back was tried in vain. */
export const failedTries = (events: readonly LoggedEvent[]): number =>
  since(events).filter((e) => e.event === 'try-failed').length;

/** What a person began and stopped, or saw fail, is that person's; and so is what failed too often. */
export const isLeftToPeople = (verdict: Verdict, state: ReleaseState, events: readonly LoggedEvent[]): boolean =>
  (verdict.manual && state.phase === 'revert' && state.phaseStatus !== 'running') || failedTries(events) > RETRIES;

const begun = (events: readonly LoggedEvent[]): boolean =>
  since(events).some((e) => e.event === 'going-back' || (e.phase === 'revert' && e.event === 'start'));
