// What the steps of migrate do on the host: the old version goes, the new one comes and is healthy.
import type { Runners } from '../../engine/attempt.ts';
import { stepFailed } from '../../model/error.ts';
import type { ComponentImage } from '../../model/receipt.ts';
import type { StepOf } from '../../model/step.ts';
import { awaitHealthy } from '../../runtimes/health.ts';
import type { ResolvedService } from '../../runtimes/runtime.ts';
import { startEnded } from '../../runtimes/start-ended.ts';
import { resolved, type Subject, subject } from '../resolve.ts';
import { madeOf, recordService, type Session } from '../session.ts';

const UNGATED_TIMEOUT_MS = 120_000;

export function migrateRunners(session: Session): Pick<Runners, 'down' | 'up' | 'healthy'> {
  return {
    async down(step, at) {
      const end = step.end ?? 'before';
      const target = await subject(session, step.service, end, {
        signal: at.signal,
        outputFile: at.outputFile,
        timeoutMs: step.timeoutMs,
      });
      // Where prepare was skipped, nothing is recorded of it yet.
      const project =
        session.receipt.services[step.service]?.project ?? (await resolved(session, step.service, end, target)).project;
      await target.runtime.down(target.context, target.manifest, project);
      return { project };
    },
    async up(step, at) {
      const end = step.end ?? 'after';
      const target = await subject(session, step.service, end, {
        signal: at.signal,
        outputFile: at.outputFile,
        timeoutMs: step.timeoutMs,
      });
      const what = await resolved(session, step.service, end, target);
      const images =
        end === 'before' ? imagesBefore(session, step.service) : await imagesAfter(session, step.service, target, what);
      target.context.host.http.getSoon();
      // A revert is what the host was before, nothing beside it: what only the new version had goes.
      const report = await target.runtime.up(target.context, target.manifest, what, images, {
        alone: end === 'before',
      });
      if (end === 'after' && report.downtimeMs !== undefined)
        recordService(session, step.service, { downtimeMs: Math.round(report.downtimeMs) });
      return {
        replaced: report.replaced.join(','),
        untouched: report.untouched.join(','),
        ...(report.downtimeMs === undefined ? {} : { downtime: `${Math.round(report.downtimeMs) / 1000}s` }),
      };
    },
    async healthy(step, at) {
      const target = await subject(session, step.service, step.end ?? 'after', { signal: at.signal });
      const timeoutMs = target.manifest.health?.timeoutMs ?? UNGATED_TIMEOUT_MS;
      const { context, runtime, manifest } = target;
      const project = projectOf(session, step.service);
      // Whoever resumes has mended something: what the runtime gave up before that gets its chance.
      const started = isRepeated(session, step) ? await startEnded(context, runtime, manifest, project) : [];
      await awaitHealthy(context, runtime, manifest, project, { timeoutMs, stableForMs: 0 });
      return started.length === 0 ? undefined : { restarted: started.join(',') };
    },
  };
}

/** It was waited for before, and somebody stopped or failed meanwhile. */
const isRepeated = ({ journal }: Session, step: StepOf<'healthy'>): boolean =>
  journal.events.filter(
    ({ event, phase, fields }) =>
      event === 'step-start' && phase === step.phase && fields.step === step.kind && fields.service === step.service,
  ).length > 1;

/** What prepare recorded to run; got now where prepare was skipped. */
async function imagesAfter(
  session: Session,
  service: string,
  target: Subject,
  what: ResolvedService,
): Promise<ComponentImage[]> {
  const after =
    session.receipt.services[service]?.after ??
    (await target.runtime.acquire(target.context, target.manifest, what, session.trees.after));
  recordService(session, service, { ...madeOf(session, target.manifest.runtime, what), after });
  return after;
}

/** @throws step-failed where prepare saw nothing run. */
function imagesBefore(session: Session, service: string): ComponentImage[] {
  const before = session.receipt.services[service]?.before ?? [];
  if (before.length > 0) return before;
  throw stepFailed({ what: `The receipt does not say what ran of ${service} before`, where: session.files.receipt });
}

/** @throws step-failed where prepare recorded none. */
export function projectOf(session: Session, service: string): string {
  const project = session.receipt.services[service]?.project;
  if (project !== undefined && project !== '') return project;
  throw stepFailed({ what: `The receipt does not say which project ${service} runs as`, where: session.files.receipt });
}
