// The health gate: components run, Docker's own check where it is asked for, the endpoint answers, and all of it stays so.
import { maskText } from '../host/mask.ts';
import { type ErrorFacts, messageOf, ReleaseError, stepFailed } from '../model/error.ts';
import type { ServiceManifest } from '../model/service.ts';
import type { RunningComponent, Runtime, RuntimeContext } from './runtime.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
const PROBE_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 250;
/** So many restarts while we look are a loop. */
const LOOP_RESTARTS = 3;
/** A component that ended is given so many looks to come back. */
const LOOKS_WHEN_ENDED = 3;

export interface GateOptions {
  timeoutMs: number;
  /** How long everything has to stay well, without a restart. */
  stableForMs: number;
}

/** Absolute URL of an endpoint: as it is, or a path on the service's first port. @param env the host's `.env`. */
export function endpointUrl(service: ServiceManifest, endpoint: string, env: Readonly<Record<string, string>>): string {
  const filled = endpoint.replaceAll(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?\}/g,
    (_, name: string, other?: string) => env[name] ?? other ?? '',
  );
  if (!filled.startsWith('/')) return filled;
  const port = service.ports[0];
  return `http://127.0.0.1:${port === undefined ? 80 : (env[port.env] ?? port.default)}${filled}`;
}

/** Why it is not well, in words; undefined where it is. `fatal` where waiting cannot help. */
interface Verdict {
  why: string | undefined;
  fatal: boolean;
  /** Changes when a component was restarted or replaced. */
  identity: string;
}

/**
 * Waits until the service is healthy and stays so.
 * @throws step-failed saying what was wrong at the last look.
 */
export async function awaitHealthy(
  context: RuntimeContext,
  runtime: Runtime,
  service: ServiceManifest,
  project: string,
  options: GateOptions,
): Promise<void> {
  const { clock } = context.host;
  const deadline = clock.monotonicMs() + options.timeoutMs;
  let wait = FIRST_WAIT_MS;
  let ended = 0;
  let wellSince: { at: number; identity: string } | undefined;
  let restartsAtFirst: number | undefined;
  for (;;) {
    const running = await runtime.running(context, service, project);
    const restarts = running.reduce((sum, c) => sum + c.restarts, 0);
    restartsAtFirst ??= restarts;
    const verdict = await look(context, service, running);
    const now = clock.monotonicMs();
    if (verdict.why === undefined) {
      if (wellSince?.identity !== verdict.identity) wellSince = { at: now, identity: verdict.identity };
      if (now - wellSince.at >= options.stableForMs) return;
    } else {
      wellSince = undefined;
      ended = verdict.fatal ? ended + 1 : 0;
    }
    const loop = restarts - restartsAtFirst >= LOOP_RESTARTS;
    // What is well before the time-out may prove that it stays so.
    const late = now >= deadline && wellSince === undefined;
    if (loop || ended >= LOOKS_WHEN_ENDED || late || context.signal?.aborted) {
      throw stepFailed({
        ...unhealthy(context, service, verdict.why ?? 'it did not stay healthy', loop, options.timeoutMs),
        details: await lastWords(context, runtime, service, running),
      });
    }
    const until = wellSince === undefined ? deadline : wellSince.at + options.stableForMs;
    await runtime.changed(context, project, Math.max(1, Math.min(wait, until - now)));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

/** One look. @returns why the service is not well, secrets masked; undefined where it is. */
export async function healthProblem(
  context: RuntimeContext,
  runtime: Runtime,
  service: ServiceManifest,
  project: string,
): Promise<string | undefined> {
  const { why } = await look(context, service, await runtime.running(context, service, project));
  return why === undefined ? undefined : maskText(why, context.secrets);
}

async function look(context: RuntimeContext, service: ServiceManifest, running: RunningComponent[]): Promise<Verdict> {
  const identity = running
    .map((c) => `${c.instance}:${c.restarts}:${c.startedAt}`)
    .toSorted()
    .join(' ');
  for (const spec of service.containers) {
    const component = running.find((c) => c.name === spec.service);
    const problem =
      component === undefined
        ? spec.required
          ? 'is not there'
          : undefined
        : componentProblem(component, spec.role === 'job', spec.healthCheck);
    if (problem === undefined) continue;
    const fatal = component !== undefined && !component.running && component.exitCode !== undefined;
    return { why: `${spec.service} ${problem}`, fatal, identity };
  }
  if (service.containers.length === 0) {
    const down = running.find((c) => !c.running);
    if (running.length === 0 || down)
      return { why: `${down?.name ?? service.name} does not run`, fatal: false, identity };
  }
  return { why: await endpointProblem(context, service), fatal: false, identity };
}

function componentProblem(component: RunningComponent, isJob: boolean, wantsHealth: boolean): string | undefined {
  if (isJob && !component.running && component.exitCode === 0) return undefined;
  if (isJob && component.running) return 'has not ended yet';
  if (!component.running)
    return component.exitCode === undefined ? 'does not run' : `ended with exit code ${component.exitCode}`;
  if (component.paused) return 'is paused';
  if (wantsHealth && component.health !== 'healthy')
    return component.health === undefined
      ? 'has no health check in Docker, but health_check is true'
      : `is ${component.health} by Docker's own check`;
  return undefined;
}

async function endpointProblem(context: RuntimeContext, service: ServiceManifest): Promise<string | undefined> {
  if (!service.health) return undefined;
  const url = endpointUrl(service, service.health.endpoint, context.env);
  try {
    const answer = await context.host.http.get(url, {
      timeoutMs: PROBE_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      ...(context.signal ? { signal: context.signal } : {}),
    });
    return answer.status === service.health.expectedCode
      ? undefined
      : `${url} answered ${answer.status}, not ${service.health.expectedCode}`;
  } catch (error) {
    return `${url} does not answer (${messageOf(error)})`;
  }
}

function unhealthy(
  context: RuntimeContext,
  service: ServiceManifest,
  why: string,
  loop: boolean,
  timeoutMs: number,
): ErrorFacts {
  const text = maskText(why, context.secrets);
  return {
    what: loop ? `${service.name} restarts over and over: ${text}` : `${service.name} is not healthy: ${text}`,
    hint: `It was given ${Math.round(timeoutMs / 1000)} s (health.timeout in its manifest).`,
  };
}

/** What those printed that are not well, or else the apps, whose endpoint it is. A stop does not wait for it. */
async function lastWords(
  context: RuntimeContext,
  runtime: Runtime,
  service: ServiceManifest,
  running: readonly RunningComponent[],
): Promise<string[]> {
  const unwell = running.filter((each) => !each.running || each.restarts > 0 || each.health === 'unhealthy');
  const apps = service.containers.filter(({ role }) => role === 'app').map((each) => each.service);
  const asked = unwell.length > 0 ? unwell : running.filter(({ name }) => apps.length === 0 || apps.includes(name));
  if (asked.length === 0 || context.signal?.aborted) return [];
  try {
    return await runtime.lastWords(context, asked);
  } catch (error) {
    if (error instanceof ReleaseError) return [`(its output could not be read: ${error.message})`];
    throw error;
  }
}

/** @throws step-failed where the version endpoint names none of the versions that are meant. */
export async function checkVersion(
  context: RuntimeContext,
  service: ServiceManifest,
  endpoint: string,
  versions: readonly string[],
): Promise<void> {
  const url = endpointUrl(service, endpoint, context.env);
  const shown = maskText(url, context.secrets);
  const answer = await context.host.http
    .get(url, { timeoutMs: PROBE_TIMEOUT_MS, ...(context.signal ? { signal: context.signal } : {}) })
    .catch((error: unknown) => {
      throw stepFailed({ what: `${shown} does not answer`, where: 'health.version_endpoint' }, error);
    });
  const words = answer.body.split(/[^A-Za-z0-9._-]+/);
  if (answer.status < 400 && versions.some((version) => words.includes(version))) return;
  const said = maskText(answer.body.slice(0, 200), context.secrets).replaceAll(/\s+/g, ' ');
  throw stepFailed({
    what: `${service.name} does not run the new version: ${shown} answered ${answer.status} ${JSON.stringify(said)}`,
    hint: `Expected one of: ${versions.join(', ')}`,
  });
}
