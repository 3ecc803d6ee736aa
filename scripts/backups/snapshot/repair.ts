// What was copied wrongly goes, and is copied anew.
import { inTree } from '../../host/tree.ts';
import type { BackupContext } from '../kind.ts';
import { type Copy, rsync } from './rsync.ts';

export interface Wrong {
  path: string;
  why: string;
  /** It is a folder, and should be one: what it holds stays. */
  folder: boolean;
}

/** What is right stays as it is, down to its inode: it may be linked to what must not change. @throws step-failed. */
export async function repair(
  context: BackupContext,
  copy: Omit<Copy, 'options'>,
  wrong: readonly Wrong[],
): Promise<void> {
  const { files } = context.host;
  for (const { path, folder } of wrong) if (!folder) files.remove(inTree(copy.to, path));
  await rsync(context, { ...copy, options: ['--ignore-existing'] });
}
