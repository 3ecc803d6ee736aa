// just release-confirm TICKET: a verified release is final; with --no, it is put back now.
import { type HostPaths, ticketPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { decide, momentNow, readGuard } from '../journal/guard.ts';
import { readRelease } from '../journal/records.ts';
import { leftMs } from '../model/deadline.ts';
import { EXIT, ReleaseError, refused } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import type { ReleaseState } from '../model/release.ts';
import { nextSteps } from '../plan/next.ts';
import { locked } from './locked.ts';
import { nothingToRevert } from './observe-revert.ts';
import { openRecords } from './records-context.ts';
import { enter, type Verb } from './verb.ts';
import type { World } from './world.ts';

/** Another verb's short hold on the lock is waited for; a decision counts whether or not it gets into the log at once. */
const PATIENCE_MS = 10_000;

export const verb: Verb = {
  usage: {
    verb: 'release-confirm',
    words: ['TICKET'],
    what: 'Makes a release final that waits for its confirmation; with --no, puts it back at once.',
    flags: {
      no: { type: 'boolean', what: 'put it back now instead of when its time is over' },
      json: { type: 'boolean', what: 'how it ended, as JSON' },
    },
  },
  mutating: true,
  check: (given) => void checkTicket(given.words[0] ?? ''),
  async run(given, world) {
    const [ticket = ''] = given.words;
    const kind = given.has('no') ? 'revert' : 'confirm';
    const decided = decideNow(world.host, await openRecords(world), ticket, kind);
    const stands = await settled(world, ticket);
    if (kind === 'revert' && isLetGo(stands)) throw nothingToRevert(ticket);
    const result = decided ? outcome(ticket, kind, stands) : late(ticket, stands);
    if (given.has('json'))
      world.terminal.say(JSON.stringify({ ticket, ...result, status: stands.state?.releaseStatus }));
    else world.terminal.say(result.said);
    return result.exit;
  },
};

interface Stands {
  state: ReleaseState | undefined;
  /** The lock was not free: whoever holds it next writes down what was decided. */
  busy: ReleaseError | undefined;
  /** It has a deadline, or a decision that was not acted on yet. */
  guarded: boolean;
}

/** @returns false where its time was over already. @throws refused where there is nothing to decide, or it was decided otherwise. */
export function decideNow(host: Host, paths: HostPaths, ticket: string, kind: 'confirm' | 'revert'): boolean {
  const { state } = readRelease(host, ticketPaths(paths, ticket), ticket);
  const guard = readGuard(host, paths, ticket);
  if (!state) throw refused({ what: `This host has no record of ${ticket}`, hint: 'See: just release-list' });
  if (!guard) throw nothingWaits(state);
  const { armed, verdict } = guard;
  if (!verdict) {
    // The sweep that comes next puts it back.
    if (!armed || leftMs(armed, momentNow(host)) <= 0) return kind === 'revert';
    if (kind === 'confirm' && armed.stage !== 'window') throw notYet(state);
  }
  const wish = { kind, cause: kind === 'confirm' ? 'confirmed' : 'refused', by: host.machine.user, manual: false };
  const held = verdict ? { won: false, verdict } : decide(host, paths, ticket, wish);
  if (held.won || held.verdict.kind === kind) return true;
  throw refused({
    what:
      held.verdict.kind === 'confirm'
        ? `${ticket} was confirmed by ${held.verdict.by}: it is final`
        : `${ticket} is being put back already (${held.verdict.cause})`,
    hint:
      kind === 'revert' ? `To take it back: just release-revert ${ticket}` : `See: just release-log ${ticket} --follow`,
  });
}

/** The beginning of every verb acts on what was decided. */
async function settled(world: World, ticket: string): Promise<Stands> {
  const paths = await openRecords(world);
  let busy: ReleaseError | undefined;
  try {
    const config = readGuard(world.host, paths, ticket)?.armed?.config;
    await locked(world, ticket, `release-confirm ${ticket}`, async () => undefined, {
      patienceMs: PATIENCE_MS,
      ...(config ? { config } : {}),
    });
  } catch (error) {
    if (!(error instanceof ReleaseError && error.kind === 'locked')) throw error;
    busy = error;
  }
  const { state } = readRelease(world.host, ticketPaths(paths, ticket), ticket);
  return { state, busy, guarded: readGuard(world.host, paths, ticket) !== undefined };
}

/** It halted, or died, before it moved the checkout: the decision had nothing to act on. */
const isLetGo = ({ state, busy, guarded }: Stands): boolean =>
  !busy &&
  !guarded &&
  state?.mergeSha !== state?.targetSha &&
  ['running', 'halted'].includes(state?.releaseStatus ?? '');

function outcome(ticket: string, kind: 'confirm' | 'revert', { state, busy }: Stands): { exit: number; said: string } {
  const status = state?.releaseStatus;
  if (kind === 'confirm')
    return {
      exit: EXIT.ok,
      said: busy
        ? `${ticket} is confirmed: that is on disk and holds. It gets into the log when the lock is free (${busy.message}).`
        : `${ticket} is confirmed: it is final.`,
    };
  if (status === 'reverted' && state?.push === 'pending')
    return {
      exit: EXIT.notPushed,
      said: `${ticket} is put back and verified; the revert is not on the remote yet: just release-revert ${ticket}`,
    };
  if (status === 'reverted') return { exit: EXIT.ok, said: `${ticket} is put back and verified.` };
  if (busy && status !== 'in-doubt')
    return {
      exit: EXIT.awaiting,
      said: `${ticket} goes back: that is on disk and holds. See: just release-log ${ticket} --follow`,
    };
  return {
    exit: EXIT.inDoubt,
    said: `${ticket} could not be put back: it is ${status}. See: just release-state ${ticket}`,
  };
}

const late = (ticket: string, { state }: Stands): { exit: number; said: string } => ({
  exit: EXIT.refused,
  said: `${ticket} was not confirmed in time: it is ${state?.releaseStatus ?? 'gone'}. See: just release-state ${ticket}`,
});

function nothingWaits(state: ReleaseState): ReleaseError {
  const { ticket, releaseStatus, timestamps } = state;
  const when = timestamps[`${state.phase.toUpperCase()}_DONE`];
  const since = when === undefined ? '' : ` since ${when}`;
  return refused({
    what: `${ticket} is ${releaseStatus}${since}: nothing of it waits for a confirmation`,
    hint:
      releaseStatus === 'released'
        ? `To take it back: just release-revert ${ticket}`
        : `See: just release-state ${ticket}`,
  });
}

const notYet = (state: ReleaseState): ReleaseError =>
  refused({
    what: `${state.ticket} is ${state.releaseStatus} in ${state.phase}: it is confirmed once it is verified`,
    hint: nextSteps(state).map(({ command, what }) => `${command.padEnd(60)} # ${what}`),
  });

if (import.meta.main) void enter(verb);
