// A folder as a snapshot: a plain copy of it, in which what is unchanged since the last snapshot is a hard link to that one's, and its list.
import { join } from 'node:path';
import type { TreeEntry } from '../../host/port.ts';
import { inTree } from '../../host/tree.ts';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile, BackupItem, Basis } from '../kind.ts';
import { listOf, treeOf } from './basis.ts';
import { ahead, asExpected, linkKeeper, type Pair, pairs, unlike } from './compare.ts';
import { inWalkOrder, type Listed, listLine, readList, shown } from './list.ts';
import { repair, type Wrong } from './repair.ts';
import { breather, orTooLong, patience, rsync } from './rsync.ts';

const NAMED = 10;

interface Inspected {
  facts: { entries: number; files: number; treeBytes: number; copiedBytes: number };
  wrong: Wrong[];
  /** Of the last snapshot: files that are not what its list says. */
  rotten: string[];
}

/**
 * rsync goes by size and time; then every file is compared with the live one, byte by byte, and all else of every entry, too. What is not
 * the same (the last snapshot has rotted, or something was changed under its old time) is copied anew.
 * @param from a folder, absolute. @param basis the last snapshot; undefined: everything is copied. @throws step-failed.
 */
export async function writeSnapshot(
  context: BackupContext,
  item: BackupItem,
  from: string,
  folder: string,
  basis?: Basis,
): Promise<BackupFile> {
  const { files } = context.host;
  const what = `the snapshot of ${item.describes}`;
  const [tree, list] = [join(folder, treeOf(item)), join(folder, listOf(item))];
  const copy = { what, from, to: tree, ...(item.mayChange ? { mayChange: true } : {}) };
  files.mkdir(tree);
  const [proven] = await bothOf(
    basis === undefined ? Promise.resolve(new Set<number>()) : compareEarly(context, what, from, basis),
    rsync(context, { ...copy, options: basis === undefined ? [] : [`--link-dest=${basis.tree}`] }),
  );
  let found = await inspect(context, what, from, tree, list, basis, proven);
  const { rotten } = found;
  if (found.wrong.length > 0) {
    await repair(context, copy, found.wrong);
    found = await inspect(context, what, from, tree, list, basis, new Set());
  }
  if (found.wrong.length > 0 && !item.mayChange) throw changing(what, from, found.wrong);
  const facts: BackupFile['facts'] = {
    what: 'folder',
    ...found.facts,
    ...(basis === undefined ? {} : { basis: basis.stamp }),
    ...(rotten.length === 0 ? {} : { rotten: rotten.slice(0, NAMED).join(' ') }),
    ...(found.wrong.length === 0 ? {} : { changedWhileRead: 1 }),
  };
  return { file: listOf(item), bytes: files.stat(list)?.size ?? 0, sha256: await files.sha256(list), facts };
}

const changing = (what: string, from: string, wrong: readonly Wrong[]) =>
  stepFailed({
    what: `${what} is not what lies there now`,
    where: from,
    details: wrong.slice(0, NAMED).map(({ path, why }) => `${shown(path)} ${why}`),
    hint: 'Something writes there although the service was held still: find it, or set backup.consistency to live.',
  });

/** Neither goes on behind our back when the other one fails. */
async function bothOf<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([one, other]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}

/**
 * While rsync goes by sizes and times, what it will link by them is compared already: the live file with that of the last snapshot.
 * @returns the numbers, in the last list, of the files that hold the same.
 */
async function compareEarly(context: BackupContext, what: string, live: string, basis: Basis): Promise<Set<number>> {
  const { files } = context.host;
  const signal = patience(context);
  const breathe = breather(context, signal, what);
  const proven = new Set<number>();
  const both = pairs(readList(files, basis.list), files.walk(live));
  const content = ({ expected, actual }: Pair) => {
    const alike = expected?.kind === 'file' && actual?.kind === 'file' && actual.size === expected.size;
    if (!alike || actual.mtimeNs !== expected.mtimeNs) return undefined;
    // What is missing there cannot be linked to, and what goes here is seen later.
    return files.sameContent(inTree(live, actual.path), inTree(basis.tree, actual.path), signal).catch(() => false);
  };
  let number = 0;
  for (const [{ expected }, same] of ahead(both, content)) {
    await breathe();
    if (expected === undefined) continue;
    number++;
    if ((await same) === true) proven.add(number);
  }
  return proven;
}

/** Writes the list while it compares. @param proven see compareEarly. */
async function inspect(
  context: BackupContext,
  what: string,
  live: string,
  tree: string,
  list: string,
  basis: Basis | undefined,
  proven: ReadonlySet<number>,
): Promise<Inspected> {
  const { files } = context.host;
  const signal = patience(context);
  const breathe = breather(context, signal, what);
  const found: Inspected = { facts: { entries: 0, files: 0, treeBytes: 0, copiedBytes: 0 }, wrong: [], rotten: [] };
  const { facts } = found;
  const linksOf = linkKeeper();
  const groups = new Map<number | bigint, number>();
  const before = basis === undefined ? undefined : follow(readList(files, basis.list));
  const writer = files.writer(list);
  try {
    const both = pairs(asExpected(files.walk(live)), files.walk(tree));
    const seen = (pair: Pair): { listed: Listed | undefined; linked: boolean; same: Promise<boolean> | undefined } => {
      const { expected, actual } = pair;
      const path = expected?.path ?? actual?.path ?? '';
      const { listed, number } = before?.(path) ?? { listed: undefined, number: 0 };
      const isFile = actual?.kind === 'file' && expected?.kind === 'file';
      const linked =
        isFile && listed?.kind === 'file' && basis !== undefined && files.entry(basis.tree, path)?.id === actual.id;
      const read = isFile && actual.size === expected.size && !(linked && proven.has(number));
      const same = read ? files.sameContent(inTree(live, path), inTree(tree, path), signal) : undefined;
      // Awaited in its turn; a failure must not become an unhandled one before.
      same?.catch(() => undefined);
      return { listed, linked, same };
    };
    for (const [pair, { listed, linked, same }] of ahead(both, seen)) {
      await breathe();
      const { expected, actual } = pair;
      const path = expected?.path ?? actual?.path ?? '';
      const why = await wrongWith(pair, linksOf, same);
      if (why !== undefined) {
        found.wrong.push({ path, why, folder: actual?.kind === 'folder' && expected?.kind === 'folder' });
        if (linked && listed !== undefined && listed.sha256 !== (await files.sha256(inTree(tree, path), signal)))
          found.rotten.push(shown(path));
      }
      if (actual === undefined) continue;
      facts.entries++;
      const sha256 = linked && listed !== undefined ? listed.sha256 : await hashed(context, tree, actual, signal);
      writer.write(listLine({ ...actual, group: numberOf(groups, expected, facts.entries), sha256 }));
      if (actual.kind !== 'file') continue;
      facts.files++;
      facts.treeBytes += actual.size;
      if (!linked) facts.copiedBytes += actual.size;
    }
  } catch (error) {
    throw orTooLong(error, signal, what);
  } finally {
    writer.close();
  }
  return found;
}

async function wrongWith(
  pair: Pair,
  linksOf: ReturnType<typeof linkKeeper>,
  content: Promise<boolean> | undefined,
): Promise<string | undefined> {
  const { expected, actual } = pair;
  const why = unlike(pair);
  if (why !== undefined || expected === undefined || actual === undefined) return why;
  const link = linksOf({ expected, actual });
  if (link !== undefined) return link;
  try {
    return (await content) === false ? 'has other content' : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'went while it was read';
    throw error;
  }
}

async function hashed(context: BackupContext, tree: string, entry: TreeEntry, signal: AbortSignal): Promise<string> {
  return entry.kind === 'file' ? await context.host.files.sha256(inTree(tree, entry.path), signal) : '';
}

/** The number of the first entry of its group. */
function numberOf(
  groups: Map<number | bigint, number>,
  expected: Listed | undefined,
  entry: number,
): number | undefined {
  if (expected?.group === undefined) return undefined;
  const number = groups.get(expected.group) ?? entry;
  groups.set(expected.group, number);
  return number;
}

/** Asked for paths in the order of the list, it gives what the list has of each, and which one in it that is. */
function follow(list: Iterator<Listed>): (path: string) => { listed: Listed | undefined; number: number } {
  let next = list.next();
  let number = 1;
  return (path) => {
    for (; !next.done && inWalkOrder(next.value.path, path) < 0; number++) next = list.next();
    return { listed: !next.done && next.value.path === path ? next.value : undefined, number };
  };
}
