// What compose resolved before. The same compose, files and values give the same document, so that it is not asked again: what is deployed
// was resolved when it was released. An entry holds what `.env` holds, and lies where only its owner reads it.
import { join } from 'node:path';
import { cleanEnvironment } from '../../host/environment.ts';
import { sha256 } from '../../host/keyed-hash.ts';
import type { HostPaths } from '../../host/paths.ts';
import type { Host } from '../../host/port.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { RuntimeContext } from '../runtime.ts';
import { composeEnv } from './command.ts';
import { type ComposeFiles, envFilesOf, projectFolder, readFiles } from './files.ts';
import { composePlugin } from './plugin.ts';

export interface Answer {
  document: string;
  /** By component. */
  hashes: Record<string, string>;
}

interface Entry extends Answer {
  key: string;
  /** Of the three above: what was changed or torn is no answer. */
  sum: string;
}

interface Place {
  host: Host;
  paths: HostPaths;
}

/** The version that was, the one that comes, and one more for whoever looks ahead. */
const KEPT = 3;
const MAX_DOCUMENT = 1 << 20;
const MAX_FILE = 8 << 20;
const MAX_READ = 1 << 20;
/** The format of entries and keys. */
const SCHEMA = 1;

/** What the compose program is, without starting it; undefined where docker has to find it. */
export function programKey(host: Host): string | undefined {
  const plugin = composePlugin(host, cleanEnvironment(host.machine.env));
  if (plugin === undefined) return undefined;
  const real = host.files.realpath(plugin);
  const { size, mtimeMs, ino, dev } = host.files.stat(real) ?? {};
  return JSON.stringify([SCHEMA, real, size, mtimeMs, ino, dev]);
}

/**
 * Of everything that compose's answer can depend on, read now.
 * @param files their texts are read anew. @param project as it is given to compose.
 * @returns undefined where that cannot be told: files that name further ones to read, no `.env`.
 */
export function answerKey(
  context: RuntimeContext,
  service: ServiceManifest,
  files: ComposeFiles,
  project: string | undefined,
): string | undefined {
  const { host, paths } = context;
  const program = programKey(host);
  const values = envFilesOf(context, service).map((path) => readOnce(host, path, true));
  // Without one, compose looks for others by itself.
  if (program === undefined || values.length === 0 || !files.selfContained) return undefined;
  const texts = files.paths.map((path) => readOnce(host, path, true));
  const named = readFiles(context, service, paths.root, files).map(
    (path) => [path, readOnce(host, path, false)] as const,
  );
  if (values.includes('absent') || [...values, ...texts, ...named.map(([, text]) => text)].includes('unknown'))
    return undefined;
  const all = JSON.stringify([texts, named, values]);
  const given = composeEnv(service);
  const env = Object.entries(cleanEnvironment(host.machine.env, given)).filter(
    ([name]) => name in given || name === 'HOME' || name.startsWith('DOCKER_') || all.includes(name),
  );
  const roles = service.containers.map((container) => [container.service, container.role]);
  const how = [project, projectFolder(context, service, paths.root), service.compose.profiles, roles];
  return sha256(JSON.stringify([program, all, env.sort(), how]));
}

/** `unknown`: no plain file of a usual size. */
type Text = { text: string } | 'absent' | 'unknown';

function readOnce(host: Host, path: string, follow: boolean): Text {
  const stat = host.files.stat(path);
  if (stat === undefined) return 'absent';
  if (stat.size > MAX_READ || !(stat.kind === 'file' || (follow && stat.kind === 'link'))) return 'unknown';
  try {
    const text = host.files.readText(path, { follow });
    return text === undefined ? 'absent' : { text };
  } catch {
    // Compose says what is wrong with it.
    return 'unknown';
  }
}

const placeOf = (paths: HostPaths, name: string): string => join(paths.cache, 'compose', `${name}.json`);
const sumOf = ({ key, document, hashes }: Omit<Entry, 'sum'>): string =>
  sha256(JSON.stringify([key, document, hashes]));

function entriesOf({ host, paths }: Place, name: string): Entry[] {
  const path = placeOf(paths, name);
  try {
    const stat = host.files.stat(path);
    // What somebody else may have written decides nothing.
    if (stat?.uid !== host.machine.uid || (stat.mode & 0o077) !== 0) return [];
    const entries: unknown = JSON.parse(host.files.readText(path, { maxBytes: MAX_FILE }) ?? '[]');
    return (Array.isArray(entries) ? (entries as Entry[]) : []).filter((entry) => entry?.sum === sumOf(entry));
  } catch {
    // Unreadable, or no JSON: nothing is known then, and compose is asked.
    return [];
  }
}

/** @param name the service's. @returns undefined where compose has to be asked. */
export const recall = (place: Place, name: string, key: string): Answer | undefined =>
  entriesOf(place, name).find((entry) => entry.key === key);

/** A service that is gone leaves nothing here. */
export const forget = ({ host, paths }: Place, name: string): void => host.files.remove(placeOf(paths, name));

/** Keeps an answer beside the newest ones of that name. Where it cannot be kept, compose is asked again next time. */
export function remember(place: Place, name: string, key: string, { document, hashes }: Answer): void {
  // A look at a host that has no records yet leaves none.
  if (document.length > MAX_DOCUMENT || place.host.files.stat(place.paths.workspace) === undefined) return;
  const others = entriesOf(place, name).filter((entry) => entry.key !== key);
  const entry = { key, document, hashes };
  const { files } = place.host;
  try {
    files.mkdir(join(place.paths.cache, 'compose'));
    files.replace(
      placeOf(place.paths, name),
      JSON.stringify([{ ...entry, sum: sumOf(entry) }, ...others].slice(0, KEPT)),
    );
  } catch {
    // A full disk is said by what needs it.
    return;
  }
}
