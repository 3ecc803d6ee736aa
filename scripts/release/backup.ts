// just release-backup [SERVICE...]: backups by hand, read back as a release reads its own.
import { stampOf } from '../backups/folder.ts';
import { holdBackup } from '../backups/holds.ts';
import { takeBackup } from '../backups/take.ts';
import { checkServiceName } from '../model/names.ts';
import { formatBytes } from '../plan/describe.ts';
import { checkEnabled, chosen, NO_TICKET, openHandLog, openService, stoppable } from './by-hand.ts';
import { locked } from './locked.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'release-backup',
    words: ['[SERVICE...]'],
    what: 'Takes a backup of the services (default: of all) and reads it back.',
    flags: {
      hold: { type: 'string', what: 'why it is to be kept; release-backup-prune never removes it then' },
      json: { type: 'boolean', what: 'events as NDJSON' },
    },
  },
  mutating: true,
  check: (given) => given.words.forEach(checkServiceName),
  run: async (given, world) =>
    await locked(world, '', `release-backup ${given.words.join(' ')}`.trim(), async (context, lock) => {
      const services = await chosen(context, given.words);
      if (given.words.length > 0) services.forEach(checkEnabled);
      const { log, reporter } = openHandLog(context, lock, 'backup', given.has('json'));
      const { host, paths, config } = context;
      log('start', { services: services.map((each) => each.name).join(' '), by: host.machine.user });
      try {
        await stoppable(context, async (signal) => {
          for (const manifest of services) {
            const begun = host.clock.monotonicMs();
            const service = await openService(context, manifest, signal);
            log('step-start', { step: 'backup', service: manifest.name });
            const taken = await takeBackup(service.context, service.runtime, {
              stamp: stampOf(host.clock.now()),
              dir: paths.backups,
              ticket: NO_TICKET,
              purpose: 'by-hand',
              pauseMaxMs: config.backup.pauseMaxMs,
              onPause: (event, fields) => log(event, { service: manifest.name, ...fields }),
            });
            const hold = given.value('hold');
            if (hold !== undefined) holdBackup(host, taken.dir, hold);
            const bytes = taken.items.flatMap((item) => item.files).reduce((sum, file) => sum + file.bytes, 0);
            log('step-done', {
              step: 'backup',
              service: manifest.name,
              duration: `${((host.clock.monotonicMs() - begun) / 1000).toFixed(1)}s`,
              stamp: taken.stamp,
              bytes: String(bytes),
              label: taken.label,
            });
            reporter.say(`  ${manifest.name} ${taken.stamp}: ${formatBytes(bytes)} in ${taken.dir}`);
            for (const mount of taken.uncovered) reporter.say(`  not in it: ${mount}`);
          }
        });
      } catch (error) {
        log('failed', { reason: error instanceof Error ? error.message : String(error) });
        throw error;
      } finally {
        reporter.end();
      }
      log('done', { services: services.map((each) => each.name).join(' ') });
      return 0;
    }),
};

if (import.meta.main) void enter(verb);
