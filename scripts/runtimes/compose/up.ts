// Bringing a service to what was recorded: leftovers, tags, what is stateful only where it differs, then the rest anew.
import { type Container, type Docker, type DockerEvent, openDocker } from '../../host/docker.ts';
import { ReleaseError, stepFailed } from '../../model/error.ts';
import type { ComponentImage } from '../../model/receipt.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { ResolvedComponent, ResolvedService, RuntimeContext, UpReport } from '../runtime.ts';
import { changed } from './changed.ts';
import { composeArgs, composeEnv, docker, knowing } from './command.ts';
import { splitRef } from './document.ts';
import { composeFiles } from './files.ts';
import { componentName, hasLeftovers, PROJECT_LABEL, reconcile, runningComponents } from './running.ts';

/** How long a new stateful component without a health check has to run before the others are started. */
const FIRST_STEPS_MS = 300;

const UP = ['up', '--detach', '--no-deps', '--pull', 'never', '--no-build'];

/** See Runtime.up. */
export async function up(
  from: RuntimeContext,
  service: ServiceManifest,
  resolved: ResolvedService,
  images: ComponentImage[],
  options: { alone?: boolean } = {},
): Promise<UpReport> {
  const context = knowing(from, service);
  const engine = openDocker(context.host, context);
  const before = await reconcile(engine, resolved.project);
  // A paused container does not hear TERM: compose would wait out its grace period.
  await Promise.all(before.filter((each) => each.paused).map((each) => engine.act(each.id, 'unpause')));
  const { clock } = context.host;
  const sinceMs = clock.now().getTime();

  const files = composeFiles(context, service, { root: context.paths.root, live: true });
  const compose = async (flags: string[], components: ResolvedComponent[]) => {
    const names = components.map((each) => each.name);
    const args = [...composeArgs(context, service, { project: resolved.project, files }), ...UP, ...flags, ...names];
    const run = () =>
      docker(context, args, {
        env: composeEnv(service),
        what: `${service.name} did not start`,
        where: `compose project ${resolved.project}`,
      });
    try {
      await run();
    } catch (error) {
      // The engine may have made a successor for a compose that was already dead, just after we had looked.
      const late = isNameConflict(error) || (await hasLeftovers(engine, resolved.project));
      if (context.signal?.aborted || !late) throw error;
      await reconcile(engine, resolved.project);
      await run();
    }
  };

  const stateful = resolved.components.filter((component) => component.stateful);
  const rest = resolved.components.filter((component) => !component.stateful);
  // All of them in one call, although only some may differ: what is named together decides the hash, and compose leaves the equal ones alone.
  const exchange = stateful.some((component) => differs(component, before, images)) ? stateful : [];
  await tagImages(engine, service, images, [...exchange, ...rest]);
  if (exchange.length > 0) await compose([], exchange);
  if (stateful.length > 0) await untilReady(context, engine, resolved, stateful, exchange.length > 0);
  if (rest.length > 0) await compose(['--force-recreate'], rest);

  if (options.alone) await removeOthers(engine, resolved);
  const after = await reconcile(engine, resolved.project);
  const old = new Set(before.map((container) => container.id));
  const isNew = (component: ResolvedComponent) =>
    after.some((container) => componentName(container) === component.name && !old.has(container.id));
  const names = (list: ResolvedComponent[]) => list.map((component) => component.name);
  const replaced = names(resolved.components.filter(isNew));
  const downtimeMs = await downtime(context, engine, resolved.project, replaced, sinceMs);
  return {
    replaced,
    untouched: names(resolved.components.filter((component) => !isNew(component))),
    ...(downtimeMs === undefined ? {} : { downtimeMs }),
  };
}

/** Containers of the project whose service is not in the files. Their volumes stay. */
async function removeOthers(engine: Docker, resolved: ResolvedService): Promise<void> {
  const names = new Set(resolved.components.map((component) => component.name));
  const containers = await engine.containers([`${PROJECT_LABEL}=${resolved.project}`]);
  for (const container of containers) if (!names.has(componentName(container))) await engine.remove(container.id);
}

/** Compose removed such a late successor, and met its name at the same time. */
const isNameConflict = (error: unknown): boolean =>
  error instanceof ReleaseError &&
  (error.facts.details ?? []).some((line) => /Conflict\. The container name "\/[0-9a-f]{12}_/.test(line));

/** Gives the recorded ids of what will be made their `name:tag` back; a reference by digest needs none. */
async function tagImages(
  engine: Docker,
  service: ServiceManifest,
  images: ComponentImage[],
  wanted: ResolvedComponent[],
): Promise<void> {
  for (const { component, ref, id } of images.filter((each) => wanted.some(({ name }) => name === each.component))) {
    const image = await engine.image(id);
    if (image === undefined) {
      throw stepFailed({
        what: `the image that was recorded for ${service.name} is gone: ${id}`,
        where: `compose service ${component}, ${ref}`,
        hint: 'Somebody removed it since (docker image prune?). Run the release again from prepare, which fetches it anew.',
      });
    }
    if (ref.includes('@') || image.tags.includes(ref)) continue;
    const { name, tag } = splitRef(ref);
    await engine.tag(id, name, tag);
  }
}

function differs(component: ResolvedComponent, before: Container[], images: ComponentImage[]): boolean {
  const containers = before.filter((container) => componentName(container) === component.name);
  const id = images.find((image) => image.component === component.name)?.id;
  const same = (container: Container) =>
    container.running &&
    container.imageId === id &&
    container.labels['com.docker.compose.config-hash'] === component.configHash;
  return containers.length === 0 || !containers.every(same);
}

async function untilReady(
  context: RuntimeContext,
  engine: Docker,
  resolved: ResolvedService,
  wanted: ResolvedComponent[],
  isNew: boolean,
): Promise<void> {
  const { clock } = context.host;
  let seen = false;
  const end = clock.monotonicMs() + context.timeoutMs;
  for (;;) {
    const running = await runningComponents(engine, resolved.project);
    const mine = running.filter((each) => wanted.some((component) => component.name === each.name));
    if (
      mine.every((each) => each.running && (each.health ?? 'healthy') === 'healthy') &&
      mine.length >= wanted.length
    ) {
      // Docker says that it runs before its program has had a chance to fail.
      const checked = mine.every((each) => each.health !== undefined);
      if (checked || !isNew || seen) return;
      seen = true;
      await changed(context, resolved.project, FIRST_STEPS_MS);
      continue;
    }
    const dead = mine.find(
      (each) =>
        each.health === 'unhealthy' ||
        (!each.running && each.exitCode !== undefined && each.restarts === 0 && each.exitCode !== 0),
    );
    if (dead !== undefined || clock.monotonicMs() > end || context.signal?.aborted) {
      const state = (dead ? [dead] : mine).map(
        (each) => `${each.name}: ${each.running ? (each.health ?? 'running') : `ended with ${each.exitCode}`}`,
      );
      throw stepFailed({
        what: `${resolved.service}: what the others need does not come up`,
        where: `compose project ${resolved.project}`,
        details: state,
        hint: mine.map((each) => `docker logs --tail 50 ${each.instance.slice(0, 12)}`),
      });
    }
    await changed(context, resolved.project, 1_000);
  }
}

/** From the engine's own events: the longest time between an old container's end and the next start of the same component. */
async function downtime(
  context: RuntimeContext,
  engine: Docker,
  project: string,
  replaced: string[],
  sinceMs: number,
): Promise<number | undefined> {
  const { clock } = context.host;
  const events: DockerEvent[] = [];
  const range = { actions: ['die', 'start'], signal: clock.deadline(5_000), sinceMs, untilMs: clock.now().getTime() };
  for await (const event of engine.events(`${PROJECT_LABEL}=${project}`, range)) events.push(event);
  const times = replaced.flatMap((name) => {
    const own = events.filter((event) => event.labels['com.docker.compose.service'] === name);
    const died = own.find((event) => event.action === 'die')?.atMs;
    const started =
      died === undefined ? undefined : own.find((event) => event.action === 'start' && event.atMs > died)?.atMs;
    return died === undefined || started === undefined ? [] : [Math.round(started - died)];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}
