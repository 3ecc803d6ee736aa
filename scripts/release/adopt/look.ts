// What runs against what the manifests say, service by service and between them.
import type { KeyedHash } from '../../host/keyed-hash.ts';
import { crossRules } from '../../manifest/cross.ts';
import { ReleaseError } from '../../model/error.ts';
import type { ServiceReceipt } from '../../model/receipt.ts';
import type { ServiceManifest } from '../../model/service.ts';
import { awaitHealthy } from '../../runtimes/health.ts';
import { runtimeOf } from '../../runtimes/registry.ts';
import type { Difference, ResolvedService, RunningComponent, ServiceTree } from '../../runtimes/runtime.ts';
import { type Context, runtimeContext } from '../context.ts';
import { helperImage } from '../helper-image.ts';
import { inGroups } from '../in-groups.ts';
import { unreadable } from './rights.ts';
import { sharedData } from './shared-data.ts';

/** Instead of a ticket, also in the tags of kept images: no ticket is called so. */
export const BASELINE = '_baseline';

export interface Look {
  manifest: ServiceManifest;
  /** undefined: its files do not resolve. */
  resolved: ResolvedService | undefined;
  running: RunningComponent[];
  differences: Difference[];
}

/** @param healthyWithinMs how long to wait for a service that is not well yet. @returns in the order of the manifests; what is wrong with one keeps no other from being looked at. */
export async function lookAt(
  context: Context,
  manifests: readonly ServiceManifest[],
  tree: ServiceTree,
  healthyWithinMs: number,
): Promise<Look[]> {
  const looks = await inGroups(manifests, context.config.concurrency, (manifest) =>
    lookAtOne(context, manifest, tree, healthyWithinMs),
  );
  const projects = Object.fromEntries(
    looks.flatMap(({ manifest, resolved }) => (resolved === undefined ? [] : [[manifest.name, resolved.project]])),
  );
  const [first] = looks;
  for (const what of crossRules(manifests, context.env, projects)) first?.differences.push({ what });
  for (const { name, difference } of sharedData(context.host.files, looks))
    looks.find((each) => each.manifest.name === name)?.differences.push(difference);
  return looks;
}

async function lookAtOne(
  context: Context,
  manifest: ServiceManifest,
  tree: ServiceTree,
  healthyWithinMs: number,
): Promise<Look> {
  const look: Look = { manifest, resolved: undefined, running: [], differences: [] };
  const at = runtimeContext(context, BASELINE);
  const unless = async (act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      const { what, details = [], hint = [] } = error.facts;
      const mend = [hint].flat().join(' ');
      look.differences.push({ what: [what, ...details.slice(-3)].join('; '), ...(mend === '' ? {} : { mend }) });
    }
  };
  const runtime = await runtimeOf(manifest.runtime);
  await unless(async () => {
    look.resolved = await runtime.resolve(at, manifest, tree);
  });
  const { resolved } = look;
  if (resolved === undefined) return look;
  await unless(async () => {
    look.differences.push(...(await runtime.compare(at, manifest, resolved, tree)));
    look.running = await runtime.running(at, manifest, resolved.project);
  });
  // What does not run, or as somebody else's, has been said.
  if (look.running.length === 0) return look;
  await unless(async () => {
    const helper = helperImage(context);
    const { running } = look;
    look.differences.push(...(await unreadable({ ...at, service: manifest, resolved, running, helperImage: helper })));
  });
  await unless(async () => {
    const timeoutMs = Math.min(manifest.health?.timeoutMs ?? healthyWithinMs, healthyWithinMs);
    await awaitHealthy(at, runtime, manifest, resolved.project, { timeoutMs, stableForMs: 0 });
  });
  return look;
}

/** A line for each difference, and one with what mends it. */
export function linesOf({ manifest, differences }: Look, which: 'refuses' | 'notices'): string[] {
  return differences
    .filter((each) => (each.notice === true) === (which === 'notices'))
    .flatMap(({ what, mend }) => [
      `${which === 'notices' ? 'Notice: ' : ''}${manifest.name}: ${what}`,
      ...(mend === undefined ? [] : [`    -> ${mend}`]),
    ]);
}

/** What a receipt says of a service that runs as its manifest says. */
export function receiptOf(
  { env }: Context,
  { manifest, running }: Look,
  resolved: ResolvedService,
  keyedHash: KeyedHash,
): ServiceReceipt {
  const used = resolved.variables.filter((name) => env[name] !== undefined);
  return {
    runtime: manifest.runtime,
    project: resolved.project,
    after: running.map((each) => ({ component: each.name, ref: each.imageRef, id: each.imageId })),
    configAfter: keyedHash(resolved.document),
    env: Object.fromEntries(used.map((name) => [name, keyedHash(env[name] ?? '')])),
  };
}
