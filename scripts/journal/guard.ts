// A release that goes back unless it is confirmed: its deadline on disk, and the one record that says how it was decided.
//
//   guard/<ticket>/armed.json     the deadline, replaced whole; there before the first effect of the release
//                  verdict.json   made by link(2): whoever is second finds it there, and does what it says
//                  watch.lock     held by the watchdog      run.sh   starts it      watchdog.out   what it said
import { join } from 'node:path';
import type { HostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import type { Deadline, Moment } from '../model/deadline.ts';
import { ReleaseError, refused } from '../model/error.ts';
import { isTicket } from '../model/names.ts';
import { SCHEMA } from '../model/release.ts';
import type { ReleaseConfig } from '../model/service.ts';
import { realFolder, regularFile } from './place.ts';
import { bool, type Check, fields, listOf, maybe, number, oneOf, readShape, sealed, text } from './shape.ts';

export interface Armed extends Deadline {
  schema: number;
  ticket: string;
  /** Tells this run of the ticket from others. */
  id: string;
  /** `provisional`: the release runs, or halted. `window`: it is verified and waits. */
  stage: 'provisional' | 'window';
  withinMs: number;
  /** The furthest that a window reaches, from the end of verify. */
  capMs: number;
  /** Like leftMs: how far a window can still be extended. */
  capLeftMs: number;
  watch: 'notice' | 'revert';
  afterConfirm: string[][];
  /** Settings as they were: what is there when they are needed may not even parse. */
  config: ReleaseConfig;
}

export interface Verdict {
  schema: number;
  kind: 'confirm' | 'revert';
  /** `confirmed`, `refused`, `expired`, `unreadable`, `unhealthy`, `by hand`, or what else made it go back. */
  cause: string;
  by: string;
  /** A person does the reverting: it is gone on with where it was cut off, and left alone where it was stopped or failed. */
  manual: boolean;
  /** What was asked of a revert by hand. */
  wish?: { skipGit: boolean; skipData: boolean; acceptLoss: boolean };
}

export interface Guard {
  ticket: string;
  /** undefined: it cannot be read, which counts as expired. */
  armed: Armed | undefined;
  /** Why it cannot be read. */
  problem?: string;
  verdict: Verdict | undefined;
}

export interface GuardFiles {
  folder: string;
  armed: string;
  verdict: string;
  watch: string;
  run: string;
  output: string;
}

export function guardFiles(paths: Pick<HostPaths, 'guard'>, ticket: string): GuardFiles {
  const folder = join(paths.guard, ticket);
  return {
    folder,
    armed: join(folder, 'armed.json'),
    verdict: join(folder, 'verdict.json'),
    watch: join(folder, 'watch.lock'),
    run: join(folder, 'run.sh'),
    output: join(folder, 'watchdog.out'),
  };
}

const COMMON: Record<string, Check> = { schema: number };
const isArmed = fields({
  ...COMMON,
  ticket: text,
  id: text,
  stage: oneOf('provisional', 'window'),
  at: fields({ boot: text, bootMs: number, wallMs: number }),
  leftMs: number,
  capLeftMs: number,
  withinMs: number,
  capMs: number,
  watch: oneOf('notice', 'revert'),
  afterConfirm: listOf(listOf(text)),
  config: fields({ branch: text, revert: fields({ push: text, maxLossMs: number }), backup: fields({ dir: text }) }),
});
const isVerdict = fields({
  ...COMMON,
  kind: oneOf('confirm', 'revert'),
  cause: text,
  by: text,
  manual: bool,
  wish: maybe(fields({ skipGit: bool, skipData: bool, acceptLoss: bool })),
});

/** Now, by both clocks. */
export const momentNow = ({ clock, machine }: Host): Moment => ({
  boot: machine.bootId,
  bootMs: clock.monotonicMs(),
  wallMs: clock.now().getTime(),
});

/** @returns undefined where the ticket has none. Reads only; never throws for what is in the files. */
export function readGuard(host: Host, paths: Pick<HostPaths, 'guard'>, ticket: string): Guard | undefined {
  const files = guardFiles(paths, ticket);
  if (host.files.stat(files.folder)?.kind !== 'folder') return undefined;
  if (host.files.stat(files.armed) === undefined && host.files.stat(files.verdict) === undefined) return undefined;
  const armed = attempt<Armed>(host, files.armed, 'deadline', isArmed);
  const verdict = attempt<Verdict>(host, files.verdict, 'verdict', isVerdict);
  const problem = armed.problem ?? (armed.value === undefined ? `${files.armed} is missing` : undefined);
  const own = armed.value?.ticket === ticket ? armed.value : undefined;
  return {
    ticket,
    armed: own,
    ...(own ? {} : { problem: problem ?? `${files.armed} is of another ticket` }),
    // One that was damaged says that something was decided; what is not known to be confirmed is not.
    verdict: verdict.problem === undefined ? verdict.value : { ...UNREADABLE },
  };
}

const UNREADABLE: Verdict = { schema: SCHEMA, kind: 'revert', cause: 'unreadable', by: '', manual: false };

function attempt<T>(host: Host, path: string, what: string, check: Check): { value?: T; problem?: string } {
  try {
    if (!regularFile(host, path)) return {};
    const content = host.files.readText(path, { maxBytes: 1024 * 1024 });
    return content === undefined ? {} : { value: readShape(content, path, what, check) as T };
  } catch (error) {
    if (error instanceof ReleaseError) return { problem: error.message };
    throw error;
  }
}

/** Tickets that have a folder here, in name order. */
export const guardedTickets = (host: Host, paths: Pick<HostPaths, 'guard'>): string[] =>
  host.files
    .list(paths.guard)
    .filter((name) => isTicket(name) && host.files.stat(join(paths.guard, name))?.kind === 'folder');

/** On disk when it returns. Under the lock. */
export function writeArmed(host: Host, paths: Pick<HostPaths, 'guard'>, armed: Armed): void {
  const { folder, armed: file } = guardFiles(paths, armed.ticket);
  if (!realFolder(host, folder)) {
    host.files.mkdir(folder);
    host.files.sync(paths.guard);
  }
  regularFile(host, file);
  host.files.replace(file, sealed(armed));
}

/** What is left, written down anew as of now. */
export const anchored = (armed: Armed, now: Moment, left: number, capLeft: number): Armed => ({
  ...armed,
  at: now,
  leftMs: left,
  capLeftMs: capLeft,
});

/**
 * Decides, with or without the lock: of any number of deciders one is first.
 * @returns the verdict that holds, and whether it is this one. @throws refused where it is all over.
 */
export function decide(
  host: Host,
  paths: Pick<HostPaths, 'guard'>,
  ticket: string,
  wish: Omit<Verdict, 'schema'>,
): { won: boolean; verdict: Verdict } {
  const { folder, verdict: file } = guardFiles(paths, ticket);
  const verdict: Verdict = { schema: SCHEMA, ...wish };
  const temp = join(folder, `.verdict.${host.machine.random(6)}`);
  try {
    host.files.replace(temp, sealed(verdict));
    host.files.link(temp, file);
    host.files.sync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw refused(
        { what: `${ticket} does not wait any more`, where: folder, hint: `See: just release-state ${ticket}` },
        error,
      );
    if (code !== 'EEXIST') throw error;
    return { won: false, verdict: readGuard(host, paths, ticket)?.verdict ?? UNREADABLE };
  } finally {
    host.files.remove(temp);
  }
  return { won: true, verdict };
}

/** A person stops the revert of a release that was not confirmed: it is that person's from now on. Nothing where none was decided. */
export function leaveToPeople(host: Host, paths: Pick<HostPaths, 'guard'>, ticket: string): void {
  const verdict = readGuard(host, paths, ticket)?.verdict;
  if (verdict?.kind !== 'revert' || verdict.manual) return;
  host.files.replace(guardFiles(paths, ticket).verdict, sealed({ ...verdict, manual: true }));
}

/**
 * The release is final, one way or the other. Under the lock. The folder goes at once: whoever looked before and decides now would else
 * find the place of the verdict free again.
 */
export function disarm(host: Host, paths: Pick<HostPaths, 'guard'>, ticket: string): void {
  const { folder } = guardFiles(paths, ticket);
  // No ticket begins with a dot.
  const gone = join(paths.guard, `.${ticket}.gone`);
  host.files.remove(gone);
  if (host.files.stat(folder)?.kind !== 'folder') return;
  host.files.rename(folder, gone);
  host.files.sync(paths.guard);
  host.files.remove(gone);
}
