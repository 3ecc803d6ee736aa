// Runs the host's own backup, verify and restore commands.
import { join } from 'node:path';
import { cleanEnvironment } from '../../host/environment.ts';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext } from '../kind.ts';
import { packageFolder } from '../places.ts';

/** The folder of its files in a backup, and the item's name. */
export const NAME = 'command';

/** @param folder of the backup. @throws step-failed with the command's last lines. */
export async function runOwn(
  context: BackupContext,
  argv: readonly string[],
  folder: string,
  what: 'backup' | 'verify' | 'restore',
): Promise<void> {
  const env = cleanEnvironment(context.host.machine.env, {
    ...context.env,
    ASD_TICKET: context.ticket,
    ASD_SERVICE: context.service.name,
    ASD_PHASE: what === 'restore' ? 'restore' : 'prepare',
    ASD_ROOT: context.paths.root,
    ASD_BACKUP_DIR: join(folder, NAME),
    CONTAINER_PREFIX: context.env.CONTAINER_PREFIX ?? '',
  });
  const result = await context.host.exec.run(argv, {
    cwd: packageFolder(context),
    env,
    secrets: context.secrets,
    timeoutMs: context.timeoutMs,
    truncate: true,
    mark: `${context.mark ?? 'backup'}.${context.host.machine.random(8)}`,
    endStragglers: true,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    ...(context.outputFile === undefined ? {} : { outputFile: context.outputFile }),
  });
  if (result.code === 0 && !result.timedOut) return;
  throw stepFailed({
    what: `the ${what} command of ${context.service.name} ${result.timedOut ? `took longer than ${context.timeoutMs / 1000} s` : 'failed'}`,
    where: argv.join(' '),
    details: result.tail.slice(-10),
    ...(result.code === undefined ? {} : { rc: result.code }),
    ...(context.outputFile === undefined ? {} : { outputFile: context.outputFile }),
  });
}
