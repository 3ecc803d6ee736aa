// The host as checks see it: what is there, read once for all of them, and never written to.
import { join } from 'node:path';
import { parse } from 'dotenv';
import { type Docker, openDocker } from '../host/docker.ts';
import type { Repository } from '../host/git/run.ts';
import { workingTree } from '../host/git/working-tree.ts';
import { secretsOf } from '../host/mask.ts';
import { type HostPaths, hostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { listReleases, type ReleaseEntry } from '../journal/records.ts';
import { checkManifest } from '../manifest/parse.ts';
import { type Problem, problemLine } from '../manifest/problems.ts';
import { parseReleaseConfig } from '../manifest/release-config.ts';
import { withVariables } from '../manifest/variables.ts';
import type { WorkingTree } from '../model/checkout.ts';
import { ReleaseError, refused } from '../model/error.ts';
import type { ReleaseConfig, ServiceManifest } from '../model/service.ts';
import { pm2Runs } from '../runtimes/pm2/daemon.ts';
import { runtimeOf } from '../runtimes/registry.ts';
import type { ResolvedService, RunningComponent, RuntimeContext } from '../runtimes/runtime.ts';

export interface Package {
  name: string;
  /** `packages/<name>/manifest.yaml`. */
  file: string;
  /** As far as it can be read. */
  manifest: ServiceManifest;
  /** Lines of what is wrong with it, each with its place; empty: nothing. */
  problems: string[];
}

export interface Patient {
  host: Host;
  paths: HostPaths;
  /** undefined: git does not say that this is a checkout. */
  repo: Repository | undefined;
  config: ReleaseConfig;
  /** Why `.asd/release.yaml` cannot be read; the defaults are used then. */
  configProblem: ReleaseError | undefined;
  env: Readonly<Record<string, string>>;
  secrets: readonly string[];
  /** Every package of the live tree that is installed. */
  packages: readonly Package[];
  /** Those that were asked for, with a manifest that can be read. */
  services: readonly ServiceManifest[];
  /** At least one installed service runs on compose. */
  usesCompose: boolean;
  tree(): Promise<WorkingTree>;
  docker(): Docker;
  releases(): readonly ReleaseEntry[];
  resolved(service: ServiceManifest): Promise<ResolvedService>;
  running(service: ServiceManifest): Promise<RunningComponent[]>;
  runtime(): RuntimeContext;
  /** Watchdogs are started after a reboot. */
  guarded(): Promise<boolean>;
  /** Some at a time; results in the order of the items. */
  each<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]>;
}

const LOOK_MS = 10_000;

export interface Opening {
  host: Host;
  engine: string;
  root: string;
  isCheckout: boolean;
  /** Names of services; empty: all. */
  only: readonly string[];
  guarded(): Promise<boolean>;
  inGroups: <T, R>(items: readonly T[], width: number, act: (item: T) => Promise<R>) => Promise<R[]>;
}

/** Never throws for what is wrong with the host: that is for the checks to say. */
export function openPatient({ host, engine, root, isCheckout, only, guarded, inGroups }: Opening): Patient {
  const { files } = host;
  const { config, problem } = settings(host, root);
  const paths = hostPaths(root, engine, config.backup.dir);
  const env = parse(readable(() => files.readText(paths.envFile, { follow: true })) ?? '');
  const packages = readPackages(host, root, env);
  const sound = packages.filter(({ problems }) => problems.length === 0).map(({ manifest }) => manifest);
  const services = sound.filter(({ name }) => only.length === 0 || only.includes(name));
  const secrets = secretsOf(env);
  const repo = isCheckout ? { host, root, secrets } : undefined;
  const runtime = (): RuntimeContext => ({ host, paths, env, secrets, ticket: '', timeoutMs: LOOK_MS });
  const resolved = memo(async (service: ServiceManifest) =>
    (await runtimeOf(service.runtime)).resolve(runtime(), service, { root, live: true }),
  );
  return {
    host,
    paths,
    repo,
    config,
    configProblem: problem,
    env,
    secrets,
    packages,
    services,
    usesCompose: packages.some(({ manifest }) => manifest.runtime === 'compose'),
    tree: once(async () => {
      if (repo === undefined) throw refused({ what: 'This folder is in no git checkout', where: root });
      return await workingTree(repo);
    }),
    docker: () => openDocker(host, { timeoutMs: LOOK_MS }, refused),
    releases: once(() => listReleases(host, paths)),
    resolved,
    running: memo(async (service) => {
      // Asking pm2 would start its daemon.
      if (service.runtime === 'pm2' && !pm2Runs(runtime())) return [];
      const { project } = await resolved(service);
      return await (await runtimeOf(service.runtime)).running(runtime(), service, project);
    }),
    runtime,
    guarded,
    each: (items, act) => inGroups(items, config.concurrency, act),
  };
}

function once<T>(read: () => T): () => T {
  let known: { value: T } | undefined;
  return () => {
    known ??= { value: read() };
    return known.value;
  };
}

function memo<R>(read: (service: ServiceManifest) => Promise<R>): (service: ServiceManifest) => Promise<R> {
  const known = new Map<string, Promise<R>>();
  return (service) => {
    const found = known.get(service.name) ?? read(service);
    known.set(service.name, found);
    return found;
  };
}

/** A FIFO or folder in a file's place is for the check of modes to name. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReleaseError || (error instanceof Error && 'code' in error)) return undefined;
    throw error;
  }
}

function settings(host: Host, root: string): { config: ReleaseConfig; problem: ReleaseError | undefined } {
  const file = '.asd/release.yaml';
  try {
    return { config: parseReleaseConfig(host.files.readText(join(root, file)), file).config, problem: undefined };
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    return { config: parseReleaseConfig(undefined).config, problem: error };
  }
}

function readPackages(host: Host, root: string, env: Readonly<Record<string, string>>): Package[] {
  const { files } = host;
  return files.list(join(root, 'packages')).flatMap((name) => {
    const file = `packages/${name}/manifest.yaml`;
    const path = join(root, file);
    if (files.stat(path) === undefined) return [];
    const text = readable(() => files.readText(path));
    if (text === undefined) {
      const { manifest } = checkManifest(`name: ${JSON.stringify(name)}\n`, { file, folder: name });
      return [{ name, file, manifest, problems: [`${file}:1:1: it is no plain file`] }];
    }
    const { manifest, problems } = checkManifest(text, { file, folder: name });
    if (manifest.installation !== 'installed') return [];
    return [{ name, file, ...filledIn(manifest, problems, env) }];
  });
}

function filledIn(
  manifest: ServiceManifest,
  problems: Problem[],
  env: Readonly<Record<string, string>>,
): Pick<Package, 'manifest' | 'problems'> {
  if (problems.length > 0) return { manifest, problems: problems.map(problemLine) };
  try {
    return { manifest: withVariables(manifest, env), problems: [] };
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    return { manifest, problems: error.facts.details ?? [error.message] };
  }
}
