// What the steps of verify look at. They change nothing but the deployed ref, and that one last.
import type { Runners } from '../../engine/attempt.ts';
import { readRef, updateRef } from '../../host/git/commits.ts';
import { workingTree } from '../../host/git/working-tree.ts';
import { stepFailed } from '../../model/error.ts';
import { awaitHealthy, checkVersion } from '../../runtimes/health.ts';
import { DEPLOYED_REF } from '../deployed-ref.ts';
import { subject } from '../resolve.ts';
import type { Session } from '../session.ts';
import { projectOf } from './migrate.ts';

export function verifyRunners(session: Session): Pick<Runners, 'head' | 'image' | 'health' | 'version' | 'deployed'> {
  const { repo } = session.context;
  return {
    async head(step) {
      const tree = await workingTree(repo);
      if (tree.head !== step.targetSha) {
        throw stepFailed({
          what: `Drift: HEAD is ${tree.head.slice(0, 12)}, not ${step.targetSha.slice(0, 12)}`,
          hint: 'Somebody moved the checkout while the release ran. Put it back (git reflog shows from where), then resume.',
        });
      }
      const drifted = tree.dirty.filter(({ path }) => !session.acceptedDrift.has(path));
      if (drifted.length > 0) {
        throw stepFailed({
          what: 'Drift: tracked files were changed in the checkout while the release ran',
          details: drifted.slice(0, 20).map(({ path, status }) => `${status} ${path}`),
          hint: 'Put them back (git checkout -- FILE), then resume.',
        });
      }
      return { sha: tree.head };
    },
    async image(step, at) {
      const end = step.end ?? 'after';
      const { manifest, runtime, context } = await subject(session, step.service, end, { signal: at.signal });
      const expected = session.receipt.services[step.service]?.[end] ?? [];
      const running = await runtime.running(context, manifest, projectOf(session, step.service));
      const wrong = expected.flatMap((image) => {
        const component = running.find((c) => c.name === image.component);
        const optional = manifest.containers.some((c) => c.service === image.component && !c.required);
        if (component === undefined) return optional ? [] : [`${image.component} is not there`];
        return component.imageId === image.id
          ? []
          : [`${image.component} runs ${component.imageId}, prepared was ${image.id}`];
      });
      if (expected.length === 0 || wrong.length > 0) {
        throw stepFailed({
          what:
            expected.length === 0
              ? `The receipt names no image for ${step.service}`
              : `The wrong version of ${step.service} runs`,
          details: wrong,
          hint:
            end === 'after'
              ? `Start the prepared one again: just release-run ${session.ticket} --from=migrate`
              : `Try again: just release-revert ${session.ticket}`,
        });
      }
      checkApp(manifest, running);
      return { images: String(expected.length) };
    },
    async health(step, at) {
      const { manifest, runtime, context } = await subject(session, step.service, step.end ?? 'after', {
        signal: at.signal,
      });
      if (!manifest.health) return undefined;
      const { timeoutMs, stableForMs } = manifest.health;
      await awaitHealthy(context, runtime, manifest, projectOf(session, step.service), { timeoutMs, stableForMs });
      return undefined;
    },
    async version(step, at) {
      const { manifest, context } = await subject(session, step.service, 'after', { signal: at.signal });
      const endpoint = manifest.health?.versionEndpoint;
      if (endpoint === undefined) return undefined;
      const trees = (session.receipt.services[step.service]?.after ?? [])
        .filter((i) => i.id.startsWith('tree:'))
        .map((i) => i.id.slice(5));
      const versions = [...(manifest.image ? [manifest.image.tag] : []), session.receipt.mergeSha, ...trees].filter(
        (v) => v !== '',
      );
      await checkVersion(context, manifest, endpoint, versions);
      return undefined;
    },
    async deployed(step) {
      const now = await readRef(repo, DEPLOYED_REF);
      if (now !== step.targetSha) await updateRef(repo, DEPLOYED_REF, step.targetSha, now);
      return { sha: step.targetSha };
    },
  };
}

/** The first container of role app runs the image that the manifest names. */
function checkApp(
  manifest: Parameters<typeof awaitHealthy>[2],
  running: ReadonlyArray<{ name: string; imageRef: string }>,
): void {
  const app = manifest.containers.find((c) => c.role === 'app');
  if (!manifest.image || !app || manifest.runtime !== 'compose') return;
  const wanted = `${manifest.image.name}:${manifest.image.tag}`;
  const ref = running.find((c) => c.name === app.service)?.imageRef;
  if (ref === undefined || ref === wanted || ref.endsWith(`/${wanted}`)) return;
  throw stepFailed({ what: `${app.service} runs ${ref}, the manifest of ${manifest.name} names ${wanted}` });
}
