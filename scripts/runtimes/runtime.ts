// What every runtime (compose, pm2) can do for the engine. One folder a runtime, one line in registry.ts, one contract suite for all.
import type { HostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import type { ComponentImage, ServiceReceipt } from '../model/receipt.ts';
import type { ContainerRole, RuntimeKind, ServiceManifest } from '../model/service.ts';

/** What a call to a runtime needs of its surroundings. */
export interface RuntimeContext {
  host: Host;
  paths: HostPaths;
  /** The live `.env`, parsed. */
  env: Readonly<Record<string, string>>;
  /** Values that must never be shown. */
  secrets: readonly string[];
  ticket: string;
  signal?: AbortSignal;
  /** Where a command's captured output goes. */
  outputFile?: string;
  timeoutMs: number;
  /** Commands that a crash of the engine must not leave running carry it. */
  mark?: string;
}

export interface Mount {
  kind: 'volume' | 'bind';
  /** Volume: its real name. Bind: the host path. */
  source: string;
  /** Volume: its key in the compose file, where it has one. */
  key?: string;
  target: string;
  writable: boolean;
  /** The volume belongs to somebody else (external: true). */
  external?: boolean;
  /** What SELinux label Docker gives a bind at each start: `z`, shared by all containers, or `Z`, of this one alone. */
  label?: 'z' | 'Z';
}

export interface ResolvedComponent {
  /** Compose service or pm2 app. */
  name: string;
  role: ContainerRole;
  stateful: boolean;
  /** `name:tag`; undefined for pm2, and for compose services that only build. */
  image?: string;
  build: boolean;
  ports: Array<{ hostIp: string; port: number; protocol: string }>;
  mounts: Mount[];
  /** Depends on one of these components being up. */
  dependsOn: string[];
  /** Stateful compose services: compose's own hash of what `up` would make, as RunningComponent.configHash has it of what runs. */
  configHash?: string;
}

/** What would run, resolved as it will run: live project directory, live `.env`, real project name. */
export interface ResolvedService {
  service: string;
  /** Compose project or pm2 namespace. */
  project: string;
  components: ResolvedComponent[];
  /** Names of `${VAR}`s that the files use. */
  variables: string[];
  /** Files (absolute, in the live tree) that the resolved file names: env_file, configs, secrets, bind sources that are files. */
  namedFiles: string[];
  /** The resolved configuration itself, for the config backup and for hashing. May hold secrets: never shown. */
  document: string;
}

export interface RunningComponent {
  name: string;
  /** Container id, or pm2's pm_id and pid. */
  instance: string;
  /** Image id, or `tree:<id>`. */
  imageId: string;
  imageRef: string;
  running: boolean;
  /** Exit code of one that ended. */
  exitCode?: number;
  /** Docker's health where it has a check. */
  health?: 'starting' | 'healthy' | 'unhealthy';
  restarts: number;
  startedAt: string;
  paused: boolean;
  mounts: Mount[];
  /** Compose's own hash of its configuration. */
  configHash?: string;
  project: string;
}

/** How a running service is held still for a backup. Opened by `quiesce`; unpauses by itself when the engine dies and after pauseMaxMs. */
export interface Quiet {
  readonly since: number;
  /** Idempotent. @returns how long it was held, in milliseconds. */
  release(): Promise<number>;
}

export interface UpReport {
  /** Components that were stopped and started anew, or are new. */
  replaced: string[];
  untouched: string[];
  /** From the old version's stop to the new one's start; undefined where nothing was replaced. */
  downtimeMs?: number;
}

/** Which tree a service is read from. */
export interface ServiceTree {
  /** The folder that holds packages/: the stage, or the live root. */
  root: string;
  /** False where root is a stage: the files come from there, but everything is resolved as it would run live. */
  live: boolean;
  /** The commit that root was made from; default: what HEAD of the repository is. */
  commit?: string;
  /** A folder of the git repository that has the commit; default: root. For a root that is a plain export. */
  repository?: string;
  /** The temporary object store (host/git/store.ts) that has the commit, where the repository does not have it yet: a dry run. */
  store?: string;
}

/** One thing that the next `up` would change of what runs. */
export interface Difference {
  /** As a sentence without a full stop. */
  what: string;
  /** The line that mends it: of the manifest, of `.env`, or a command. */
  mend?: string;
  /** Worth knowing, and no reason to refuse. */
  notice?: true;
}

export interface Runtime {
  readonly kind: RuntimeKind;
  /** Is what it stands on there, and new enough? @throws refused. */
  check(context: RuntimeContext): Promise<{ version: string }>;
  /** @throws refused where the file does not resolve, or its image is not the manifest's (naming the variable). */
  resolve(context: RuntimeContext, service: ServiceManifest, tree: ServiceTree): Promise<ResolvedService>;
  /** What runs now, by the runtime's own labels; empty where nothing does. */
  running(context: RuntimeContext, service: ServiceManifest, project: string): Promise<RunningComponent[]>;
  /** Without changing anything: what `to` is and, where a registry can say it, its digest. */
  available(context: RuntimeContext, resolved: ResolvedService, tree: ServiceTree): Promise<ComponentImage[]>;
  /** Pulls by digest without moving tags, or builds under the stage's own project name. @returns ids to run. @throws step-failed. */
  acquire(
    context: RuntimeContext,
    service: ServiceManifest,
    resolved: ResolvedService,
    tree: ServiceTree,
  ): Promise<ComponentImage[]>;
  /** Makes sure that what runs now can run again. */
  keep(
    context: RuntimeContext,
    service: ServiceManifest,
    running: RunningComponent[],
  ): Promise<NonNullable<ServiceReceipt['kept']>>;
  /** Holds app and worker components still. */
  quiesce(
    context: RuntimeContext,
    service: ServiceManifest,
    project: string,
    how: 'pause' | 'stop',
    maxMs: number,
  ): Promise<Quiet>;
  /** Stops what runs and keeps it, so that `start` finds it again: all of it, or all but the stateful components. Returns when it is down. @throws step-failed. */
  stop(context: RuntimeContext, service: ServiceManifest, project: string, which: 'all' | 'apps'): Promise<void>;
  /** Starts the named components again as they were, the stateful ones first; what runs already is left alone. @throws step-failed where one is gone. */
  start(
    context: RuntimeContext,
    service: ServiceManifest,
    project: string,
    components: readonly string[],
  ): Promise<void>;
  /** Reconciles leftovers first; stateful components only where their config or image differs, then the rest anew. @throws step-failed. */
  up(
    context: RuntimeContext,
    service: ServiceManifest,
    resolved: ResolvedService,
    images: ComponentImage[],
    options?: { alone?: boolean },
  ): Promise<UpReport>;
  /** Which of these can be started no more: collected images, a tree that git lost. */
  absent(context: RuntimeContext, images: readonly ComponentImage[]): Promise<ComponentImage[]>;
  /** Everything of the project, never its volumes. */
  down(context: RuntimeContext, service: ServiceManifest, project: string): Promise<void>;
  /** What the next `up` would change of what runs: images, mounts, networks, ports, labels, variables. Empty: nothing. */
  compare(
    context: RuntimeContext,
    service: ServiceManifest,
    resolved: ResolvedService,
    tree: ServiceTree,
  ): Promise<Difference[]>;
  /** The last lines that these components printed, secrets masked. @throws step-failed where they cannot be read. */
  lastWords(context: RuntimeContext, components: readonly RunningComponent[]): Promise<string[]>;
  /** Resolves when something happened to the project's components, or after ms: what a wait for health is woken by. */
  changed(context: RuntimeContext, project: string, ms: number): Promise<void>;
}
