// The two verbs by which a person ends a release that the engine could not: both are audited, neither touches a service.
import { claimRecords } from '../journal/archive.ts';
import { openLog } from '../journal/log.ts';
import { badInput, refused } from '../model/error.ts';
import { checkTicket } from '../model/names.ts';
import { PHASES, type ReleaseState } from '../model/release.ts';
import type { Context } from './context.ts';
import { locked } from './locked.ts';
import { openReporter } from './reporter.ts';
import { makeLogger } from './session.ts';
import { checkBelievable, readRecords } from './standing-records.ts';
import type { Verb } from './verb.ts';

export interface Closing {
  verb: string;
  what: string;
  event: 'abandoned' | 'accepted';
  /** @throws refused where the release does not stand so that it can be ended this way. */
  check(state: ReleaseState): void;
  /** What has to be true before the event is written. */
  before?(context: Context, state: ReleaseState): Promise<void>;
  after(state: ReleaseState): string[];
}

export function closingVerb(closing: Closing): Verb {
  return {
    usage: {
      verb: closing.verb,
      words: ['TICKET'],
      what: closing.what,
      flags: {
        reason: { type: 'string', what: 'why; goes to the log' },
        json: { type: 'boolean', what: 'events as NDJSON' },
      },
    },
    mutating: true,
    check(given) {
      checkTicket(given.words[0] ?? '');
      if ((given.value('reason') ?? '').trim() === '')
        throw badInput({ what: `${closing.verb} needs --reason='...', which goes to the log` });
    },
    async run(given, world) {
      const [ticket = ''] = given.words;
      return await locked(world, ticket, `${closing.verb} ${ticket}`, async (context, lock) => {
        const { own, entry } = readRecords(context, ticket);
        checkBelievable(entry);
        if (!own) throw refused({ what: `This host has no record of ${ticket}`, hint: 'See: just release-list' });
        closing.check(own);
        await closing.before?.(context, own);
        const files = claimRecords(context.host, context.paths, ticket, { keepInterrupted: true });
        const journal = openLog(context.host, files.log, ticket, { assertHeld: () => lock.assertHeld() });
        const reporter = openReporter(context.host, context.terminal, { json: given.has('json') });
        const log = makeLogger(context, files, journal, reporter);
        log(PHASES.find((p) => p === own.phase) ?? 'prepare', closing.event, {
          by: context.host.machine.user,
          reason: given.value('reason') ?? '',
        });
        reporter.end();
        for (const line of closing.after(own)) reporter.say(line);
        return 0;
      });
    },
  };
}
