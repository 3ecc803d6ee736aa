// What this user, or nobody but a container, can read of a service's data: asked before a first backup would find out.
import type { BackupContext } from '../../backups/kind.ts';
import { isMounted, mountedDatabase } from '../../backups/sqlite/file.ts';
import { volumePlace } from '../../backups/volume/place.ts';
import { ReleaseError } from '../../model/error.ts';
import type { Difference } from '../../runtimes/runtime.ts';

const HELPER =
  'docker pull debian:stable-slim, then backup: { helper_image: debian:stable-slim } in .asd/release.yaml (any image with GNU tar and find), or run it as root';

/** @param context of a service that runs: all of its mounts exist. @returns a line for each part of its data that no backup could read. */
export async function unreadable(context: BackupContext): Promise<Difference[]> {
  const { backup, database } = context.service;
  if (!backup.enabled) return [];
  const mounts = context.resolved.components.flatMap((component) => component.mounts);
  const found: Difference[] = [];
  for (const spec of backup.types.includes('volume') ? backup.volumes : []) {
    if ('bind' in spec) found.push(...closedFolder(context, spec.bind));
    else {
      const volume = mounts.find((mount) => mount.kind === 'volume' && mount.key === spec.suffix)?.source;
      const said = volume === undefined ? [] : await closed(context, (at) => volumePlace(at, volume));
      found.push(...said.map(({ what }) => ({ what, mend: HELPER })));
    }
  }
  const path = database?.path ?? '';
  // One that is not there is one that its service has not made yet.
  if (backup.types.includes('database') && database?.type === 'sqlite' && isMounted(path))
    found.push(...(await closed(context, (at) => mountedDatabase(at, path))));
  return found;
}

/** What is refused in any case: its own words say what to do. */
async function closed(context: BackupContext, look: (at: BackupContext) => Promise<unknown>): Promise<Difference[]> {
  try {
    await look(context);
    return [];
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    const mend = [error.facts.hint ?? []].flat().join(' ');
    return [{ what: error.facts.what, ...(mend === '' ? {} : { mend }) }];
  }
}

function closedFolder({ host }: BackupContext, path: string): Difference[] {
  try {
    if (host.files.stat(path)?.kind === 'folder') host.files.list(path);
    return [];
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    const what = `the folder ${path} cannot be read by user ${host.machine.uid}: ${error.message}`;
    return [{ what, mend: `run it as root, or let this user read it: setfacl -R -m u:${host.machine.uid}:rX ${path}` }];
  }
}
