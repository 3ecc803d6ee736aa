// Containers that are stopped for a backup are noted on disk first: no helper outlives a power cut, and Docker leaves stopped what was stopped.
import { join } from 'node:path';
import { openDocker } from '../../host/docker.ts';
import type { HostPaths } from '../../host/paths.ts';
import type { Host } from '../../host/port.ts';

interface Place {
  host: Host;
  paths: Pick<HostPaths, 'cache'>;
}

const PREFIX = 'stopped-';
const START_MS = 60_000;

/** @returns what takes the note away, once they run again. @throws the error of the disk; nothing may be stopped then. */
export function noteStopped({ host, paths }: Place, project: string, ids: readonly string[]): () => void {
  const note = join(paths.cache, `${PREFIX}${project}`);
  host.files.mkdir(paths.cache);
  host.files.replace(note, ids.map((id) => `${id}\n`).join(''));
  return () => host.files.remove(note);
}

/** Under the lock, when nobody holds a service still any more. What runs, or is gone, is let be. @throws where Docker does not start one; its note stays then. */
export async function startStopped({ host, paths }: Place): Promise<void> {
  const names = host.files.list(paths.cache).filter((name) => name.startsWith(PREFIX));
  if (names.length === 0) return;
  const docker = openDocker(host, { timeoutMs: START_MS });
  for (const name of names) {
    const note = join(paths.cache, name);
    const ids = (host.files.readText(note) ?? '').split('\n').filter((id) => /^[0-9a-f]{12,64}$/.test(id));
    for (const id of ids) await docker.act(id, 'start');
    host.files.remove(note);
  }
}
