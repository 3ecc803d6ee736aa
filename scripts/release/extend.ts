// just release-extend TICKET 2m: more time to look at a release that waits for its confirmation.
import { anchored, momentNow, readGuard, writeArmed } from '../journal/guard.ts';
import { utcSeconds } from '../journal/time.ts';
import { elapsedMs, parseDuration } from '../model/deadline.ts';
import { badInput, EXIT, refused } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import { openGuardLog } from './guard/journal.ts';
import { inWords } from './guard/words.ts';
import { locked } from './locked.ts';
import { readRecords } from './standing-records.ts';
import { enter, type Verb } from './verb.ts';

const PATIENCE_MS = 10_000;

export const verb: Verb = {
  usage: {
    verb: 'release-extend',
    words: ['TICKET', 'TIME'],
    what: 'Moves the deadline of a release that waits for its confirmation, never past its cap.',
    flags: { json: { type: 'boolean', what: 'the new deadline, as JSON' } },
  },
  mutating: true,
  check: (given) => void [checkTicket(given.words[0] ?? ''), readTime(given.words[1] ?? '')],
  async run(given, world) {
    const [ticket = '', time = ''] = given.words;
    const moreMs = readTime(time);
    return await locked(
      world,
      ticket,
      `release-extend ${ticket} ${time}`,
      async (context, lock) => {
        const { host, paths } = context;
        const { own: state } = readRecords(context, ticket);
        const armed = readGuard(host, paths, ticket)?.armed;
        if (!armed || state?.releaseStatus !== 'awaiting-confirm')
          throw refused({
            what: state
              ? `${ticket} is ${state.releaseStatus}: no window of it is open`
              : `This host has no record of ${ticket}`,
            hint: `See: just release-state${state ? ` ${ticket}` : ''}`,
          });
        const now = momentNow(host);
        const passed = elapsedMs(armed.at, now);
        const [left, capLeft] = [armed.leftMs - passed + moreMs, armed.capLeftMs - passed];
        if (left > capLeft) throw pastCap(ticket, moreMs, capLeft - (left - moreMs));
        writeArmed(host, paths, anchored(armed, now, left, capLeft));
        const deadline = utcSeconds(new Date(now.wallMs + left));
        // As JSON there is one answer.
        const aside = given.has('json')
          ? { ...context, terminal: { ...context.terminal, isTty: false, say: () => undefined } }
          : context;
        openGuardLog(aside, lock, ticket, undefined).log('confirm', 'extended', {
          deadline,
          by: host.machine.user,
          more: inWords(moreMs),
        });
        if (given.has('json')) world.terminal.say(JSON.stringify({ ticket, deadline, leftMs: Math.round(left) }));
        else world.terminal.say(`${ticket} is put back at ${deadline} (in ${inWords(left)}), unless it is confirmed.`);
        return EXIT.ok;
      },
      { patienceMs: PATIENCE_MS },
    );
  },
};

/** @throws bad-input for a word that is no time. */
function readTime(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw badInput({
    what: `${JSON.stringify(text.slice(0, 40))} is no time`,
    hint: 'A time is a number and its unit: 90s, 2m, 1h.',
  });
}

const pastCap = (ticket: string, askedMs: number, roomMs: number) =>
  refused({
    what: `${inWords(askedMs)} more would pass the cap of ${ticket}`,
    hint:
      roomMs >= 1000
        ? [`At most: just release-extend ${ticket} ${inWords(roomMs)}`]
        : [`It cannot be moved any further. Decide: just release-confirm ${ticket}, or the same with --no`],
  });

if (import.meta.main) void enter(verb);
