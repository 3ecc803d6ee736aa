// A snapshot on its way back: only what differs from the live folder is written. What is the same becomes, for a moment, a hard link to the
// live file, so that the old content and the new one share it until the restore is over; a snapshot itself is never linked to anything live.
import { join } from 'node:path';
import { inTree } from '../../host/tree.ts';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, Restoring } from '../kind.ts';
import { checkSums } from '../sums.ts';
import { treeOf } from './basis.ts';
import { linkKeeper, pairs, unlike } from './compare.ts';
import { type Listed, readList, shown } from './list.ts';
import { repair, type Wrong } from './repair.ts';
import { breather, orTooLong, patience, rsync } from './rsync.ts';

const NAMED = 10;

export const snapshotOf = ({ folder, item }: Restoring): string => join(folder, treeOf(item));
const listFile = ({ folder, files: [file] }: Restoring): string => join(folder, file?.file ?? '');
/** The files that old and new content share, by name. */
const sharedFile = ({ work, item }: Restoring): string => join(work, `${item.name}.shared`);

/**
 * Before the service stops: what differs from the live folder (by size and time) is copied beside it, and proven by its checksums.
 * @param making an empty folder of its own; it gets nothing but these copies. @throws step-failed.
 */
export async function copyChanged(
  context: BackupContext,
  restoring: Restoring,
  live: string | undefined,
  making: string,
): Promise<void> {
  await checkSums(context, restoring.folder, restoring.files);
  const what = `copying what differs of ${restoring.item.describes}`;
  const options = live === undefined ? [] : [`--compare-dest=${live}`];
  await rsync(context, { what, from: snapshotOf(restoring), to: making, options });
  const { files } = context.host;
  const signal = patience(context);
  const breathe = breather(context, signal, what);
  try {
    for (const pair of pairs(readList(files, listFile(restoring)), files.walk(making))) {
      await breathe();
      const { expected, actual } = pair;
      if (actual === undefined) continue;
      const why = unlike(pair) ?? (await otherSum(context, expected, making, signal));
      if (why !== undefined) throw notWhole(restoring, actual.path, why);
    }
  } catch (error) {
    throw orTooLong(error, signal, what);
  }
}

/** Of a copy, against the list. */
async function otherSum(
  { host }: BackupContext,
  expected: Listed | undefined,
  making: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (expected?.kind !== 'file') return undefined;
  const same = (await host.files.sha256(inTree(making, expected.path), signal)) === expected.sha256;
  return same ? undefined : 'is not what was written: its checksum differs';
}

const notWhole = (restoring: Restoring, path: string, why: string) =>
  stepFailed({
    what: `the backup ${snapshotOf(restoring)} is damaged: ${shown(path)} ${why}`,
    hint: 'Do not restore from it; use another copy, and check the disk.',
  });

/**
 * When nothing of the service runs: the whole content, of links to what is the same and of what was copied. Every file is compared with the
 * snapshot, byte by byte, and copied anew where it is not the same, proven by its checksum then. Notes which files are shared with the live folder.
 * @param changed what copyChanged made. @param making an empty folder of its own. @throws step-failed.
 */
export async function putTogether(
  context: BackupContext,
  restoring: Restoring,
  live: string | undefined,
  changed: string,
  making: string,
): Promise<void> {
  const from = snapshotOf(restoring);
  const copy = { what: `putting ${restoring.item.describes} together`, from, to: making };
  const links = [live, changed].flatMap((folder) => (folder === undefined ? [] : [`--link-dest=${folder}`]));
  await rsync(context, { ...copy, options: links });
  let wrong = await wrongIn(context, restoring, live, making);
  if (wrong.length === 0) return;
  await repair(context, copy, wrong);
  wrong = await wrongIn(context, restoring, live, making, new Set(wrong.map(({ path }) => path)));
  if (wrong.length === 0) return;
  throw stepFailed({
    what: `what was put together of ${restoring.item.describes} is not what was saved`,
    where: making,
    details: wrong.slice(0, NAMED).map(({ path, why }) => `${shown(path)} ${why}`),
    hint: 'Look whether something still writes there, and at the disk.',
  });
}

async function wrongIn(
  context: BackupContext,
  restoring: Restoring,
  live: string | undefined,
  making: string,
  copied: ReadonlySet<string> = new Set(),
): Promise<Wrong[]> {
  const { files } = context.host;
  const [from, what] = [snapshotOf(restoring), `comparing ${restoring.item.describes}`];
  const signal = patience(context);
  const breathe = breather(context, signal, what);
  const linksOf = linkKeeper();
  const wrong: Wrong[] = [];
  files.mkdir(restoring.work);
  const shared = files.writer(sharedFile(restoring));
  try {
    for (const pair of pairs(readList(files, listFile(restoring)), files.walk(making))) {
      await breathe();
      const { expected, actual } = pair;
      const path = expected?.path ?? actual?.path ?? '';
      let why = unlike(pair);
      if (why === undefined && expected !== undefined && actual !== undefined) {
        why = linksOf({ expected, actual });
        const read = why === undefined && actual.kind === 'file';
        if (read && !(await files.sameContent(inTree(making, path), inTree(from, path), signal)))
          why = 'has other content';
        else if (copied.has(path)) why = await otherSum(context, expected, making, signal);
      }
      if (why !== undefined)
        wrong.push({ path, why, folder: actual?.kind === 'folder' && expected?.kind === 'folder' });
      else if (live !== undefined && actual?.kind !== 'folder' && files.entry(live, path)?.id === actual?.id)
        shared.write(Buffer.from(`./${path}\0`, 'latin1'));
    }
  } catch (error) {
    throw orTooLong(error, signal, what);
  } finally {
    shared.close();
  }
  return wrong;
}

/**
 * Before the old content is live again: what it shared with the new one may have been changed by the service, and is made what it was, from
 * the snapshot. Can be repeated. @param old what was set aside, whole. @throws step-failed.
 */
export async function mendShared(context: BackupContext, restoring: Restoring, old: string): Promise<void> {
  const { files } = context.host;
  const list = sharedFile(restoring);
  const what = `mending what ${restoring.item.describes} shared with what was restored`;
  const signal = patience(context);
  const breathe = breather(context, signal, what);
  let damaged = 0;
  try {
    for (const expected of sharedOf(context, restoring, list)) {
      await breathe();
      const actual = files.entry(old, expected.path);
      const why = unlike({ expected, actual });
      const content = expected.kind === 'file' && actual?.kind === 'file' && actual.size === expected.size;
      const same = content
        ? (await files.sha256(inTree(old, expected.path), signal)) === expected.sha256
        : why === undefined;
      // Modes, owners and times are set in place; content never is.
      if (!same) files.remove(inTree(old, expected.path));
      if (!same || why !== undefined) damaged++;
    }
  } catch (error) {
    throw orTooLong(error, signal, what);
  }
  if (damaged === 0) return;
  const options = ['--from0', `--files-from=${list}`, '--no-implied-dirs', '--omit-dir-times'];
  await rsync(context, { what, from: snapshotOf(restoring), to: old, options });
}

/** What the list says of the files that are shared: both are in the same order. */
function* sharedOf(context: BackupContext, restoring: Restoring, list: string): Generator<Listed> {
  const { files } = context.host;
  if (files.stat(list) === undefined) return;
  const names = namesIn(context, list);
  let name = names.next();
  for (const listed of readList(files, listFile(restoring))) {
    if (name.done) return;
    if (`./${listed.path}` !== name.value) continue;
    yield listed;
    name = names.next();
  }
}

const CHUNK = 64 * 1024;

function* namesIn({ host }: BackupContext, list: string): Generator<string> {
  let rest = '';
  for (let at = 0; ; ) {
    const bytes = host.files.readRange(list, at, CHUNK);
    if (bytes.length === 0) return;
    at += bytes.length;
    const names = (rest + Buffer.from(bytes).toString('latin1')).split('\0');
    rest = names.pop() ?? '';
    yield* names;
  }
}
