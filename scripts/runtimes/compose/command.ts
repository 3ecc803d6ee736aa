// The docker command line, for what the engine's API cannot do: compose, pull and build.
import { cleanEnvironment } from '../../host/environment.ts';
import { secretsOf } from '../../host/mask.ts';
import type { RunResult } from '../../host/port.ts';
import { type ErrorFacts, type ReleaseError, stepFailed } from '../../model/error.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { RuntimeContext } from '../runtime.ts';
import { type ComposeFiles, envFilesOf, ownVariables, projectFolder } from './files.ts';
import { composePlugin } from './plugin.ts';

type Fail = (facts: ErrorFacts, cause?: unknown) => ReleaseError;

export interface DockerRun {
  env?: Record<string, string>;
  input?: string;
  fail?: Fail;
  /** What failed, for the operator. */
  what: string;
  where?: string;
  maxStdoutBytes?: number;
  /** Its output holds what must not be kept: resolved values. */
  unrecorded?: boolean;
}

/** Runs `docker` with a cleaned environment, in a folder where compose finds no file by itself. @throws `fail` (default step-failed) with the command's last lines. */
export async function docker(context: RuntimeContext, argv: readonly string[], options: DockerRun): Promise<RunResult> {
  const { host, signal, secrets, timeoutMs } = context;
  const outputFile = options.unrecorded ? undefined : context.outputFile;
  const env = cleanEnvironment(host.machine.env, options.env);
  const plugin = argv[0] === 'compose' ? composePlugin(host, env) : undefined;
  const result = await host.exec.run(plugin === undefined ? ['docker', ...argv] : [plugin, ...argv.slice(1)], {
    cwd: '/',
    env,
    timeoutMs,
    secrets,
    ...(context.mark ? { mark: `${context.mark}.docker` } : {}),
    ...(signal ? { signal } : {}),
    ...(outputFile ? { outputFile } : {}),
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.maxStdoutBytes === undefined ? {} : { maxStdoutBytes: options.maxStdoutBytes }),
  });
  if (result.code === 0) return result;
  const ended = result.timedOut
    ? `was ended after ${Math.round(timeoutMs / 1000)} s`
    : `ended with ${result.code ?? result.signal}`;
  throw (options.fail ?? stepFailed)({
    what: `${options.what}: docker ${argv[0]} ${ended}`,
    ...(options.where ? { where: options.where } : {}),
    details: result.tail.filter((line) => line.trim() !== '').slice(-20),
    ...(outputFile ? { outputFile } : {}),
    ...(result.code === undefined ? {} : { rc: result.code }),
  });
}

/** What every compose call of a service begins with. @param project undefined: the file's own `name:`. */
export function composeArgs(
  context: RuntimeContext,
  service: ServiceManifest,
  options: { project: string | undefined; directory?: string; files: ComposeFiles | '-' },
): string[] {
  const files = options.files === '-' ? ['-'] : options.files.paths;
  return [
    'compose',
    '--ansi=never',
    ...(options.project === undefined ? [] : ['-p', options.project]),
    '--project-directory',
    options.directory ?? projectFolder(context, service, context.paths.root),
    ...files.flatMap((file) => ['-f', file]),
    ...envFilesOf(context, service).flatMap((file) => ['--env-file', file]),
    ...service.compose.profiles.flatMap((profile) => ['--profile', profile]),
  ];
}

/** Variables on top of `.env`: the manifest's image tag; no project name from `.env`, which belongs to all services; the project directory. */
export function composeEnv(service: ServiceManifest): Record<string, string> {
  const tag = service.image?.envVar === undefined ? {} : { [service.image.envVar]: service.image.tag };
  const { directory } = service.compose;
  // Who types `docker compose up` in a folder may have ${PWD} in its file.
  return { COMPOSE_PROJECT_NAME: '', ...(directory === undefined ? {} : { PWD: directory }), ...tag };
}

/** With the secrets of the service's own env files, too: for every command whose output may quote the resolved file. */
export const knowing = (context: RuntimeContext, service: ServiceManifest): RuntimeContext =>
  service.compose.envFiles.length === 0
    ? context
    : { ...context, secrets: [...context.secrets, ...secretsOf(ownVariables(context, service))] };
