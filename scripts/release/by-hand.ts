// What verbs without a ticket have in common: their log, a stop signal, and services as HEAD describes them.
import type { BackupContext } from '../backups/kind.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import { openLog } from '../journal/log.ts';
import { badInput, refused } from '../model/error.ts';
import type { EventName, FieldsOf } from '../model/event.ts';
import { checkServiceName } from '../model/names.ts';
import type { ServiceManifest } from '../model/service.ts';
import { runtimeOf } from '../runtimes/registry.ts';
import type { ResolvedService, Runtime } from '../runtimes/runtime.ts';
import { backupContext } from './backup-context.ts';
import { type Context, runtimeContext } from './context.ts';
import { readManifests } from './manifests.ts';
import { openReporter, type Reporter } from './reporter.ts';

/** In the place of a ticket; no ticket is called so. */
export const NO_TICKET = '-';

const BACKUP_TIMEOUT_MS = 6 * 3_600_000;

export interface HandLog {
  reporter: Reporter;
  log<E extends EventName>(event: E, fields?: FieldsOf<E>): void;
}

/** The log of backups and restores. A broken link in it is said, and never keeps anybody from restoring. */
export function openHandLog(context: Context, lock: ReleaseLock, phase: 'backup' | 'restore', json: boolean): HandLog {
  const { host, paths, terminal } = context;
  const journal = openLog(host, paths.backupsLog, NO_TICKET, {
    tolerateBroken: true,
    assertHeld: () => lock.assertHeld(),
  });
  const reporter = openReporter(host, terminal, { json });
  return { reporter, log: (event, fields) => reporter.event(journal.append(phase, event, fields)) };
}

/** @param act gets a signal that fires at INT or TERM. */
export async function stoppable<T>(context: Context, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const unlisten = context.host.own.onStop((signal) => {
    context.terminal.warn(`${signal}: stopping; what was begun is put back first`);
    stop.abort();
  });
  try {
    return await act(stop.signal);
  } finally {
    unlisten();
  }
}

export interface HandService {
  manifest: ServiceManifest;
  runtime: Runtime;
  context: BackupContext;
}

/** Manifests of all installed services at HEAD, by name. @throws refused where one cannot be read. */
export async function manifestsNow(context: Context): Promise<Map<string, ServiceManifest>> {
  const read = await readManifests(context.repo, 'HEAD', 'HEAD', context.env);
  const names = [...read.ends].filter(([, ends]) => ends.after?.installed).map(([name]) => name);
  return await read.readable(names);
}

/** @param names empty: all that have a backup. @throws bad-input for a name that is no installed service. */
export async function chosen(context: Context, names: readonly string[]): Promise<ServiceManifest[]> {
  const all = await manifestsNow(context);
  if (names.length === 0) return [...all.values()].filter((each) => each.backup.enabled);
  return [...new Set(names)].map((name) => {
    const found = all.get(checkServiceName(name));
    if (found !== undefined) return found;
    throw badInput({
      what: `there is no installed service ${name}`,
      where: `packages/${name}/manifest.yaml`,
      hint: `Installed are: ${[...all.keys()].sort().join(', ')}`,
    });
  });
}

/** The others of their groups: one moment of data that they share is a moment of all of them. Each is said. */
export async function companions(context: Context, services: readonly ServiceManifest[]): Promise<ServiceManifest[]> {
  const groups = new Set(services.flatMap(({ release: { group } }) => group ?? []));
  const names = new Set(services.map(({ name }) => name));
  const found = [...(await manifestsNow(context)).values()].filter(
    ({ name, release: { group }, backup }) =>
      group !== undefined && groups.has(group) && !names.has(name) && backup.enabled,
  );
  for (const { name, release } of found) context.terminal.warn(`${name}, too: it is of the group ${release.group}`);
  return found;
}

/** A service as it runs now. @param known how it resolves; default: from the live checkout. @throws refused where its files do not resolve. */
export async function openService(
  context: Context,
  manifest: ServiceManifest,
  signal?: AbortSignal,
  known?: ResolvedService,
): Promise<HandService> {
  const runtime = await runtimeOf(manifest.runtime);
  const more = { timeoutMs: BACKUP_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
  const at = runtimeContext(context, NO_TICKET, more);
  const resolved = known ?? (await runtime.resolve(at, manifest, { root: context.paths.root, live: true }));
  return { manifest, runtime, context: await backupContext(context, { manifest, runtime, context: at }, resolved) };
}

/** @throws refused where the service has backups switched off. */
export function checkEnabled(manifest: ServiceManifest): void {
  if (manifest.backup.enabled) return;
  throw refused({
    what: `backups of ${manifest.name} are switched off`,
    where: `packages/${manifest.name}/manifest.yaml, backup.enabled`,
  });
}
