// just release-backup-verify [SERVICE [STAMP]]: reads backups back again, as after their making.
import { join } from 'node:path';
import { listBackups } from '../backups/list.ts';
import { readRecord } from '../backups/record.ts';
import { kindOf } from '../backups/registry.ts';
import { noteVerified } from '../backups/verified.ts';
import { badInput, messageOf, stepFailed } from '../model/error.ts';
import { checkServiceName } from '../model/names.ts';
import { chosen, type HandService, openHandLog, openService, stoppable } from './by-hand.ts';
import { locked } from './locked.ts';
import { enter, type Verb } from './verb.ts';

export const verb: Verb = {
  usage: {
    verb: 'release-backup-verify',
    words: ['[SERVICE]', '[STAMP]'],
    what: 'Reads backups back: checksums of every file, content as after its making (default: the newest of each service).',
    flags: {
      all: { type: 'boolean', what: 'not only the newest of each service' },
      json: { type: 'boolean', what: 'events as NDJSON' },
    },
  },
  mutating: true,
  check(given) {
    const [service, stamp] = given.words;
    if (service !== undefined) checkServiceName(service);
    if (stamp !== undefined && !/^\d{8}_\d{6}$/.test(stamp))
      throw badInput({ what: `${JSON.stringify(stamp.slice(0, 80))} is no stamp of a backup (YYYYMMDD_HHMMSS)` });
  },
  run: async (given, world) =>
    await locked(world, '', `release-backup-verify ${given.words.join(' ')}`.trim(), async (context, lock) => {
      const [only, stamp] = given.words;
      const services = await chosen(context, only === undefined ? [] : [only]);
      const { host, paths } = context;
      const { log, reporter } = openHandLog(context, lock, 'backup', given.has('json'));
      const bad: string[] = [];
      let good = 0;
      await stoppable(context, async (signal) => {
        for (const manifest of services) {
          const list = listBackups(host, paths.backups, manifest.name);
          const stamps =
            stamp === undefined
              ? list.backups.map((each) => each.stamp).slice(0, given.has('all') ? undefined : 1)
              : [stamp];
          for (const each of stamp === undefined ? list.bad : []) bad.push(`${each.dir}: ${each.why}`);
          if (stamps.length === 0) continue;
          const service = await openService(context, manifest, signal);
          for (const each of stamps) {
            const folder = join(paths.backups, manifest.name, each);
            log('step-start', { step: 'verify', service: manifest.name, stamp: each });
            const why = await problemOf(service, folder);
            if (why === undefined) {
              noteVerified(host, folder);
              good++;
              log('step-done', { step: 'verify', service: manifest.name, stamp: each });
            } else {
              bad.push(`${folder}: ${why}`);
              log('step-failed', { step: 'verify', service: manifest.name, stamp: each, reason: why });
            }
          }
        }
      });
      reporter.end();
      if (bad.length > 0) {
        throw stepFailed({
          what: `${bad.length} of ${bad.length + good} backups cannot be relied on`,
          details: bad,
          hint: 'Take new ones now: just release-backup',
        });
      }
      reporter.say(`${good} ${good === 1 ? 'backup' : 'backups'} read back, all well.`);
      return 0;
    }),
};

/** Why a backup does not pass its read-back; undefined: it does. */
async function problemOf({ context }: HandService, folder: string): Promise<string | undefined> {
  try {
    const { items, papers = {} } = readRecord(context.host, folder);
    for (const { item, files } of items) await kindOf(item, item.name).check(context, item, folder, files);
    for (const [file, sum] of Object.entries(papers)) {
      const path = join(folder, file);
      if (context.host.files.stat(path)?.kind === 'file' && (await context.host.files.sha256(path)) === sum) continue;
      return `${file} is not what was written: its checksum differs. The data is; restore with just release-restore`;
    }
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

if (import.meta.main) void enter(verb);
