// just release-sweep: deadlines that have passed and decisions that were made are acted on; run at boot, and by hand. --stay is the watchdog.
import { guardedTickets } from '../journal/guard.ts';
import { badInput, EXIT } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import { keepWatch } from './guard/watchdog.ts';
import { locked } from './locked.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'release-sweep',
    words: ['[TICKET]'],
    what: 'Puts back what was not confirmed in time, and sees to it that what still waits is watched over.',
    flags: {
      stay: { type: 'boolean', what: 'stay as the watchdog of this ticket, until it is final' },
      json: { type: 'boolean', what: 'what still waits, as JSON' },
    },
  },
  mutating: true,
  check(given) {
    if (given.words[0] !== undefined) checkTicket(given.words[0]);
    else if (given.has('stay')) throw badInput({ what: '--stay needs the ticket to watch over' });
  },
  async run(given, world) {
    const [ticket] = given.words;
    if (ticket !== undefined && given.has('stay')) return await keepWatch(world, ticket);
    return await locked(world, '', 'release-sweep', async ({ host, paths }) => {
      const left = guardedTickets(host, paths);
      if (given.has('json')) {
        world.terminal.say(JSON.stringify({ waiting: left }));
        return EXIT.ok;
      }
      world.terminal.say(left.length === 0 ? 'Nothing waits for a confirmation.' : `Still waiting: ${left.join(', ')}`);
      return EXIT.ok;
    });
  },
};

if (import.meta.main) void enter(verb);
