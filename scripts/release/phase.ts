// One phase by itself, for debugging: the same lock, state and log as in a whole release.
import { checkBranch, checkTicket } from '../model/names.ts';
import type { Phase } from '../model/release.ts';
import type { Verb } from './verb.ts';

/** prepare begins a release; the others run all of their phase's steps, of one that got there. */
export function phaseVerb(phase: Phase): Verb {
  const first = phase === 'prepare';
  return {
    usage: {
      verb: `release-${phase}`,
      words: first ? ['TICKET', '[BRANCH]'] : ['TICKET'],
      what: `Runs the ${phase} phase alone.`,
      flags: {
        ...(first
          ? {
              'force-allow-non-main': { type: 'boolean', what: 'release a branch that is not the configured one' },
              'ack-breaking': { type: 'boolean', what: 'go on although the changelog says that something breaks' },
            }
          : {}),
        json: { type: 'boolean', what: 'events as NDJSON' },
      },
    },
    mutating: true,
    check: (given) => {
      checkTicket(given.words[0] ?? '');
      if (given.words[1] !== undefined) checkBranch(given.words[1]);
    },
    run: async (given, world) => {
      const { begin, locked, perform, resume } = await import('./whole.ts');
      const [ticket = '', branch] = given.words;
      const json = given.has('json');
      return await locked(world, ticket, `release-${phase} ${ticket}`, async (context, lock) => {
        const made = first
          ? await begin(context, lock, {
              ticket,
              branch,
              allowNonMain: given.has('force-allow-non-main'),
              services: [],
              advanceOnly: false,
              ackBreaking: given.has('ack-breaking'),
              supersedes: undefined,
              reason: '',
              skip: new Set(),
              json,
            })
          : await resume(context, lock, { ticket, from: phase, skip: new Set(), acceptDrift: false, reason: '', json });
        return await perform(made.session, made.log, {
          from: { kind: 'phase', phase },
          skip: new Set(),
          reason: '',
          only: phase,
        });
      });
    },
  };
}
