// What verbs that only read records need: where they are. Quick to open, nothing is parsed that is not asked for.
import { toplevel } from '../host/git/repository.ts';
import { type HostPaths, hostPaths } from '../host/paths.ts';
import type { World } from './world.ts';

const DEFAULT_BACKUPS = '.asd/workspace/backups';

export async function openRecords({ host, engine }: World): Promise<HostPaths> {
  const root = await toplevel(host, host.machine.env.ASD_ROOT ?? host.machine.cwd);
  return hostPaths(root, engine, DEFAULT_BACKUPS);
}
