// Which services a tree difference changes, and why. Every changed path ends in exactly one class, or is said to be unclassified.
import { refused } from '../model/error.ts';
import type { ReleaseConfig } from '../model/service.ts';
import type { Reason } from '../model/step.ts';
import type { ChangedPath } from './facts.ts';

/** What a manifest says at one commit, as far as classifying needs it. */
export interface ServiceGlance {
  installed: boolean;
  watch: readonly string[];
  group?: string;
}

/** One service at both ends; undefined where it has no manifest there. */
export interface ServiceEnds {
  before: ServiceGlance | undefined;
  after: ServiceGlance | undefined;
}

export interface Classification {
  /** Service -> why, services without a reason are not in it. */
  reasons: Map<string, Reason[]>;
  /** Added `releases/<ticket>-*` files of this ticket, revert scripts apart. */
  scripts: string[];
  revertScripts: string[];
  /** Scripts of this ticket that were there before and changed: they are not run. */
  changedScripts: string[];
  /** Scripts that came with the range and belong to other tickets: this release does not run them. */
  otherScripts: string[];
  engine: string[];
  unclassified: string[];
}

const ENGINE_PATHS =
  /^(scripts\/|recovery\/|tests\/|\.ci\/|\.asd\/|bootstrap$|justfile$|[^/]*\.just$|bunfig\.toml$|package\.json$|bun\.lock$|tsconfig\.json$|biome\.json$|\.gitignore$)/;

/** One matcher for many paths. @param patterns globs as git users write them: `dir/**`, `*.md`. */
function anyOf(patterns: readonly string[]): (path: string) => string | undefined {
  const globs = patterns.map((pattern) => ({ pattern, glob: new Bun.Glob(pattern) }));
  return (path) => globs.find(({ glob }) => glob.match(path))?.pattern;
}

interface Watcher {
  name: string;
  glob: string;
  match: Bun.Glob;
}

/** The first folder of a path or glob; empty where there is none, or a glob leaves it open. */
const topOf = (path: string): string => /^[A-Za-z0-9_. -]+(?=\/)/.exec(path)?.[0] ?? '';

/** By the only top folder whose paths they can match, so that thousands are not asked about each path. */
function watchersOf(services: ReadonlyMap<string, ServiceEnds>): Map<string, Watcher[]> {
  const watchers = new Map<string, Watcher[]>();
  for (const [name, ends] of services) {
    for (const glob of ends.after?.watch ?? ends.before?.watch ?? []) {
      const top = topOf(glob);
      const among = watchers.get(top);
      const one = { name, glob, match: new Bun.Glob(glob) };
      if (among === undefined) watchers.set(top, [one]);
      else among.push(one);
    }
  }
  return watchers;
}

/**
 * @param changes BASE_SHA..target.
 * @param services every service that has a manifest at either end.
 * @param ticket already checked. @param knownTickets tickets that this host has records of.
 * @throws refused where a script could be claimed by two tickets, or by none for want of words in its name.
 */
export function classify(
  changes: readonly ChangedPath[],
  services: ReadonlyMap<string, ServiceEnds>,
  config: ReleaseConfig,
  ticket: string,
  knownTickets: readonly string[],
): Classification {
  const result: Classification = {
    reasons: new Map(),
    scripts: [],
    revertScripts: [],
    changedScripts: [],
    otherScripts: [],
    engine: [],
    unclassified: [],
  };
  const ignored = anyOf(config.ignore);
  const sharedOf = anyOf(Object.keys(config.shared));
  const live = [...services].filter(([, ends]) => ends.after?.installed);
  const watchers = watchersOf(services);
  const because = (name: string, reason: Reason): void => {
    const ends = services.get(name);
    if (!ends || !(ends.before?.installed || ends.after?.installed)) return;
    const reasons = result.reasons.get(name) ?? [];
    result.reasons.set(name, reasons);
    const own = reasons.find((r) => r.kind === 'path');
    if (reason.kind === 'path' && own?.kind === 'path') own.count += 1;
    else if (reason.kind === 'path' || !reasons.some((r) => r.kind === reason.kind)) reasons.push(reason);
  };

  for (const { path, status } of changes) {
    if (ignored(path) !== undefined) continue;
    let known = false;
    const service = path.startsWith('packages/') ? path.split('/')[1] : undefined;
    if (service !== undefined && path.split('/').length > 2 && services.has(service)) {
      because(service, { kind: 'path', path, count: 1 });
      known = true;
    }
    for (const { name, glob, match } of [...(watchers.get(topOf(path)) ?? []), ...(watchers.get('') ?? [])]) {
      if (!match.match(path)) continue;
      because(name, { kind: 'watch', path, glob });
      known = true;
    }
    const glob = sharedOf(path);
    if (glob !== undefined) {
      const whom = config.shared[glob] ?? [];
      for (const name of whom === 'all' ? live.map(([n]) => n) : whom) because(name, { kind: 'shared', path, glob });
      known = true;
    }
    if (path.startsWith('releases/')) {
      known = true;
      if (status === 'deleted') continue;
      if (status === 'added') checkWords(ticket, path);
      const revert = /\.revert\.(sh|ts)$/.test(path);
      if (claims(ticket, path, knownTickets)) {
        if (revert) result.revertScripts.push(path);
        else if (status === 'added') result.scripts.push(path);
        else result.changedScripts.push(path);
      } else if (status === 'added' && !revert && /\.(sh|ts)$/.test(path)) result.otherScripts.push(path);
    } else if (ENGINE_PATHS.test(path)) {
      result.engine.push(path);
      known = true;
    }
    if (!known) result.unclassified.push(path);
  }
  for (const [name, ends] of services) {
    if (!ends.before?.installed && ends.after?.installed) because(name, { kind: 'added' });
    if (ends.before?.installed && !ends.after)
      because(name, { kind: 'removed', how: `packages/${name}/manifest.yaml is gone` });
    if (ends.before?.installed && ends.after && !ends.after.installed)
      because(name, { kind: 'removed', how: 'installation is no longer installed' });
  }
  result.scripts.sort();
  result.revertScripts.sort();
  return result;
}

/** @throws refused where a new script is called after the ticket and nothing else: it would never be run. */
function checkWords(ticket: string, path: string): void {
  const named = /^releases\/(.*?)(?:\.revert)?\.(?:sh|ts)$/.exec(path);
  if (named?.[1] !== ticket) return;
  throw refused({
    what: `${path} would not be run: a ticket's scripts have words after the ticket in their name`,
    hint: `Rename it in the repository: releases/${ticket}-<words>${path.slice('releases/'.length + ticket.length)}`,
  });
}

/** Whether the script is this ticket's: `releases/<ticket>-<words>.sh` or `.ts`. @throws refused where another ticket could claim it, too. */
export function claims(ticket: string, path: string, knownTickets: readonly string[]): boolean {
  const file = path.slice('releases/'.length);
  if (!file.startsWith(`${ticket}-`) || file.includes('/') || !/\.(sh|ts)$/.test(file)) return false;
  const words = file.slice(ticket.length + 1);
  const longer = /^(\d+)-/.exec(words)?.[1];
  const other =
    longer === undefined ? knownTickets.find((t) => t !== ticket && file.startsWith(`${t}-`)) : `${ticket}-${longer}`;
  if (other === undefined) return true;
  const ending = file.slice(file.lastIndexOf('.'));
  throw refused({
    what: `Two tickets could claim ${path}: ${ticket} and ${other}`,
    hint:
      other.length > ticket.length
        ? `Rename the script so that what follows the ticket is words: releases/${ticket}-<words>${ending}`
        : `Rename the script, and release it under a ticket that does not begin with ${other}-.`,
  });
}
