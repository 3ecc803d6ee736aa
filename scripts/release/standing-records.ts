// What this host's records say before a verb begins: this ticket's, and those of others that stand in the way.

import { ticketPaths } from '../host/paths.ts';
import { readLog } from '../journal/log.ts';
import { listReleases, type ReleaseEntry, readRelease } from '../journal/records.ts';
import { refused } from '../model/error.ts';
import type { ReleaseState } from '../model/release.ts';
import { standing } from '../plan/due.ts';
import { blocksOthers, isFinished, nextSteps } from '../plan/next.ts';
import type { Context } from './context.ts';

export interface Records {
  own: ReleaseState | undefined;
  entry: ReleaseEntry;
  others: ReleaseEntry[];
  /** The one among them, or this ticket itself, whose engine died while it moved the checkout. */
  cutOff: string | undefined;
}

/** @throws refused where this ticket's state cannot be believed. */
export function readRecords(context: Context, ticket: string): Records {
  const entry = readRelease(context.host, ticketPaths(context.paths, ticket), ticket);
  const others = listReleases(context.host, context.paths).filter((e) => e.ticket !== ticket);
  const cutOff = [entry, ...others].find((each) => isCutOff(context, each))?.ticket;
  return { own: entry.state, entry, others, cutOff };
}

function isCutOff({ host }: Context, { state, broken, files }: ReleaseEntry): boolean {
  const moves = state?.phase === 'prepare' || state?.phase === 'confirm';
  if (state?.mergeSha !== '' || !moves || isFinished(state) || broken) return false;
  return standing(readLog(host, files.log).events).open.has('advance');
}

/** What lies in the checkout is neither version until that is completed or taken back. */
const cutOffRefusal = (ticket: string) =>
  refused({
    what: `${ticket} was cut off while it moved the checkout: that has to be completed, or taken back, first`,
    hint: [
      `just release-run ${ticket} --resume    # complete it, and go on`,
      `just release-revert ${ticket}          # take it back; nothing else was touched`,
    ],
  });

/** @throws refused where somebody edited the state file, or the log's chain is broken: what happened is then not known. */
export function checkBelievable(entry: ReleaseEntry): void {
  if (entry.problem) throw entry.problem;
  if (entry.broken) {
    throw refused({
      what: `Line ${entry.broken.line} of the log is not what the engine wrote: ${entry.broken.why}`,
      where: `${entry.files.log}:${entry.broken.line}`,
      hint: 'Take out what was added by hand (or put back the rotated part), then try again.',
    });
  }
  if (entry.verdict !== 'edited') return;
  throw refused({
    what: `The state file of ${entry.ticket} says something else than its log`,
    where: entry.files.state,
    details: entry.differences,
    hint: `The log is the truth. Remove the state file and it is made again from the log: rm ${entry.files.state}`,
  });
}

/** @throws refused where a run of this ticket is still to be ended. */
export function checkFresh(records: Records): void {
  const { own, entry } = records;
  if (records.cutOff === entry.ticket) throw cutOffRefusal(entry.ticket);
  if (!own || isFinished(own)) return;
  if (blocksOthers(own)) {
    throw refused({
      what: `${own.ticket} is ${own.releaseStatus} in ${own.phase}, after the checkout was advanced: it cannot simply begin again`,
      hint: nextSteps(own).map(({ command, what }) => `${command.padEnd(60)} # ${what}`),
    });
  }
  checkBelievable(entry);
}

/** @throws refused where another release was halted after its Advance. @param superseded that one is taken over. */
export function checkUnblocked(records: Records, superseded: string | undefined): void {
  if (records.cutOff !== undefined && records.cutOff !== records.entry.ticket) throw cutOffRefusal(records.cutOff);
  for (const { ticket, state, problem, broken } of records.others) {
    if (!state && (problem || broken)) throw unreadable(ticket, problem?.message ?? broken?.why ?? '');
    if (!state || ticket === superseded || !blocksOthers(state)) continue;
    throw refused({
      what: `${ticket} is ${state.releaseStatus} in ${state.phase}, and the checkout stands on its commit: it has to be ended first`,
      where: `phase ${state.phase}`,
      hint: nextSteps(state).map(({ command, what }) => `${command.padEnd(60)} # ${what}`),
    });
  }
}

/** Whether it stands in the way is not known: that is a doubt, and no release begins on one. */
const unreadable = (ticket: string, why: string) =>
  refused({
    what: `The records of ${ticket} cannot be read, so that it is not known whether it stands in the way`,
    details: [why],
    hint: [
      `just release-state ${ticket}`,
      'If it is over, move its files in .asd/workspace/releases/ to another folder.',
    ],
  });

export interface Inherited {
  ticket: string;
  baseSha: string;
  mergeSha: string;
  services: string[];
  backups: Record<string, string>;
  receipt: string;
}

/**
 * What this release takes over: from the one that --supersedes names, else from the last abandoned one that nothing came after.
 * @throws refused where the named one cannot be taken over.
 */
export function inheritance(
  records: Records,
  supersedes: string | undefined,
  deployed: string | undefined,
): Inherited | undefined {
  const of = ({ ticket, state, files }: ReleaseEntry): Inherited | undefined =>
    state && {
      ticket,
      baseSha: state.baseSha,
      mergeSha: state.mergeSha,
      services: [...state.services, ...state.removed],
      backups: state.backups,
      receipt: files.receipt,
    };
  if (supersedes !== undefined) {
    const entry = records.others.find((e) => e.ticket === supersedes);
    if (entry?.state && ['awaiting-confirm', 'reverting'].includes(entry.state.releaseStatus))
      throw refused({
        what: `${supersedes} cannot be superseded: it is ${entry.state.releaseStatus}`,
        hint: nextSteps(entry.state).map(({ command, what }) => `${command.padEnd(60)} # ${what}`),
      });
    if (entry?.state && (blocksOthers(entry.state) || entry.state.releaseStatus === 'abandoned')) return of(entry);
    throw refused({
      what: `${supersedes} cannot be superseded: ${entry?.state ? `it is ${entry.state.releaseStatus}${entry.state.mergeSha === '' ? ', and nothing live was changed by it' : ''}` : 'this host has no record of it'}`,
      hint: 'Superseded is a release that was halted after its Advance. See: just release-list',
    });
  }
  const open = [...records.others, records.entry].filter(
    ({ state }) =>
      state?.releaseStatus === 'abandoned' &&
      state.mergeSha !== '' &&
      // Nothing marked as deployed: no release of this host has ended well yet.
      (deployed === undefined || state.baseSha === deployed),
  );
  const last = open.toSorted((a, b) => startOf(a) - startOf(b)).at(-1);
  return last && of(last);
}

const startOf = (entry: ReleaseEntry): number => Date.parse(entry.state?.timestamps.PREPARE_START ?? '') || 0;
