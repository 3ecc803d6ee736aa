// How a person restores a Redis dump: the server is stopped, its files go aside, and it starts from the dump.
import type { BackupFile, BackupItem } from '../kind.ts';
import { shellComment, shellWord } from '../shell.ts';
import { helper } from './client.ts';
import { STAGE, SWAP, words } from './files.ts';

/** See BackupKind.restoreCommands. The old files stay in the data folder as `asd-old-<nanoseconds>`. */
export function redisCommands(_item: BackupItem, files: BackupFile[]): string[] {
  const [file] = files;
  if (file === undefined) return [];
  const { container, mount, target } = file.facts;
  if (mount === undefined)
    return [shellComment(`the data of ${container} is in no volume: there is nowhere to restore it to`)];
  const run = (script: string) =>
    helper('IMAGE', script, words(file.facts, 'STAMP'), [`${mount}:${target}`])
      .map((word) => (word === 'IMAGE' || word === 'STAMP' ? `"$${word}"` : shellWord(word)))
      .join(' ');
  return [
    shellComment(`${container} is stopped, its files go aside into asd-old-<time>, and it starts from the dump`),
    `CONTAINER=${shellWord(String(container))}`,
    `IMAGE=$(docker inspect --format '{{.Image}}' "$CONTAINER")`,
    'STAMP=$(date +%s%N)',
    `zstd -d -q -c -- ${shellWord(file.file)} | ${run(STAGE)}`,
    'docker stop "$CONTAINER" > /dev/null',
    run(SWAP),
    'docker start "$CONTAINER" > /dev/null',
  ];
}
