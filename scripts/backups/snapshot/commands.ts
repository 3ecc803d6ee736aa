// A snapshot restored by hand: proven, copied beside, swapped. Nothing but coreutils.
import type { BackupFile, BackupItem } from '../kind.ts';
import { shellComment, shellWord } from '../shell.ts';
import { treeOf } from './basis.ts';

/** What is there now stays as <target>.~1~ (~2~, ...). */
export function copyCommands(item: BackupItem, files: readonly BackupFile[], target: string): string[] {
  const tree = shellWord(treeOf(item));
  return files.flatMap((file) => [
    shellComment(`${target} is put together beside itself, then swapped; what is there now stays as ${target}.~1~`),
    // It would take a list without files for none.
    ...(file.facts.files === 0
      ? []
      : [`(cd -- ${tree} && sha256sum --check --quiet --strict -) < ${shellWord(file.file)}`]),
    `TARGET=${shellWord(target)}`,
    'rm -rf -- "$TARGET.restore"',
    'mkdir -p -- "${TARGET%/*}"',
    `cp --archive --no-target-directory -- ${tree} "$TARGET.restore"`,
    'mv --no-target-directory --backup=numbered -- "$TARGET.restore" "$TARGET"',
  ]);
}
