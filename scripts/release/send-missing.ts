// Backups that are here and not yet in the second home: copied now, the oldest first.
import { listBackups } from '../backups/list.ts';
import { awayOf, checkSecondHome, sendAway } from '../backups/restic.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import { refused } from '../model/error.ts';
import type { ServiceManifest } from '../model/service.ts';
import { secondHome } from './away.ts';
import { openHandLog, stoppable } from './by-hand.ts';
import type { Context } from './context.ts';

/** @throws refused where no second home is configured; the first copy that fails. */
export async function sendMissing(
  context: Context,
  lock: ReleaseLock,
  services: readonly ServiceManifest[],
  json: boolean,
): Promise<number> {
  const home = secondHome(context);
  if (home === undefined)
    throw refused({ what: 'no second home is configured', where: '.asd/release.yaml, backup.restic' });
  checkSecondHome(context.host, home);
  const { log, reporter } = openHandLog(context, lock, 'backup', json);
  const { host, paths, secrets } = context;
  let count = 0;
  try {
    await stoppable(context, async (signal) => {
      for (const { name } of services) {
        for (const { service, stamp, ticket, dir } of listBackups(host, paths.backups, name).backups.toReversed()) {
          if (awayOf(host, dir)?.repository === home.repository) continue;
          const mark = `${context.mark}.away-${service}`;
          const { snapshot } = await sendAway(
            host,
            home,
            { service, stamp, ticket, folder: dir },
            { signal, mark, secrets },
          );
          log('notice', { service, stamp, away: snapshot.slice(0, 8) });
          reporter.say(`  ${service} ${stamp}: snapshot ${snapshot.slice(0, 8)}`);
          count++;
        }
      }
    });
  } finally {
    reporter.end();
  }
  reporter.say(count === 0 ? 'Every backup has its copy.' : `${count} copied to ${home.repository}.`);
  return 0;
}
