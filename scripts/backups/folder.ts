// The folder of a backup: made under a name that nobody takes for a backup, and flushed whole.
import { join } from 'node:path';
import type { Host } from '../host/port.ts';
import { badInput, refused } from '../model/error.ts';

const STAMP = /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/;
const PARTIAL = '.partial';

/** YYYYMMDD_HHMMSS in UTC. */
export const stampOf = (time: Date): string =>
  time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');

function nextSecond(stamp: string): string {
  const [, year, month, day, hour, minute, second] = stamp.match(STAMP) ?? [];
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second) + 1);
  return stampOf(new Date(time));
}

/**
 * What a link leads to is not ours to change, and no list of backups would have what lies there.
 * @throws refused where a link, or anything else that is no folder, stands in the place of a service's backups.
 */
export function checkPlace({ files }: Host, dir: string, service: string): void {
  const where = join(dir, service);
  const there = files.stat(where)?.kind ?? 'folder';
  if (there === 'folder') return;
  throw refused({
    what: `${there === 'link' ? 'A symbolic link' : 'Something that is no folder'} is where the backups of ${service} belong`,
    where,
    hint: 'Find out who put it there, then move it away. Where backups are to lie is backup.dir in .asd/release.yaml.',
  });
}

/**
 * A new, empty `.partial` folder below dir/service, 0700; older ones are removed. @returns it, and the name that it will get.
 * @throws bad-input for a stamp that is none.
 */
export function newFolder(
  host: Host,
  dir: string,
  service: string,
  stamp: string,
): { partial: string; final: string; stamp: string } {
  if (!STAMP.test(stamp))
    throw badInput({ what: `${JSON.stringify(stamp)} is no stamp of a backup (YYYYMMDD_HHMMSS)` });
  const { files } = host;
  const parent = join(dir, service);
  files.mkdir(parent);
  files.chmod(parent, 0o700);
  for (const name of files.list(parent)) if (name.endsWith(PARTIAL)) files.remove(join(parent, name));
  let free = stamp;
  while (files.stat(join(parent, free)) !== undefined) free = nextSecond(free);
  const final = join(parent, free);
  const partial = `${final}${PARTIAL}`;
  files.mkdir(partial);
  files.sync(parent);
  files.sync(dir);
  return { partial, final, stamp: free };
}

/** Everything in the folder, and the folder, to the disk. @param without names in it that are there already. */
export function flushTree(host: Host, folder: string, without: readonly string[] = []): void {
  for (const name of host.files.list(folder).filter((each) => !without.includes(each))) {
    const path = join(folder, name);
    if (host.files.stat(path)?.kind === 'folder') flushTree(host, path);
    else host.files.sync(path);
  }
  host.files.sync(folder);
}
