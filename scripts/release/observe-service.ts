// The facts of one service: what runs, what will run, what is saved, what a release of it cost before.
import { join } from 'node:path';
import { expectedPauseMs, listBackups } from '../backups/list.ts';
import { refuseLongPause } from '../backups/pause.ts';
import { planBackup } from '../backups/take.ts';
import type { ServiceHistory } from '../journal/history.ts';
import { refused } from '../model/error.ts';
import type { ComponentImage } from '../model/receipt.ts';
import type { ServiceManifest } from '../model/service.ts';
import type { HookName } from '../model/step.ts';
import type { ServiceFacts } from '../plan/facts.ts';
import { runtimeOf } from '../runtimes/registry.ts';
import type { ResolvedService, RunningComponent, ServiceTree } from '../runtimes/runtime.ts';
import { backupContext } from './backup-context.ts';
import { type Context, runtimeContext } from './context.ts';

const HOOKS: readonly HookName[] = ['preflight', 'pre_start_init', 'post_start_init', 'ensure-config'];

export interface Asked {
  name: string;
  ticket: string;
  /** Ask registries what would be pulled, too. */
  dry: boolean;
  before: ServiceManifest | undefined;
  after: ServiceManifest | undefined;
  trees: Record<'before' | 'after', ServiceTree>;
  history: ServiceHistory;
  /** Compose project or pm2 namespace of its last release; undefined where there was none. */
  lastProject: string | undefined;
  /** Stamp of the backup that a superseded release took; a new one is not needed then. */
  inheritedBackup: string | undefined;
}

export interface Observed {
  facts: ServiceFacts;
  /** Undefined where the service is not there. */
  resolved: Record<'before' | 'after', ResolvedService | undefined>;
  /** Data that its backup holds: `volume NAME`, `bind PATH`. */
  covers: string[];
}

/** @throws refused where runtime, files or backups of the service stand in the way. */
export async function observeService(context: Context, asked: Asked): Promise<Observed> {
  const { name, before, after, trees } = asked;
  const manifest = after ?? before;
  if (!manifest) throw refused({ what: `${name} has no manifest at either end` });
  const runtime = await runtimeOf(manifest.runtime);
  const at = runtimeContext(context, asked.ticket);
  const notices: string[] = [];
  const [resolvedAfter, past] = await Promise.all([
    after ? runtime.resolve(at, after, trees.after) : undefined,
    before ? observeBefore(context, asked, before) : undefined,
  ]);
  if (past && resolvedAfter && before?.runtime !== after?.runtime)
    throw moved(name, 'runtime', before?.runtime, after?.runtime);
  // Where nothing runs by the name that it has now, a changed CONTAINER_PREFIX may be why.
  const project = past?.running.length === 0 ? (asked.lastProject ?? past.project) : past?.project;
  if (past && resolvedAfter && project !== resolvedAfter.project)
    throw moved(name, 'project', project, resolvedAfter.project);
  const images = {
    before: (past?.running ?? []).map((c): ComponentImage => ({ component: c.name, ref: c.imageRef, id: c.imageId })),
    after: resolvedAfter
      ? await imagesAfter(asked, () => runtime.available(at, resolvedAfter, trees.after), resolvedAfter)
      : [],
  };
  const statefulRecreated = recreated(resolvedAfter, past?.running ?? []);
  for (const component of statefulRecreated) notices.push(`${component} holds data and will be recreated`);
  const facts: ServiceFacts = {
    name,
    before,
    after,
    hooks: after ? hooksIn(context, trees.after, name) : {},
    images,
    statefulRecreated,
    inherited: asked.inheritedBackup !== undefined,
    backup: asked.inheritedBackup === undefined ? (past?.backup ?? []) : [],
    uncovered: past?.uncovered ?? [],
    history: { durationS: asked.history.durationS, downtimeS: asked.history.downtimeS, pauseS: asked.history.pauseS },
    notices: [...notices, ...tagNotices(context, after)],
  };
  return { facts, resolved: { before: past?.resolved, after: resolvedAfter }, covers: past?.covers ?? [] };
}

/** What runs now would go on beside the new one: same ports, other volumes. */
const moved = (name: string, what: string, from: string | undefined, to: string | undefined) =>
  refused({
    what: `The ${what} of ${name} changes from ${from} to ${to}: what runs as ${from} would stay, with its data`,
    where: `packages/${name}`,
    hint: [
      'Keep it (compose.project in the manifest, CONTAINER_PREFIX in .env), or take two releases:',
      'one that sets installation: { status: inactive }, and, once its data has been moved by hand, one that installs it again.',
    ],
  });

/** The manifest's tag is what compose gets, whatever `.env` says; whoever reads `.env` should know. */
function tagNotices({ env }: Context, after: ServiceManifest | undefined): string[] {
  const { envVar, tag } = after?.image ?? {};
  if (envVar === undefined || env[envVar] === undefined || env[envVar] === tag) return [];
  return [`.env sets ${envVar} to ${env[envVar]}, but the manifest's image.tag is ${tag}: the manifest counts`];
}

/** Stateful components whose image or resolved configuration is another one than what runs. */
function recreated(after: ResolvedService | undefined, running: readonly RunningComponent[]): string[] {
  return (after?.components ?? []).flatMap((component) => {
    const now = running.find((each) => each.name === component.name);
    if (!component.stateful || !now) return [];
    const image = component.image !== undefined && now.imageRef !== component.image;
    const config = component.configHash !== undefined && now.configHash !== component.configHash;
    return image || config ? [component.name] : [];
  });
}

/** Registries are asked only in a dry run: a release pulls right after this. */
async function imagesAfter(
  asked: Asked,
  available: () => Promise<ComponentImage[]>,
  resolved: ResolvedService,
): Promise<ComponentImage[]> {
  if (asked.dry || asked.after?.runtime === 'pm2') return await available();
  return resolved.components.map((c) => ({ component: c.name, ref: c.image ?? '', id: '' }));
}

async function observeBefore(
  context: Context,
  asked: Asked,
  before: ServiceManifest,
): Promise<{
  resolved: ResolvedService;
  project: string;
  running: RunningComponent[];
  backup: ServiceFacts['backup'];
  uncovered: string[];
  covers: string[];
}> {
  const runtime = await runtimeOf(before.runtime);
  const at = runtimeContext(context, asked.ticket);
  const resolved = await runtime.resolve(at, before, asked.trees.before);
  const full = await backupContext(context, { manifest: before, runtime, context: at }, resolved);
  const plan = await planBackup(full);
  const items = before.backup.enabled ? plan.items : [];
  if (before.backup.consistency === 'pause') {
    const { backups } = listBackups(context.host, context.paths.backups, asked.name);
    refuseLongPause(asked.name, expectedPauseMs(backups), context.config.backup.pauseMaxMs);
  }
  return {
    resolved,
    project: resolved.project,
    running: full.running,
    backup: items.map(({ name, bytes, method }) => ({
      item: name,
      bytes,
      ...(method === undefined ? {} : { method }),
    })),
    uncovered: plan.uncovered,
    covers: items.flatMap(({ volume, path }) => (volume ? [`volume ${volume}`] : path ? [`bind ${path}`] : [])),
  };
}

function hooksIn(context: Context, tree: ServiceTree, name: string): ServiceFacts['hooks'] {
  const found: ServiceFacts['hooks'] = {};
  for (const hook of HOOKS) {
    const path = `packages/${name}/scripts/${hook}.ts`;
    if (context.host.files.stat(join(tree.root, path)) !== undefined) found[hook] = path;
  }
  return found;
}
