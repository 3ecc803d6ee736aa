// Starting and ending a service's apps. There is no restart in place: the old ones are deleted, the new ones proven online.
import { join } from 'node:path';
import { sha256 } from '../../host/keyed-hash.ts';
import { refused, stepFailed } from '../../model/error.ts';
import type { ComponentImage } from '../../model/receipt.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { ResolvedService, RuntimeContext, UpReport } from '../runtime.ts';
import { pm2Environment, pm2Home, runPm2 } from './command.ts';
import { type Pm2App, readDocument } from './ecosystem.ts';
import { lastWords } from './last-words.ts';
import { type Pm2Process, pm2List } from './list.ts';

const ONLINE_WITHIN_MS = 10_000;

/** @throws refused where an app of that name belongs to another namespace: pm2 knows apps by name, and would restart that one instead. */
export function checkNames(resolved: ResolvedService, all: readonly Pm2Process[]): void {
  const names = resolved.components.map((component) => component.name);
  const taken = all.filter((each) => each.namespace !== resolved.project && names.includes(each.name));
  if (taken.length === 0) return;
  throw refused({
    what: `pm2 already runs an app of that name in another namespace`,
    where: resolved.service,
    details: taken.map(
      (each) => `${each.name} (pm_id ${each.id}) is in namespace ${each.namespace}, not ${resolved.project}`,
    ),
    hint: taken.map(
      (each) =>
        `pm2 delete ${each.id}    (if it is a leftover; or rename the app in the package's ecosystem.config.cjs)`,
    ),
  });
}

/** @throws step-failed where an app does not come online. */
export async function upPm2(
  context: RuntimeContext,
  service: ServiceManifest,
  resolved: ResolvedService,
  images: ComponentImage[],
): Promise<UpReport> {
  const all = await pm2List(context);
  checkNames(resolved, all);
  const mine = all.filter((each) => each.namespace === resolved.project);
  const stateful = new Set(
    resolved.components.filter((component) => component.stateful).map((component) => component.name),
  );
  const wanted = readDocument(resolved.document)
    .map((app) => marked(app, images))
    .sort((a, b) => Number(stateful.has(b.name)) - Number(stateful.has(a.name)));
  const stays = wanted.filter((app) => stateful.has(app.name) && runsAs(mine, app));
  const starts = wanted.filter((app) => !stays.includes(app));
  const ends = mine.filter((each) => !stays.some((app) => app.name === each.name));

  const stoppedAt = context.host.clock.monotonicMs();
  await deletePm2(context, service, ends);
  if (starts.length > 0) await start(context, service, resolved.project, starts);
  const downtimeMs = Math.round(context.host.clock.monotonicMs() - stoppedAt);
  await save(context);
  const replaced = starts.map((app) => app.name);
  return {
    replaced,
    ...(replaced.some((name) => ends.some((each) => each.name === name)) && { downtimeMs }),
    untouched: stays.map((app) => app.name),
  };
}

/** Deletes processes by their ids; one that is gone by then is no failure. @throws step-failed where one stays. */
export async function deletePm2(
  context: RuntimeContext,
  service: ServiceManifest,
  processes: readonly Pm2Process[],
): Promise<void> {
  if (processes.length === 0) return;
  const ids = processes.map((each) => String(each.id));
  const result = await runPm2(context, ['delete', '--no-color', ...ids]);
  if (result.code === 0) return;
  const left = (await pm2List(context)).filter((each) => ids.includes(String(each.id)));
  if (left.length === 0) return;
  throw failed(
    context,
    service,
    `pm2 could not delete ${left.map((each) => each.name).join(', ')}`,
    result.tail,
    result.code,
  );
}

/** A host that lets pm2 bring its apps back after a reboot gets the list of those that run now. */
export async function save(context: RuntimeContext): Promise<void> {
  if (context.host.files.stat(join(pm2Home(context), 'dump.pm2')))
    await runPm2(context, ['save', '--force', '--no-color']);
}

const marked = (app: Pm2App, images: readonly ComponentImage[]): Pm2App => ({
  ...app,
  env: {
    ...app.env,
    ASD_TREE: (images.find((image) => image.component === app.name)?.id ?? '').replace(/^tree:/, ''),
    ASD_CONFIG: sha256(JSON.stringify(app)),
  },
});

const runsAs = (mine: readonly Pm2Process[], app: Pm2App): boolean => {
  const found = mine.filter((each) => each.name === app.name);
  const same = (each: Pm2Process) =>
    each.pid && each.status === 'online' && each.tree === app.env.ASD_TREE && each.config === app.env.ASD_CONFIG;
  return found.length > 0 && found.every(same);
};

async function start(
  context: RuntimeContext,
  service: ServiceManifest,
  project: string,
  apps: Pm2App[],
): Promise<void> {
  const { files, machine } = context.host;
  const common = { ...context.env, MERGE_SHA: await headOf(context) };
  const ours = `pm2-${service.name}-`;
  const file = join(context.paths.cache, `${ours}${machine.random(8)}.json`);
  files.mkdir(context.paths.cache);
  // A killed engine leaves its own, with all of `.env` in it.
  for (const name of files.list(context.paths.cache))
    if (name.startsWith(ours) && /^[0-9a-f]+\.json$/.test(name.slice(ours.length)))
      files.remove(join(context.paths.cache, name));
  // Through a file, because argv can be read by everybody.
  files.replace(file, JSON.stringify({ apps: apps.map((app) => ({ ...app, env: { ...common, ...app.env } })) }));
  try {
    const result = await runPm2(context, ['start', file, '--no-color']);
    if (result.code !== 0) throw failed(context, service, 'pm2 start failed', result.tail, result.code);
  } finally {
    files.remove(file);
  }
  await online(context, service, project, apps);
}

async function headOf(context: RuntimeContext): Promise<string> {
  const argv = ['git', '-C', context.paths.root, 'rev-parse', '--verify', '--quiet', 'HEAD'];
  const result = await context.host.exec.run(argv, { env: pm2Environment(context), timeoutMs: context.timeoutMs });
  return result.stdout.trim();
}

async function online(
  context: RuntimeContext,
  service: ServiceManifest,
  project: string,
  apps: readonly Pm2App[],
): Promise<void> {
  const { clock } = context.host;
  const end = clock.monotonicMs() + Math.min(ONLINE_WITHIN_MS, context.timeoutMs);
  for (;;) {
    const mine = (await pm2List(context)).filter((each) => each.namespace === project);
    const late = apps.filter(
      (app) =>
        !mine.some(
          (each) => each.name === app.name && each.status === 'online' && each.pid && each.tree === app.env.ASD_TREE,
        ),
    );
    if (late.length === 0) return;
    const given = mine.filter(
      (each) => late.some((app) => app.name === each.name) && (each.status === 'errored' || each.status === 'stopped'),
    );
    if (given.length > 0 || clock.monotonicMs() > end || context.signal?.aborted) {
      const what = `${late.map((app) => app.name).join(', ')} did not come online in pm2`;
      throw failed(context, service, what, await lastWords(context, given.length > 0 ? given : mine));
    }
    await clock.sleep(50, context.signal);
  }
}

function failed(context: RuntimeContext, service: ServiceManifest, what: string, details: string[], rc?: number) {
  return stepFailed({
    what,
    where: service.name,
    details,
    hint: `pm2 logs --nostream --lines 50   (PM2_HOME=${pm2Home(context)})`,
    ...(context.outputFile && { outputFile: context.outputFile }),
    ...(rc !== undefined && { rc }),
  });
}
