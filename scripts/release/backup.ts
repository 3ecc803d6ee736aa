// just release-backup [SERVICE...]: backups by hand, read back as a release reads its own.
import { checkServiceName } from '../model/names.ts';
import { checkEnabled, chosen, companions } from './by-hand.ts';
import { backUpServices } from './hand-backup.ts';
import { locked } from './locked.ts';
import { sendMissing } from './send-missing.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'release-backup',
    words: ['[SERVICE...]'],
    what: 'Takes a backup of the services (default: of all) and reads it back.',
    flags: {
      hold: { type: 'string', what: 'why it is to be kept; release-backup-prune never removes it then' },
      away: { type: 'boolean', what: 'takes none: copies what is there, and not yet in the second home' },
      json: { type: 'boolean', what: 'events as NDJSON' },
    },
  },
  mutating: true,
  check: (given) => given.words.forEach(checkServiceName),
  run: async (given, world) =>
    await locked(world, '', `release-backup ${given.words.join(' ')}`.trim(), async (context, lock) => {
      const named = await chosen(context, given.words);
      if (given.has('away')) return await sendMissing(context, lock, named, given.has('json'));
      if (given.words.length > 0) named.forEach(checkEnabled);
      const services = given.words.length > 0 ? [...named, ...(await companions(context, named))] : named;
      await backUpServices(context, lock, services, { json: given.has('json'), hold: given.value('hold') });
      return 0;
    }),
};

if (import.meta.main) void enter(verb);
