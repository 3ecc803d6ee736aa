// A volume that cannot be read from its mountpoint: tar runs in a container that mounts it read-only, and the stream comes to us.

import { join } from 'node:path';
import { cleanEnvironment } from '../../host/environment.ts';
import { COMPRESS, checkPipe, TAR_KEEPS, TAR_WRITES, tarBytes, toolOptions } from '../archive.ts';
import { RUN_ONCE } from '../container.ts';
import type { BackupContext, BackupFile, BackupItem } from '../kind.ts';
import { shellComment, shellWord } from '../shell.ts';

// Counted in the same container, before: tar's own list cannot leave it. Sockets are no part of an archive.
const COUNT_THEN_TAR = 'cd /data && find . ! -type s -printf . | wc -c | sed "s/^/entries: /" >&2 && exec tar "$@"';

/** `docker run` of a shell in the image, with the volume at /data; the shell's own words follow. */
export const helper = (volume: string, access: ':ro' | '', image: string): string[] => [
  ...RUN_ONCE,
  '--entrypoint',
  '/bin/sh',
  '--volume',
  `${volume}:/data${access}`,
  image,
];

/** @throws step-failed; also for an image without GNU tar and find. */
export async function writeThroughHelper(
  context: BackupContext,
  item: BackupItem,
  image: string,
  folder: string,
): Promise<BackupFile> {
  const file = `${item.name}.tar.zst`;
  const tar = [
    ...helper(item.volume ?? '', ':ro', image),
    '-c',
    COUNT_THEN_TAR,
    'tar',
    ...TAR_WRITES,
    '--directory=/data',
    '.',
  ];
  const env = cleanEnvironment(context.host.machine.env, { LC_ALL: 'C' });
  const options = { ...toolOptions(context), env, toFile: join(folder, file) };
  const written = await context.host.exec.pipe([tar, COMPRESS], options);
  checkPipe(
    written,
    `archiving ${item.describes} through a container of ${image}`,
    item.volume ?? '',
    item.mayChange ? [0, 1] : [0],
  );
  const entries = written.tail.map((line) => line.match(/^entries: *(\d+)$/)?.[1]).find((count) => count !== undefined);
  const facts: BackupFile['facts'] = {
    what: 'folder',
    entries: Number(entries ?? -1),
    tarBytes: tarBytes(written.tail),
    helper: image,
    ...(written.codes[0] === 1 ? { changedWhileRead: 1 } : {}),
  };
  return { file, bytes: written.bytes, sha256: written.sha256, facts };
}

/** In place: a volume that is reached through a container cannot be swapped. */
export function unpackThroughHelper(file: BackupFile, volume: string): string[] {
  const run = helper(volume, '', String(file.facts.helper)).map(shellWord).join(' ');
  const empty = 'find /data -mindepth 1 -delete';
  const unpack = [
    'exec tar --extract --file=- --same-owner --same-permissions',
    ...TAR_KEEPS.map(shellWord),
    '--directory=/data',
  ].join(' ');
  return [
    shellComment(`the volume ${volume} is emptied, then filled`),
    `zstd -t -q -- ${shellWord(file.file)}`,
    `zstd -d -q -c -- ${shellWord(file.file)} | ${run} -c ${shellWord(`${empty} && ${unpack}`)}`,
  ];
}
