// What a service of a session is, resolved at most once a run, and with what its runtime is called.
import { stepFailed } from '../model/error.ts';
import type { ServiceManifest } from '../model/service.ts';
import { runtimeOf } from '../runtimes/registry.ts';
import type { ResolvedService, Runtime, RuntimeContext, ServiceTree } from '../runtimes/runtime.ts';
import { runtimeContext } from './context.ts';
import type { Session } from './session.ts';

type End = 'before' | 'after';

/** @throws step-failed where the plan names a service that has no manifest at that end. */
export function manifestOf(session: Session, service: string, end: End): ServiceManifest {
  const manifest = session.manifests[end].get(service);
  if (manifest) return manifest;
  throw stepFailed({
    what: `${service} has no manifest ${end === 'before' ? 'in what is deployed' : 'at the target'}`,
    where: `packages/${service}/manifest.yaml`,
  });
}

export interface Subject {
  manifest: ServiceManifest;
  runtime: Runtime;
  context: RuntimeContext;
}

/** A service with its runtime, ready to be called. */
export async function subject(
  session: Session,
  service: string,
  end: End,
  more: Partial<RuntimeContext> = {},
): Promise<Subject> {
  const manifest = manifestOf(session, service, end);
  const runtime = await runtimeOf(manifest.runtime);
  return { manifest, runtime, context: runtimeContext(session.context, session.ticket, more) };
}

/** What is staged is resolved as it will run live, so Advance makes no other one of it; the old version is read anew where its tree moved. */
export const resolvedKey = (service: string, end: End, tree: ServiceTree): string =>
  end === 'after' ? `after ${service}` : `before ${tree.root} ${service}`;

export function resolved(
  session: Session,
  service: string,
  end: End,
  { manifest, runtime, context }: Subject,
): Promise<ResolvedService> {
  const tree = session.trees[end];
  const key = resolvedKey(service, end, tree);
  const known = session.resolved.get(key);
  if (known) return known;
  const found = runtime.resolve(context, manifest, tree);
  session.resolved.set(key, found);
  return found;
}
