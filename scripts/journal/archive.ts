// A finished release's records make room for its next run: they move to releases/<ticket>.<n>/.
//
//   releases/<ticket>.<n>/archive.env    TICKET and ARCHIVED; what makes the folder an archive, and no ticket's records
//                         state.env  receipt.json  release.log   the three files
//                         records/     the former releases/<ticket>/
//
// It is put together as releases/.archive-<ticket>/ (no ticket begins with a dot) and renamed when it is whole. The log goes
// in last: until then the ticket's own records can still be told from it.
import { join } from 'node:path';
import { type HostPaths, type TicketPaths, ticketPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { formatPairs, parsePairs } from './keyvalue.ts';
import { realFolder, regularFile } from './place.ts';
import { utcSeconds } from './time.ts';

const MARK = 'archive.env';

export interface Archive {
  ticket: string;
  n: number;
  folder: string;
  state: string;
  log: string;
  receipt: string;
  records: string;
}

const archiveAt = (folder: string, ticket: string, n: number): Archive => ({
  ticket,
  n,
  folder,
  state: join(folder, 'state.env'),
  log: join(folder, 'release.log'),
  receipt: join(folder, 'receipt.json'),
  records: join(folder, 'records'),
});

/** The archive that a folder in releases/ is; undefined where it is none. @param name the folder's. */
export function readArchive(host: Host, paths: HostPaths, name: string): Archive | undefined {
  const folder = join(paths.releases, name);
  const match = /^(.+)\.([1-9]\d{0,8})$/.exec(name);
  const [, ticket, n] = match ?? [];
  if (!ticket || host.files.stat(join(folder, MARK))?.kind !== 'file') return undefined;
  const marked = parsePairs(host.files.readText(join(folder, MARK)) ?? '').TICKET;
  return marked === ticket ? archiveAt(folder, ticket, Number(n)) : undefined;
}

/** All archives of all tickets. */
export const listArchives = (host: Host, paths: HostPaths): Archive[] =>
  host.files
    .list(paths.releases)
    .map((name) => readArchive(host, paths, name))
    .filter((archive) => archive !== undefined);

/**
 * Moves a ticket's records away; ends what an interrupted run of it began. Under the lock, and only for a finished release.
 * @returns the archive's folder; undefined where there was nothing to move.
 */
export function archiveRecords(host: Host, paths: HostPaths, ticket: string): string | undefined {
  const { files } = host;
  const from = claimRecords(host, paths, ticket, { keepInterrupted: true });
  const temp = archiveAt(join(paths.releases, `.archive-${ticket}`), ticket, 0);
  const moves: Array<[string, string]> = [
    [from.state, temp.state],
    [from.receipt, temp.receipt],
    [from.records, temp.records],
    [from.log, temp.log],
  ];
  const due = moves.filter(([source]) => files.stat(source) !== undefined);
  // A piece that is already in there belongs to an earlier archive that was never given its name.
  if (due.some(([, target]) => files.stat(target) !== undefined)) giveName(host, paths, ticket);
  if (due.length > 0) {
    files.mkdir(temp.folder);
    const mark: Array<[string, string]> = [
      ['TICKET', ticket],
      ['ARCHIVED', utcSeconds(host.clock.now())],
    ];
    files.replace(join(temp.folder, MARK), formatPairs(mark, MARK));
    for (const [source, target] of due) {
      files.rename(source, target);
      files.sync(temp.folder);
      files.sync(paths.releases);
    }
  }
  return giveName(host, paths, ticket);
}

/**
 * Makes sure that a ticket's paths are its own before a run writes there: an interrupted archive gets its name, an archive of
 * another ticket that is called like this one's folder (`1.1` is also the first archive of `1`) moves on to its next number.
 * @throws refused where a link, FIFO or another ticket's file is in the place of one of them.
 */
export function claimRecords(
  host: Host,
  paths: HostPaths,
  ticket: string,
  options: { keepInterrupted?: boolean } = {},
): TicketPaths {
  if (!options.keepInterrupted) giveName(host, paths, ticket);
  const own = ticketPaths(paths, ticket);
  for (const file of [own.state, own.log, own.receipt]) regularFile(host, file);
  realFolder(host, own.records);
  const squatter = readArchive(host, paths, ticket);
  if (squatter) moveTo(host, paths, squatter.folder, squatter.ticket);
  return own;
}

function giveName(host: Host, paths: HostPaths, ticket: string): string | undefined {
  const temp = join(paths.releases, `.archive-${ticket}`);
  return realFolder(host, temp) ? moveTo(host, paths, temp, ticket) : undefined;
}

function moveTo(host: Host, paths: HostPaths, folder: string, ticket: string): string {
  const target = join(paths.releases, `${ticket}.${freeNumber(host, paths, ticket)}`);
  host.files.rename(folder, target);
  host.files.sync(paths.releases);
  return target;
}

/** The number after the ticket's last archive whose name no other ticket uses. */
function freeNumber(host: Host, paths: HostPaths, ticket: string): number {
  const used = listArchives(host, paths).filter((archive) => archive.ticket === ticket);
  let n = Math.max(0, ...used.map((archive) => archive.n)) + 1;
  const taken = (name: string): boolean => {
    const { state, log, receipt, records } = ticketPaths(paths, name);
    return [state, log, receipt, records].some((path) => host.files.stat(path) !== undefined);
  };
  while (taken(`${ticket}.${n}`)) n += 1;
  return n;
}
