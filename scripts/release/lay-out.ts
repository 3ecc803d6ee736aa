// Where both ends of a release can be read from while it is planned.
import { join } from 'node:path';
import type { Repository } from '../host/git/run.ts';
import { exportTree } from '../host/git/stage.ts';
import { openStore } from '../host/git/store.ts';
import type { ServiceTree } from '../runtimes/runtime.ts';
import type { Context } from './context.ts';
import type { Survey } from './survey.ts';

/** Where the target is laid out for a look that changes nothing, or the folder in which it already is, or will be. */
export type Place = { dryFolder: string } | { stage: Promise<string> };

/** Where each end is read from. BASE is what lies in the live tree, unless somebody pulled by hand. */
export async function layOut(
  context: Context,
  place: Place,
  repo: Repository,
  found: Survey,
  { ticket, names }: { ticket: string; names: readonly string[] },
): Promise<Record<'before' | 'after', ServiceTree>> {
  const live: ServiceTree = {
    root: context.paths.root,
    live: true,
    commit: found.headSha,
    repository: context.paths.root,
  };
  const packages = names.map((name) => `packages/${name}`);
  const beside = async (sha: string, folder: string): Promise<ServiceTree> => {
    const store =
      'store' in repo && repo.store !== undefined
        ? { ...repo, store: repo.store }
        : await openStore(context.repo, `${folder}.store`);
    context.host.files.mkdir(folder);
    await exportTree(store, sha, folder, packages);
    return { root: folder, live: false, commit: sha, repository: context.paths.root, store: store.store };
  };
  const dry = 'dryFolder' in place;
  const scratch = dry ? place.dryFolder : join(context.paths.stage, `${ticket}.base`);
  if (!dry) context.host.files.remove(scratch);
  const before = found.headSha === found.baseSha ? live : await beside(found.baseSha, join(scratch, 'base'));
  if (dry) return { before, after: await beside(found.targetSha, join(scratch, 'target')) };
  const root = await place.stage;
  return { before, after: { root, live: false, commit: found.targetSha, repository: context.paths.root } };
}
