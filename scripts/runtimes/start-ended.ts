// What ended and is not started again by its runtime (pm2 gave it up, Docker has no restart policy for it): it gets another start.
import type { ServiceManifest } from '../model/service.ts';
import type { RunningComponent, Runtime, RuntimeContext } from './runtime.ts';

/** A job that ended well has done its work. What the manifest does not name is no part of the service's health. */
function hasEnded(service: ServiceManifest, { name, running, exitCode }: RunningComponent): boolean {
  if (running) return false;
  if (service.containers.length === 0) return true;
  const spec = service.containers.find((each) => each.service === name);
  return spec !== undefined && !(spec.role === 'job' && exitCode === 0);
}

/** As they were, stateful ones first. @returns the names of those that were started. @throws step-failed where one does not start. */
export async function startEnded(
  context: RuntimeContext,
  runtime: Runtime,
  service: ServiceManifest,
  project: string,
): Promise<string[]> {
  const running = await runtime.running(context, service, project);
  const ended = running.filter((each) => hasEnded(service, each)).map(({ name }) => name);
  if (ended.length > 0) await runtime.start(context, service, project, ended);
  return ended;
}
