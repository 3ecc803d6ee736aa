// just release-abandon TICKET: give up a halted release as it is.
import { refused } from '../model/error.ts';
import { isFinished, nextSteps } from '../plan/next.ts';
import { closingVerb } from './closing.ts';
import { enter } from './verb.ts';

export const verb = closingVerb({
  verb: 'release-abandon',
  what: 'Gives up a halted release as it is: nothing is put back, other tickets may go on.',
  event: 'abandoned',
  check(state) {
    if (state.releaseStatus === 'awaiting-confirm')
      throw refused({
        what: `${state.ticket} is verified and waits for its confirmation`,
        hint: nextSteps(state).map(({ command, what }) => `${command.padEnd(60)} # ${what}`),
      });
    if (!isFinished(state)) return;
    throw refused({ what: `${state.ticket} is ${state.releaseStatus}: there is nothing to give up` });
  },
  after: (state) =>
    state.mergeSha === ''
      ? [`${state.ticket} is abandoned. Nothing live was changed by it.`]
      : [
          `${state.ticket} is abandoned; the checkout stays at ${state.mergeSha.slice(0, 12)} and the services as they are.`,
          'The next release takes over its BASE_SHA, services, backups and kept images.',
        ],
});

if (import.meta.main) void enter(verb);
