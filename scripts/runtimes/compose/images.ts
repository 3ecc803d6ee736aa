// Which image a component is to run: kept, local, from a registry by digest, or built; and how it comes here.
import { type Docker, openDocker } from '../../host/docker.ts';
import { type ErrorFacts, type ReleaseError, refused, stepFailed } from '../../model/error.ts';
import type { ComponentImage, ServiceReceipt } from '../../model/receipt.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { ResolvedComponent, ResolvedService, RunningComponent, RuntimeContext, ServiceTree } from '../runtime.ts';
import { buildImage } from './build.ts';
import { docker } from './command.ts';
import { registryAuth } from './credentials.ts';
import { appComponent, builtImage, familiar, splitRef } from './document.ts';
import { runningComponents } from './running.ts';

type Fail = (facts: ErrorFacts, cause?: unknown) => ReleaseError;

const digestIn = (ref: string): string | undefined => ref.split('@')[1];
const refOf = (resolved: ResolvedService, component: ResolvedComponent): string =>
  component.image ?? builtImage(resolved.project, component.name);

/** What is known of a component's image before anything is fetched. An empty id: it has to be fetched. */
async function lookUp(
  context: RuntimeContext,
  engine: Docker,
  component: ResolvedComponent,
  ref: string,
  running: RunningComponent[],
  fail: Fail,
): Promise<ComponentImage> {
  const { name, tag } = splitRef(ref);
  const of = (id: string, digest?: string): ComponentImage => ({
    component: component.name,
    ref,
    id,
    ...(digest ? { digest: `${name}@${digest}` } : {}),
  });
  const now = running.find((each) => each.name === component.name && familiar(each.imageRef) === familiar(ref));
  // A database is not exchanged because somebody moved its tag, only because the compose file names another one.
  if (component.stateful && now !== undefined && digestIn(ref) === digestIn(now.imageRef)) return of(now.imageId);

  const local = await engine.image(ref);
  const pinned = digestIn(ref);
  if (pinned !== undefined && local !== undefined) return of(local.id, pinned);
  const known = local?.digests.find((digest) => familiar(digest) === familiar(name))?.split('@')[1];
  // Never pulled and never pushed: made on this host, so no registry has it.
  if (local !== undefined && known === undefined) return of(local.id);

  const asked = pinned === undefined ? `${name}:${tag}` : `${name}@${pinned}`;
  const answer = await engine.distribution(asked, await registryAuth(context, asked));
  if ('refusal' in answer) {
    throw fail({
      what: `the image ${asked} cannot be had: ${answer.refusal}`,
      where: `compose service ${component.name}`,
      hint: [
        'Is the tag right, and is it pushed? Is the registry reachable and, where it is private, is this host logged in?',
        `docker pull ${asked}`,
      ],
    });
  }
  const { platform } = await engine.version();
  if (answer.platforms.length > 0 && !answer.platforms.includes(platform)) {
    throw fail({
      what: `the image ${asked} is for ${answer.platforms.join(', ')}, this host is ${platform}`,
      where: `compose service ${component.name}`,
      hint: 'Push an image for this platform, or name another tag.',
    });
  }
  return of(known === answer.digest ? (local?.id ?? '') : '', answer.digest);
}

/** See Runtime.available. */
export async function available(context: RuntimeContext, resolved: ResolvedService): Promise<ComponentImage[]> {
  const engine = openDocker(context.host, context, refused);
  const running = await runningComponents(engine, resolved.project);
  return Promise.all(
    resolved.components.map((component) => {
      const ref = refOf(resolved, component);
      if (component.build) return { component: component.name, ref, id: '' };
      return lookUp(context, engine, component, ref, running, refused);
    }),
  );
}

/** See Runtime.acquire. */
export async function acquire(
  context: RuntimeContext,
  service: ServiceManifest,
  resolved: ResolvedService,
  tree: ServiceTree,
): Promise<ComponentImage[]> {
  const engine = openDocker(context.host, context);
  const running = await runningComponents(engine, resolved.project);
  const pulls = new Map<string, Promise<string>>();
  return Promise.all(
    resolved.components.map(async (component) => {
      const ref = refOf(resolved, component);
      if (component.build)
        return {
          component: component.name,
          ref,
          id: await buildImage(context, engine, service, resolved, component.name, tree),
        };
      const found = await lookUp(context, engine, component, ref, running, stepFailed);
      const { digest } = found;
      if (found.id !== '' || digest === undefined) return found;
      const pull = pulls.get(digest) ?? pullByDigest(context, engine, digest);
      pulls.set(digest, pull);
      return { ...found, id: await pull };
    }),
  );
}

async function pullByDigest(context: RuntimeContext, engine: Docker, digest: string): Promise<string> {
  await docker(context, ['pull', '--quiet', digest], { what: `the image ${digest} was not pulled` });
  const image = await engine.image(digest);
  if (image === undefined)
    throw stepFailed({ what: `the image ${digest} was pulled, but it is not here`, hint: `docker pull ${digest}` });
  return image.id;
}

/** See Runtime.keep: `asd-keep/<service>:<ticket>` for the app, `:<ticket>.<component>` for others. */
export async function keep(
  context: RuntimeContext,
  service: ServiceManifest,
  running: RunningComponent[],
): Promise<NonNullable<ServiceReceipt['kept']>> {
  const engine = openDocker(context.host, context);
  const app = appComponent(service);
  const first = running.filter((each, index) => running.findIndex((other) => other.name === each.name) === index);
  return Promise.all(
    first.map(async ({ name, imageId }) => {
      const tag = name === app ? context.ticket : `${context.ticket}.${name}`;
      await engine.tag(imageId, `asd-keep/${service.name}`, tag);
      return { component: name, ref: `asd-keep/${service.name}:${tag}`, id: imageId };
    }),
  );
}
