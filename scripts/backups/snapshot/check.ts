// A snapshot read back: every entry against its list, every file by its checksum, whatever it shares its inode with.
import { join } from 'node:path';
import { inTree } from '../../host/tree.ts';
import { stepFailed } from '../../model/error.ts';
import type { BackupContext, BackupFile, BackupItem } from '../kind.ts';
import { checkSums } from '../sums.ts';
import { listOf, treeOf } from './basis.ts';
import { linkKeeper, pairs, unlike } from './compare.ts';
import { readList, shown } from './list.ts';
import { breather, orTooLong, patience } from './rsync.ts';

const NAMED = 20;

/**
 * @param trusted a folder, absolute: a file that is one with that of the same name there is not read. Only for what was compared a moment ago.
 * @throws step-failed that names what is damaged, twenty of them at most.
 */
export async function checkSnapshot(
  context: BackupContext,
  item: BackupItem,
  folder: string,
  files: readonly BackupFile[],
  trusted?: string,
): Promise<void> {
  await checkSums(context, folder, files);
  const tree = join(folder, treeOf(item));
  const { files: disk } = context.host;
  const what = `reading back ${tree}`;
  const signal = patience(context);
  const breathe = breather(context, signal, what);
  const linksOf = linkKeeper();
  const wrong: string[] = [];
  let count = 0;
  try {
    for (const pair of pairs(readList(disk, join(folder, listOf(item))), disk.walk(tree))) {
      await breathe();
      const { expected, actual } = pair;
      let why = unlike(pair);
      if (why === undefined && expected !== undefined && actual !== undefined) {
        why = linksOf({ expected, actual });
        const read =
          actual.kind === 'file' && (trusted === undefined || disk.entry(trusted, actual.path)?.id !== actual.id);
        if (read && (await disk.sha256(inTree(tree, actual.path), signal)) !== expected.sha256)
          why = 'is not what was written: its checksum differs';
      }
      if (why === undefined) continue;
      count++;
      if (wrong.length < NAMED) wrong.push(`${shown(expected?.path ?? actual?.path ?? '')} ${why}`);
    }
  } catch (error) {
    throw orTooLong(error, signal, what);
  }
  if (count === 0) return;
  throw stepFailed({
    what: `the backup ${tree} is damaged: ${wrong[0]}${count === 1 ? '' : `, and ${count - 1} more`}`,
    details: wrong,
    hint: 'Do not restore from it; use another copy, and check the disk. What is unchanged since is shared with other snapshots: read them back, too (just release-backup-verify SERVICE --all).',
  });
}
