// A SQLite database back into place: the file and its WAL go aside together, so that the one never meets another's.
import { basename, dirname, join } from 'node:path';
import type { Files } from '../../host/port.ts';
import { sqliteDump, sqliteInspect } from '../../host/sqlite.ts';
import { refused, stepFailed } from '../../model/error.ts';
import { checkPipe, DECOMPRESS, toolOptions } from '../archive.ts';
import { archiveOf } from '../archive-restore.ts';
import { clear, isStaged, markStaged, type Siblings, settleSwap, siblings, swapIn } from '../beside.ts';
import type { BackupContext, Restorer, Restoring } from '../kind.ts';
import { isWithin, packageFolder } from '../places.ts';
import { flushFileSystem, orFull } from '../staging.ts';
import { checkSums } from '../sums.ts';
import { volumeName } from '../volume/mounts.ts';
import { volumePlace } from '../volume/place.ts';
import { BUSY_MS, checkContent, limits } from './content.ts';
import { bindOf } from './file.ts';

/** The file itself last on its way out and back: without it, nothing opens what lies there. */
const SIDECARS = ['-wal', '-shm', '-journal'] as const;
const PARTS = [...SIDECARS, ''] as const;

async function target(context: BackupContext, { item }: Restoring): Promise<Siblings['live']> {
  const path = item.path ?? '';
  const { files } = context.host;
  const inVolume = context.service.database?.path?.match(/^volume:([^/]+)\//)?.[1];
  const bind = bindOf(context);
  const folders =
    inVolume === undefined
      ? bind === undefined
        ? [packageFolder(context), context.paths.workspace]
        : [bind]
      : await volumePlace(context, volumeName(context, inVolume), 'restored').then((place) =>
          place.how === 'folder' ? [place.path] : [],
        );
  const real = folders.filter((folder) => files.stat(folder) !== undefined).map((folder) => files.realpath(folder));
  if (real.some((folder) => isWithin(path, folder) && path !== folder)) return path;
  throw refused({
    what: `${JSON.stringify(path)} is not where the manifest has the SQLite database of ${context.service.name}`,
    where: item.name,
    hint: 'The backup is of another place: restore it by hand, see its RESTORE.txt.',
  });
}

function setAside(files: Files, at: Siblings): void {
  const partial = `${at.old}.partial`;
  files.mkdir(partial);
  for (const part of PARTS) {
    if (files.stat(`${at.live}${part}`) === undefined) continue;
    files.rename(`${at.live}${part}`, join(partial, `${basename(at.live)}${part}`));
  }
  files.sync(partial);
  files.rename(partial, at.old);
  files.sync(dirname(at.live));
}

function undo(files: Files, at: Siblings): void {
  const partial = `${at.old}.partial`;
  clear(files, at);
  if (files.stat(at.old) !== undefined) {
    if (files.stat(at.live) !== undefined) files.rename(at.live, at.drop);
    for (const part of SIDECARS) files.remove(`${at.live}${part}`);
    files.rename(at.old, partial);
    files.sync(dirname(at.live));
  }
  if (files.stat(partial) !== undefined) {
    for (const part of PARTS) {
      const from = join(partial, `${basename(at.live)}${part}`);
      if (files.stat(from) !== undefined) files.rename(from, `${at.live}${part}`);
    }
    files.sync(dirname(at.live));
    files.remove(partial);
  }
  files.remove(at.drop);
  if (files.stat(at.fresh) !== undefined) files.rename(at.fresh, at.drop);
  files.remove(at.drop);
}

async function stage(context: BackupContext, restoring: Restoring, at: Siblings): Promise<void> {
  const { files, exec } = context.host;
  if (isStaged(files, at)) return;
  clear(files, at);
  const file = archiveOf(restoring);
  const from = join(restoring.folder, file.file);
  await checkSums(context, restoring.folder, [file]);
  try {
    files.mkdir(dirname(at.live));
    const unpacked = await exec.pipe([DECOMPRESS], { ...toolOptions(context), fromFile: from, toFile: at.making });
    checkPipe(unpacked, `decompressing ${restoring.item.describes}`, from);
    checkContent(await sqliteInspect(context.host, at.making, limits(context)), restoring.folder, file);
    const owner = `${file.facts.uid}:${file.facts.gid}`;
    const owned = await exec.run(['chown', owner, at.making], toolOptions(context));
    if (owned.code !== 0)
      throw stepFailed({
        what: `the restored database cannot be given to ${owner}`,
        where: at.live,
        details: owned.tail,
      });
    files.chmod(at.making, Number.parseInt(String(file.facts.mode), 8));
    await flushFileSystem(context, at.making);
    markStaged(files, at, at.making);
  } catch (error) {
    clear(files, at);
    throw orFull(error, dirname(at.live), at.live);
  }
}

const placed =
  (act: (context: BackupContext, restoring: Restoring, at: Siblings) => Promise<void>) =>
  async (context: BackupContext, restoring: Restoring): Promise<void> =>
    act(context, restoring, siblings(await target(context, restoring), restoring.stamp));

export const sqliteRestorer: Restorer = {
  swaps: 'stopped',
  space: (_context, { item, files }) => ({
    path: dirname(item.path ?? '/'),
    bytes: Number(files[0]?.facts.dumpBytes ?? 0),
  }),
  async rowsNow(context, { item, work }) {
    const path = item.path ?? '';
    if (context.host.files.stat(path) === undefined) return {};
    const copy = join(work, `${item.name}.now`);
    context.host.files.remove(copy);
    const { rows } = await sqliteDump(context.host, path, copy, BUSY_MS, limits(context));
    context.host.files.remove(copy);
    return Object.fromEntries(rows);
  },
  stage: placed(stage),
  swap: placed(async ({ host }, _restoring, at) => swapIn(host.files, at, setAside)),
  settle: placed(async ({ host }, _restoring, at) => settleSwap(host.files, at)),
  undo: placed(async ({ host }, _restoring, at) => undo(host.files, at)),
};
