// What a scenario's host needs of a runtime: the files of a service, its first start, and how it looks from outside.
import type { Result } from './process.ts';

export type RuntimeName = 'compose' | 'pm2';
/** Repository path -> content; null removes the file, and, for a path that ends in `/`, the folder. */
export type Files = Record<string, string | null>;

export interface ServiceOptions {
  /** Replaces top-level keys of the manifest; null leaves one out. */
  manifest?: Record<string, unknown>;
  /** Files below the package's folder, scripts/preflight.ts and so on. */
  files?: Files;
  /** Compose: a second container `<service>-db` of role database, with a volume. pm2: a second app of that role. */
  database?: boolean;
  /** Compose: lines of further services (indented by two), and the volumes that they name. */
  more?: { services: string; volumes: readonly string[] };
}

/** Where a kind works. Filled before anything is called. */
export interface Place {
  folder: string;
  prod: string;
  engine: string;
  /** CONTAINER_PREFIX, different for every host. */
  prefix: string;
  /** For every command. Kinds add to it (PM2_HOME, DOCKER_HOST). */
  env: Record<string, string>;
  port(service: string): number;
}

export interface Kind {
  /** Parts of the manifest that differ between runtimes. */
  manifest(service: string, version: string, options: ServiceOptions): Promise<Record<string, unknown>>;
  /** Everything of a package but its manifest, hooks and other files of ServiceOptions. */
  files(service: string, version: string, options: ServiceOptions): Files;
  /** Starts services for the first time, by hand, from the live checkout. */
  start(services: readonly string[]): Promise<void>;
  /** Where the version can be read. */
  versionPath: string;
  /** Container ids, or pids: one entry a component, sorted by component. */
  instances(service: string): Promise<Array<{ component: string; id: string; image: string; paused: boolean }>>;
  /** Somebody, not the engine, makes the service run something else: another image, another ASD_TREE. */
  impose(service: string, version: string): Promise<void>;
  /** Containers, pm2 apps and volumes of the host, the last also of services that are down. */
  volumes(): Promise<string[]>;
  docker?(...argv: string[]): Promise<Result>;
  /** Processes that may stay while the host is open. */
  keepers(): number[];
  stop(): Promise<void>;
}
