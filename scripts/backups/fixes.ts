// What a service needs after its files came back: owners, by the manifest's data_uid and its fixes.post_restore.functions.

import { cleanEnvironment } from '../host/environment.ts';
import { refused, stepFailed } from '../model/error.ts';
import { toolOptions } from './archive.ts';
import type { BackupContext, BackupItem } from './kind.ts';
import { helper } from './volume/helper.ts';
import { volumeName } from './volume/mounts.ts';

/** The built-in functions that a manifest may name. */
export const FIXES = ['chown_files'] as const;

/** @throws refused for a function that there is none of: said before anything is touched. */
export function checkFixes(context: BackupContext): void {
  const unknown = context.service.fixes.postRestore.filter((name) => !(FIXES as readonly string[]).includes(name));
  if (unknown.length === 0) return;
  throw refused({
    what: `there is no function ${unknown.join(', ')}`,
    where: `packages/${context.service.name}/manifest.yaml, fixes.post_restore.functions`,
    hint: `Known is: ${FIXES.join(', ')}. Anything else goes into scripts/post_data_restore.sh.`,
  });
}

/** Of a volume: its data_uid; with chown_files, else the container_user of the app, also for workspace paths. undefined: owners stay as saved. */
function uidOf(context: BackupContext, item: BackupItem): string | undefined {
  const { backup, fixes, containers } = context.service;
  const { files } = context.host;
  const spec = backup.volumes.find((each) =>
    'bind' in each
      ? item.path !== undefined &&
        (files.stat(each.bind) === undefined ? each.bind : files.realpath(each.bind)) === item.path
      : item.volume !== undefined && volumeName(context, each.suffix) === item.volume,
  );
  if (spec?.dataUid !== undefined) return String(spec.dataUid);
  if (!fixes.postRestore.includes('chown_files')) return undefined;
  return containers.find((each) => each.role === 'app')?.containerUser?.match(/^\d+/)?.[0];
}

/** Only what belongs to somebody else is touched, so that it can be repeated. @throws step-failed. */
export async function fixOwners(context: BackupContext, items: readonly BackupItem[]): Promise<void> {
  for (const item of items.filter((each) => each.kind === 'volume' || each.kind === 'workspace')) {
    const uid = uidOf(context, item);
    if (uid === undefined) continue;
    const find = (path: string) => [
      'find',
      path,
      '!',
      '-uid',
      uid,
      '-exec',
      'chown',
      '--no-dereference',
      uid,
      '{}',
      '+',
    ];
    const argv =
      item.path !== undefined
        ? find(item.path)
        : [...helper(item.volume ?? '', '', context.helperImage), '-c', 'exec "$@"', 'sh', ...find('/data')];
    const env = cleanEnvironment(context.host.machine.env, { LC_ALL: 'C' });
    const result = await context.host.exec.run(argv, { ...toolOptions(context), env });
    if (result.code === 0) continue;
    throw stepFailed({
      what: `what was restored of ${item.describes} could not be given to uid ${uid}`,
      where: item.path ?? item.volume ?? item.name,
      details: result.tail.slice(-5),
      hint: 'Owners are set as root only.',
    });
  }
}
