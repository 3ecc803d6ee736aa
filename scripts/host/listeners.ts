// Who listens on which TCP port of this host, read from /proc.
import type { Host } from './port.ts';

export interface Listener {
  pid: string;
  name: string;
}

const LISTENING = '0A';

/** Port -> asks who it is (only then are all processes looked through); those of other users may not be seen. */
export function listeners({ files }: Host): Map<number, () => Listener[]> {
  const inodes = new Map<number, Set<string>>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    if (files.stat(table) === undefined) continue;
    for (const line of (files.readText(table) ?? '').split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      const port = Number.parseInt(local.split(':')[1] ?? '', 16);
      if (state === LISTENING && port > 0) inodes.set(port, (inodes.get(port) ?? new Set()).add(inode));
    }
  }
  return new Map([...inodes].map(([port, own]) => [port, () => ownersOf(own)]));

  function ownersOf(own: ReadonlySet<string>): Listener[] {
    const links = new Set([...own].map((inode) => `socket:[${inode}]`));
    const pids = files.list('/proc').filter((name) => /^\d+$/.test(name));
    return pids
      .filter((pid) =>
        attempt(() => files.list(`/proc/${pid}/fd`), []).some((fd) =>
          links.has(attempt(() => files.readlink(`/proc/${pid}/fd/${fd}`), '')),
        ),
      )
      .map((pid) => ({ pid, name: attempt(() => files.readText(`/proc/${pid}/comm`)?.trim() ?? '', '?') }));
  }
}

/** A process may end, or be somebody else's, while we look. */
function attempt<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof Error) return otherwise;
    throw error;
  }
}
