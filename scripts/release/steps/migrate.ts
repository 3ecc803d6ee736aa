// What the steps of migrate do on the host: the old version goes, the new one comes and is healthy.
import type { Runners } from '../../engine/attempt.ts';
import { stepFailed } from '../../model/error.ts';
import { awaitHealthy } from '../../runtimes/health.ts';
import { runtimeOf } from '../../runtimes/registry.ts';
import { runtimeContext } from '../context.ts';
import { manifestOf, resolved, subject } from '../resolve.ts';
import { recordService, type Session } from '../session.ts';

const UNGATED_TIMEOUT_MS = 120_000;

export function migrateRunners(session: Session): Pick<Runners, 'down' | 'up' | 'healthy'> {
  return {
    async down(step, at) {
      const manifest = manifestOf(session, step.service, 'before');
      const runtime = await runtimeOf(step.runtime);
      const project = projectOf(session, step.service);
      const context = runtimeContext(session.context, session.ticket, {
        signal: at.signal,
        outputFile: at.outputFile,
        timeoutMs: step.timeoutMs,
      });
      await runtime.down(context, manifest, project);
      return { project };
    },
    async up(step, at) {
      const target = await subject(session, step.service, 'after', {
        signal: at.signal,
        outputFile: at.outputFile,
        timeoutMs: step.timeoutMs,
      });
      const what = await resolved(session, step.service, 'after', target);
      const after =
        session.receipt.services[step.service]?.after ??
        (await target.runtime.acquire(target.context, target.manifest, what, session.trees.after));
      recordService(session, step.service, { runtime: step.runtime, project: what.project, after });
      const report = await target.runtime.up(target.context, target.manifest, what, after);
      if (report.downtimeMs !== undefined)
        recordService(session, step.service, { downtimeMs: Math.round(report.downtimeMs) });
      return {
        replaced: report.replaced.join(','),
        untouched: report.untouched.join(','),
        ...(report.downtimeMs === undefined ? {} : { downtime: `${Math.round(report.downtimeMs) / 1000}s` }),
      };
    },
    async healthy(step, at) {
      const target = await subject(session, step.service, 'after', { signal: at.signal });
      const timeoutMs = target.manifest.health?.timeoutMs ?? UNGATED_TIMEOUT_MS;
      await awaitHealthy(target.context, target.runtime, target.manifest, projectOf(session, step.service), {
        timeoutMs,
        stableForMs: 0,
      });
      return undefined;
    },
  };
}

/** @throws step-failed where prepare recorded none. */
export function projectOf(session: Session, service: string): string {
  const project = session.receipt.services[service]?.project;
  if (project !== undefined && project !== '') return project;
  throw stepFailed({ what: `The receipt does not say which project ${service} runs as`, where: session.files.receipt });
}
