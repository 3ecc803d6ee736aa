// A service as its manifest says it, after defaults and normalisation. manifest/ makes these, everything else reads them.
import type { Webhook } from './notice.ts';

export type RuntimeKind = 'compose' | 'pm2';
export type InstallationStatus = 'installed' | 'inactive' | 'available' | 'deprecated';
export type ContainerRole =
  | 'app'
  | 'worker'
  | 'scheduler'
  | 'websocket'
  | 'backend'
  | 'proxy'
  | 'database'
  | 'cache'
  | 'queue'
  | 'job';
export const STATEFUL_ROLES: readonly ContainerRole[] = ['database', 'cache', 'queue'];

export interface ContainerSpec {
  /** The container's own name, without CONTAINER_PREFIX. */
  name: string;
  role: ContainerRole;
  required: boolean;
  /** Docker's own health check must say healthy, too. */
  healthCheck: boolean;
  /** Its name in the compose file. */
  service: string;
  containerUser?: string;
}

export interface DatabaseSpec {
  /** `sqlite` names a file; the others a server in a container. */
  type: 'postgresql' | 'mariadb' | 'mysql' | 'redis' | 'sqlite';
  name?: string;
  container?: string;
  user?: string;
  passwordEnv?: string;
  /** sqlite: the file, relative to the package folder or .asd/workspace, or inside one of the backup volumes (`volume:<suffix>/path`, `bind:/path`). */
  path?: string;
}

export type BackupType = 'database' | 'volume' | 'workspace' | 'config' | 'command';

export interface BackupSpec {
  enabled: boolean;
  types: BackupType[];
  volumes: Array<{ suffix: string; dataUid?: number } | { bind: string; dataUid?: number }>;
  /** workspace: paths below the package folder, or below .asd/workspace. */
  paths: string[];
  command?: { backup: string[]; restore?: string[]; verify?: string[] };
  consistency: 'pause' | 'stop' | 'live';
  drill: 'full' | 'list' | 'off' | 'auto';
  method: 'archive' | 'incremental';
  retention: { keep: number } | { days: number };
}

export interface HealthSpec {
  /** Absolute URL, or a path on http://127.0.0.1:<first port_env>. */
  endpoint: string;
  expectedCode: number;
  timeoutMs: number;
  stableForMs: number;
  /** A path or URL that reports the image tag or the MERGE_SHA. */
  versionEndpoint?: string;
}

export interface ComposeSpec {
  /** undefined: the file's own `name:`, else CONTAINER_PREFIX + service. */
  project?: string;
  /** Relative to the package; empty: the usual names are looked for. */
  files: string[];
  profiles: string[];
  /** The project directory, absolute: what relative paths in the files are relative to. undefined: the package. */
  directory?: string;
  /** Absolute; read after the host's `.env`, so that what they set counts. */
  envFiles: string[];
}

export interface ServiceManifest {
  name: string;
  displayName: string;
  /** Lower starts first; the same number starts in parallel. */
  priority: number;
  installation: InstallationStatus;
  runtime: RuntimeKind;
  compose: ComposeSpec;
  image?: { name: string; tag: string; envVar?: string; build: boolean };
  containers: ContainerSpec[];
  ports: Array<{ env: string; default: number }>;
  database?: DatabaseSpec;
  backup: BackupSpec;
  health?: HealthSpec;
  e2e?: { command: string[] };
  fixes: { postRestore: string[] };
  /** Run in the live package after Advance. */
  install?: string[];
  /** `group`: services of one name are released, backed up and reverted together. */
  release: { watch: string[]; timeoutMs: number; group?: string };
}

/** `.asd/release.yaml`, with defaults filled in. */
export interface ReleaseConfig {
  branch: string;
  /** How many steps run at once. */
  concurrency: number;
  onFailure: 'halt' | 'revert';
  /** Glob -> the services that it changes, or all. */
  shared: Record<string, string[] | 'all'>;
  /** Globs of paths that never change a service. */
  ignore: string[];
  /** Globs of changelogs in the manner of Keep a Changelog. */
  changelog: string[];
  revert: { push: 'main' | 'branch' | 'none'; maxLossMs: number };
  backup: {
    dir: string;
    pauseMaxMs: number;
    helperImage: string;
    /** A second home of backups. */
    restic?: { repository: string; passwordFile: string; onFailure: 'warn' | 'refuse'; timeoutMs: number };
  };
  /** `withinMs` undefined: a release is final when it is verified. */
  confirm: { withinMs: number | undefined; capMs: number; watch: 'notice' | 'revert' };
  /** Commands that run once when a release was confirmed. */
  afterConfirm: string[][];
  /** Missing where there is none, and in what engines wrote that knew of none. */
  notify?: Webhook[];
}
