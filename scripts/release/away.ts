// Backups that leave the host, as .asd/release.yaml says: what is configured, and what a copy that fails means.
import { isAbsolute, join } from 'node:path';
import type { BackupRecord } from '../backups/kind.ts';
import { checkSecondHome, type SecondHome, type Sent, sendAway } from '../backups/restic.ts';
import { ReleaseError } from '../model/error.ts';
import type { Context } from './context.ts';

/** undefined: none is configured. */
export function secondHome({ config, paths }: Context): SecondHome | undefined {
  const { restic } = config.backup;
  if (restic === undefined) return undefined;
  const { repository, passwordFile, timeoutMs } = restic;
  return {
    repository,
    passwordFile: isAbsolute(passwordFile) ? passwordFile : join(paths.root, passwordFile),
    timeoutMs,
    cache: join(paths.cache, 'restic'),
  };
}

/** For a plan: what is wrong already, where that is only to be said. @throws refused where it is to be refused. */
export function awayNotices(context: Context): string[] {
  const home = secondHome(context);
  if (home === undefined) return [];
  try {
    checkSecondHome(context.host, home);
    return [];
  } catch (error) {
    if (!(error instanceof ReleaseError) || context.config.backup.restic?.onFailure === 'refuse') throw error;
    return [`backups will not leave this host: ${error.facts.what}`];
  }
}

/** @param say what to tell the operator where a failure is only to be said. @throws what sendAway throws, where it is to be refused. */
export async function copyAway(
  context: Context,
  backup: BackupRecord & { dir: string },
  signal: AbortSignal,
  say: (sentence: string) => void,
): Promise<Sent | undefined> {
  const home = secondHome(context);
  if (home === undefined) return undefined;
  const { service, stamp, ticket, dir } = backup;
  const { host, secrets } = context;
  const mark = `${context.mark}.away-${service}`;
  try {
    return await sendAway(host, home, { service, stamp, ticket, folder: dir }, { signal, mark, secrets });
  } catch (error) {
    if (signal.aborted || !(error instanceof ReleaseError) || context.config.backup.restic?.onFailure === 'refuse')
      throw error;
    say(`the backup ${service} ${stamp} did not leave this host: ${error.facts.what}`);
    return undefined;
  }
}
