// just release-stop TICKET: whatever is at work on it stops at its next safe point, and nothing of it is left running.
import { ticketPaths } from '../host/paths.ts';
import { leaveToPeople } from '../journal/guard.ts';
import { type LockHolder, readHolder } from '../journal/lock.ts';
import { readLog } from '../journal/log.ts';
import { readRelease } from '../journal/records.ts';
import { EXIT, ReleaseError, refused } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import { standing } from '../plan/due.ts';
import { nextSteps } from '../plan/next.ts';
import { holderMark } from './context.ts';
import { openRecords } from './records-context.ts';
import { endingLines } from './reporter.ts';
import { enter, type Verb } from './verb.ts';

const LOOK_EVERY_MS = 100;

export const verb: Verb = {
  usage: {
    verb: 'release-stop',
    words: ['TICKET'],
    what: 'Stops what runs for a ticket at its next safe point, waits for that, and proves that nothing is left running.',
    flags: { json: { type: 'boolean', what: 'where it stopped, as JSON' } },
  },
  mutating: false,
  check: (given) => void checkTicket(given.words[0] ?? ''),
  async run(given, { host, terminal, ...world }) {
    const [ticket = ''] = given.words;
    const paths = await openRecords({ host, terminal, ...world });
    const files = ticketPaths(paths, ticket);
    const holder = readHolder(host, paths);
    if (holder?.ticket !== ticket) throw notRunning(ticket, holder);
    const say = (line: string): void => (given.has('json') ? undefined : terminal.say(line));
    leaveToPeople(host, paths, ticket);
    // Pid and start time together name one process of this boot: it is that one, or none.
    if (!host.machine.terminate(holder.pid, holder.startTime)) throw notRunning(ticket, undefined);
    const at = [...standing(readLog(host, files.log).events).open];
    say(
      `${holder.command}, process ${holder.pid}, was told to stop${at.length > 0 ? `; it is in ${at.join(', ')}` : ''}`,
    );
    const lives = (): boolean =>
      host.machine.alive(holder.pid) && host.machine.startTime(holder.pid) === holder.startTime;
    while (lives()) await host.clock.sleep(LOOK_EVERY_MS);

    const left = host.exec.marked(holderMark(paths.root));
    if (left.length > 0 && !readHolder(host, paths))
      throw new ReleaseError('in-doubt', {
        what: `${ticket} was stopped, but of what it started there still runs: process ${left.join(', ')}`,
        hint: 'The next verb that takes the lock ends it: just release-sweep',
      });
    const { state } = readRelease(host, files, ticket);
    if (state?.phaseStatus !== 'stopped')
      throw refused({
        what: `${ticket} ended before it could be stopped: it is ${state?.releaseStatus ?? 'not begun'}`,
        hint: `See: just release-state ${ticket}`,
      });
    const next = nextSteps(state);
    if (given.has('json'))
      terminal.say(JSON.stringify({ ticket, phase: state.phase, status: state.releaseStatus, left: [], next }));
    else
      for (const line of endingLines(
        [`${ticket} stopped in ${state.phase}; nothing of it is running. What comes next:`],
        next,
      ))
        say(line);
    return EXIT.ok;
  },
};

const notRunning = (ticket: string, holder: LockHolder | undefined): ReleaseError =>
  refused({
    what: `Nothing runs for ${ticket} now${holder ? `; the lock is held by ${holder.command}, process ${holder.pid}` : ''}`,
    hint: `See: just release-state ${ticket}`,
  });

if (import.meta.main) void enter(verb);
