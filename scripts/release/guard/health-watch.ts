// The health of every service of a release while it waits for its confirmation.
import { ticketPaths } from '../../host/paths.ts';
import { readPlan } from '../../journal/plan-file.ts';
import { readReceipt } from '../../journal/receipt.ts';
import { messageOf } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import { healthProblem } from '../../runtimes/health.ts';
import { runtimeOf } from '../../runtimes/registry.ts';
import { type Context, runtimeContext } from '../context.ts';
import { readManifests } from '../manifests.ts';

/** So many failed probes in a row are no hiccup. */
const IN_A_ROW = 3;
const PROBE_TIMEOUT_MS = 9_000;

export interface Change {
  service: string;
  /** undefined: it is well again. */
  problem: string | undefined;
}

export interface HealthWatch {
  /** Probes every service once. @returns those that have just been found ill, or well again. */
  probe(): Promise<Change[]>;
}

/** One streak a service. @param probe why it is not well; undefined where it is. */
export function watchStreaks(
  services: readonly string[],
  probe: (service: string) => Promise<string | undefined>,
): HealthWatch {
  const failed = new Map<string, number>();
  return {
    async probe() {
      const found = await Promise.all(services.map(async (service) => ({ service, problem: await probe(service) })));
      return found.filter(({ service, problem }) => {
        const before = failed.get(service) ?? 0;
        failed.set(service, problem === undefined ? 0 : before + 1);
        return problem === undefined ? before >= IN_A_ROW : before + 1 === IN_A_ROW;
      });
    },
  };
}

/** @returns undefined where the release's plan or receipt is gone. */
export async function openHealthWatch(context: Context, ticket: string): Promise<HealthWatch | undefined> {
  const files = ticketPaths(context.paths, ticket);
  const plan = readPlan(context.host, files.plan);
  const receipt = readReceipt(context.host, files.receipt);
  if (!plan || !receipt) return undefined;
  const names = plan.services.filter((s) => s.change !== 'removed').map((s) => s.name);
  const read = await readManifests(context.repo, plan.targetSha, plan.targetSha, context.env);
  const manifests = await read.readable(names);
  const probe = async (manifest: ServiceManifest): Promise<string | undefined> => {
    const runtime = await runtimeOf(manifest.runtime);
    const signal = context.host.clock.deadline(PROBE_TIMEOUT_MS);
    const at = runtimeContext(context, ticket, { signal, timeoutMs: PROBE_TIMEOUT_MS });
    try {
      return await healthProblem(at, runtime, manifest, receipt.services[manifest.name]?.project ?? '');
    } catch (error) {
      return messageOf(error);
    }
  };
  return watchStreaks([...manifests.keys()], async (service) => {
    const manifest = manifests.get(service);
    return manifest && (await probe(manifest));
  });
}
