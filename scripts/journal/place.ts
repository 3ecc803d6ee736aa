// What may stand at the path of a record: a regular file or a folder of ours, never a link or a FIFO.
import type { FileStat, Host } from '../host/port.ts';
import { refused } from '../model/error.ts';

const WORDS: Record<FileStat['kind'], string> = {
  file: 'a file',
  folder: 'a folder',
  link: 'a symbolic link',
  other: 'a FIFO, socket or device',
};

/** @returns undefined where nothing is there. @throws refused where something else than a regular file is. */
export const regularFile = (host: Host, path: string): FileStat | undefined => ofKind(host, path, 'file');

/** @returns undefined where nothing is there. @throws refused where something else than a real folder is. */
export const realFolder = (host: Host, path: string): FileStat | undefined => ofKind(host, path, 'folder');

function ofKind(host: Host, path: string, kind: 'file' | 'folder'): FileStat | undefined {
  const stat = host.files.stat(path);
  if (!stat || stat.kind === kind) return stat;
  throw refused({
    what: `${WORDS[stat.kind]} is where the engine keeps ${WORDS[kind]} of its own`,
    where: path,
    hint: 'Find out who put it there, then move it away.',
  });
}
