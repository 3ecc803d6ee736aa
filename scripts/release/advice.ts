// just doctor --run=TICKET: the ordered, quoted commands for exactly this release, from the playbooks where one knows its failure.
import { ticketPaths } from '../host/paths.ts';
import { readHolder } from '../journal/lock.ts';
import { readRelease } from '../journal/records.ts';
import { refused } from '../model/error.ts';
import type { ReleaseState } from '../model/release.ts';
import { nextSteps } from '../plan/next.ts';
import { knownLines } from '../playbooks/known.ts';
import { knownOf } from './known-failures.ts';
import { openRecords } from './records-context.ts';
import { endingLines } from './reporter.ts';
import type { World } from './world.ts';

const WELL = ['released', 'reverted', 'abandoned'];

/** @returns 0 where nothing is to be done, 1 where something is. @throws refused where there is no such release. */
export async function adviseOn({ host, terminal, engine }: World, ticket: string, json: boolean): Promise<number> {
  const paths = await openRecords({ host, terminal, engine });
  const entry = readRelease(host, ticketPaths(paths, ticket), ticket);
  const { state, broken, problem, differences } = entry;
  if (state === undefined && broken === undefined && problem === undefined)
    throw refused({
      what: `This host has no record of ${ticket}: what was refused leaves none`,
      hint: ['See what stands in the way:', 'just release-check', 'just doctor'],
    });
  const running = readHolder(host, paths)?.ticket === ticket;
  const doubts = [
    ...differences.map((each) => `the state file and the log disagree: ${each}`),
    ...(broken ? [`line ${broken.line} of the log is not what the engine wrote: ${broken.why}`] : []),
    ...(problem ? [problem.message] : []),
  ];
  const done = running || (state !== undefined && isWell(state) && doubts.length === 0);
  const known = done
    ? { failures: [], notices: [] }
    : await knownOf({ host, engine, root: paths.root }, undefined, { ticket, ...(state ? { state } : {}) });
  const next =
    running || !state ? [{ command: `just release-log ${ticket} --follow`, what: 'watch it' }] : nextSteps(state);
  const stands = running
    ? `${ticket} is running`
    : `${ticket} is ${state ? `${state.releaseStatus} in ${state.phase}` : 'in doubt'}`;
  if (json) terminal.say(JSON.stringify({ ticket, stands, done, doubts, known: known.failures, next }));
  else {
    terminal.say(stands);
    for (const line of [...doubts.map((each) => `doubt: ${each}`), ...knownLines(known)]) terminal.say(line);
    const otherwise = known.failures.length > 0 ? 'Once that is mended, or instead of it:' : 'What comes next:';
    for (const line of endingLines(next.length > 0 ? [otherwise] : ['Nothing is to be done.'], next))
      terminal.say(line);
  }
  return done ? 0 : 1;
}

const isWell = ({ releaseStatus, push }: ReleaseState): boolean => WELL.includes(releaseStatus) && push !== 'pending';
