// The host's records are for their owner only: folders made, modes put right, and whatever is not ours refused by name.
import { dirname, join } from 'node:path';
import { backupsInside, type HostPaths, privateFolders } from '../host/paths.ts';
import type { FileStat, Host } from '../host/port.ts';
import { refused } from '../model/error.ts';
import { realFolder, regularFile } from './place.ts';

const OTHERS_WRITE = 0o002;
const GROUP_AND_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Makes `.asd/workspace` and its folders (0700) and its `.gitignore`, and takes away what others may do there. Run by every
 * verb that writes, before it takes the lock.
 * @throws refused, naming the path, for a link, FIFO or somebody else's file in the place of ours, or a repository that everybody may write to.
 */
export function secureWorkspace(host: Host, paths: HostPaths): void {
  const { files } = host;
  notForEverybody(paths.root, files.stat(paths.root));
  const asd = dirname(paths.workspace);
  ownFolder(host, asd, GROUP_AND_OTHERS_WRITE);
  for (const folder of privateFolders(paths)) ownFolder(host, folder, 0o077);
  if (!backupsInside(paths)) elsewhere(host, paths.backups);

  const ignore = join(paths.workspace, '.gitignore');
  if (!ownFile(host, ignore) || files.readText(ignore) !== '*\n') files.replace(ignore, '*\n');
  for (const file of [paths.lock, paths.hostKey]) ownFile(host, file);
  for (const name of files.list(paths.releases)) {
    const path = join(paths.releases, name);
    if (files.stat(path)?.kind === 'folder') ownFolder(host, path, 0o077);
    else ownFile(host, path);
  }
}

/** @param forbidden the mode bits that it must not have. */
function ownFolder(host: Host, path: string, forbidden: number): void {
  const stat = realFolder(host, path);
  if (!stat) {
    host.files.mkdir(path, { mode: 0o777 & ~forbidden });
    host.files.sync(dirname(path));
    return;
  }
  ours(host, path, stat);
  if ((stat.mode & forbidden) !== 0) host.files.chmod(path, stat.mode & ~forbidden);
}

function ownFile(host: Host, path: string): boolean {
  const stat = regularFile(host, path);
  if (!stat) return false;
  ours(host, path, stat);
  if ((stat.mode & 0o077) !== 0) host.files.chmod(path, stat.mode & ~0o077);
  return true;
}

/** A backup folder outside the workspace may be shared with other tools: its mode is the operator's. */
function elsewhere(host: Host, path: string): void {
  const stat = host.files.stat(path);
  if (!stat) {
    ownFolder(host, path, 0o077);
    return;
  }
  const real = stat.kind === 'link' ? host.files.realpath(path) : path;
  notForEverybody(real, realFolder(host, real));
}

function ours(host: Host, path: string, { uid }: FileStat): void {
  if (uid === host.machine.uid) return;
  throw refused({
    what: `It belongs to user ${uid}, and this engine runs as user ${host.machine.uid}`,
    where: path,
    hint: [`Run the engine as its owner, or make it yours: chown -R ${host.machine.uid} .asd/workspace`],
  });
}

function notForEverybody(path: string, stat: FileStat | undefined): void {
  if (!stat || (stat.mode & OTHERS_WRITE) === 0 || (stat.mode & STICKY) !== 0) return;
  throw refused({
    what: 'Everybody on this host may write to this folder, so anybody could change what is released',
    where: path,
    hint: 'Take that away, then try again: chmod o-w on that folder.',
  });
}
