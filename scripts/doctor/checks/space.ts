// Room for the next backups: as much as the last ones of all services took together.
import { listBackups } from '../../backups/list.ts';
import { formatBytes } from '../../plan/describe.ts';
import { type Check, fail, mend, pass } from '../check.ts';

export const space: Check = {
  id: 'space',
  look(at) {
    const { host, paths } = at;
    const newest = new Map<string, number>();
    for (const { service, items } of listBackups(host, paths.backups).backups) {
      const bytes = items.flatMap(({ files }) => files).reduce((sum, file) => sum + file.bytes, 0);
      if (!newest.has(service)) newest.set(service, bytes);
    }
    const needed = [...newest.values()].reduce((sum, bytes) => sum + bytes, 0);
    const free = host.files.freeBytes(paths.backups);
    const says = `${formatBytes(free)} free for backups; the last ones of ${newest.size} services took ${formatBytes(needed)}`;
    return [
      free > needed ? pass(says) : fail(says, mend('just release-backup-prune', 'remove backups that nobody needs')),
    ];
  },
};
