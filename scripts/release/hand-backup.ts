// Backups of several services one after the other, outside of a release: each is logged, read back, and said.
import { stampOf } from '../backups/folder.ts';
import { holdBackup } from '../backups/holds.ts';
import { rottenBefore, storedBytes } from '../backups/record.ts';
import { takeBackup } from '../backups/take.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import { messageOf } from '../model/error.ts';
import type { ServiceReceipt } from '../model/receipt.ts';
import type { ServiceManifest } from '../model/service.ts';
import { formatBytes } from '../plan/describe.ts';
import type { ResolvedService } from '../runtimes/runtime.ts';
import { copyAway, secondHome } from './away.ts';
import { NO_TICKET, openHandLog, openService, stoppable } from './by-hand.ts';
import type { Context } from './context.ts';

export interface HandBackup {
  json: boolean;
  /** Why they are to be kept; release-backup-prune never removes them then. */
  hold?: string | undefined;
  /** What runs was resolved already, from another tree than the live one: by service. */
  resolved?: ReadonlyMap<string, ResolvedService>;
}

/** @returns what a receipt says of each. @throws step-failed or refused at the first that fails; those before it stay. */
export async function backUpServices(
  context: Context,
  lock: ReleaseLock,
  services: readonly ServiceManifest[],
  options: HandBackup,
): Promise<Map<string, NonNullable<ServiceReceipt['backup']>>> {
  const { log, reporter } = openHandLog(context, lock, 'backup', options.json);
  const { host, paths, config } = context;
  const names = services.map((each) => each.name).join(' ');
  const done = new Map<string, NonNullable<ServiceReceipt['backup']>>();
  log('start', { services: names, by: host.machine.user });
  try {
    await stoppable(context, async (signal) => {
      for (const manifest of services) {
        const begun = host.clock.monotonicMs();
        const service = await openService(context, manifest, signal, options.resolved?.get(manifest.name));
        log('step-start', { step: 'backup', service: manifest.name });
        const taken = await takeBackup(service.context, service.runtime, {
          stamp: stampOf(host.clock.now()),
          dir: paths.backups,
          ticket: NO_TICKET,
          purpose: 'by-hand',
          secondHome: secondHome(context),
          pauseMaxMs: config.backup.pauseMaxMs,
          onPause: (event, fields) => log(event, { service: manifest.name, ...fields }),
        });
        if (options.hold !== undefined) holdBackup(host, taken.dir, options.hold);
        const bytes = storedBytes(taken);
        const { stamp, dir, sha256s, pausedMs, label } = taken;
        log('step-done', {
          step: 'backup',
          service: manifest.name,
          duration: `${((host.clock.monotonicMs() - begun) / 1000).toFixed(1)}s`,
          stamp,
          bytes: String(bytes),
          label,
        });
        reporter.say(`  ${manifest.name} ${stamp}: ${formatBytes(bytes)} in ${dir}`);
        for (const sentence of rottenBefore(taken)) {
          log('notice', { service: manifest.name, reason: sentence });
          reporter.say(`  ${sentence}`);
        }
        const away = await copyAway(context, taken, signal, (sentence) => {
          log('notice', { service: manifest.name, reason: sentence });
          reporter.say(`  ${sentence}`);
        });
        if (away !== undefined) reporter.say(`  copied to ${away.repository}, snapshot ${away.snapshot.slice(0, 8)}`);
        for (const mount of taken.uncovered) reporter.say(`  not in it: ${mount}`);
        done.set(manifest.name, { stamp, dir, bytes, sha256: sha256s, pausedMs, label, ...(away && { away }) });
      }
    });
  } catch (error) {
    log('failed', { reason: messageOf(error) });
    throw error;
  } finally {
    reporter.end();
  }
  log('done', { services: names });
  return done;
}
