// For tests: a host repository in a temporary folder, with one service, a stand-in for the engine's volume API, and a runtime that records its pauses.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostPaths } from '../host/paths.ts';
import type { Host } from '../host/port.ts';
import { openHost } from '../host/real.ts';
import type { BackupSpec, DatabaseSpec, ServiceManifest } from '../model/service.ts';
import type { Mount, Runtime } from '../runtimes/runtime.ts';
import type { BackupContext } from './kind.ts';

export interface World {
  root: string;
  context: BackupContext;
  /** Below the package folder; made with its parents. */
  packagePath(path: string): string;
  /** Volume name -> what GET /volumes/NAME answers. */
  volumes: Record<string, { Driver: string; Mountpoint: string; Options: Record<string, string> | null }>;
  end(): Promise<void>;
}

export interface WorldOptions {
  backup: Partial<BackupSpec>;
  database?: DatabaseSpec;
  mounts?: Mount[];
  running?: boolean;
  helperImage?: string;
}

const manifest = (options: WorldOptions): ServiceManifest => ({
  name: 'shop',
  displayName: 'Shop',
  priority: 10,
  installation: 'installed',
  runtime: 'compose',
  compose: { files: [], profiles: [], envFiles: [] },
  containers: [],
  ports: [],
  ...(options.database === undefined ? {} : { database: options.database }),
  backup: {
    enabled: true,
    types: [],
    volumes: [],
    paths: [],
    consistency: 'pause',
    drill: 'full',
    method: 'archive',
    retention: { keep: 7 },
    ...options.backup,
  },
  fixes: { postRestore: [] },
  release: { watch: [], timeoutMs: 60_000 },
});

function context(root: string, host: Host, options: WorldOptions): BackupContext {
  return {
    host,
    paths: hostPaths(root, root, '.asd/workspace/backups'),
    env: { CONTAINER_PREFIX: 'asd-test-' },
    secrets: [],
    ticket: 'T-1',
    timeoutMs: 60_000,
    service: manifest(options),
    resolved: {
      service: 'shop',
      project: 'asd-test-shop',
      components: [
        {
          name: 'app',
          role: 'app',
          stateful: false,
          build: false,
          ports: [],
          mounts: options.mounts ?? [],
          dependsOn: [],
        },
      ],
      variables: [],
      namedFiles: [],
      document: 'services: {}\n',
    },
    running: options.running
      ? [
          {
            name: 'app',
            instance: '1',
            imageId: 'sha256:1',
            imageRef: 'shop:1',
            running: true,
            restarts: 0,
            startedAt: '',
            paused: false,
            mounts: [],
            project: 'asd-test-shop',
          },
        ]
      : [],
    helperImage: options.helperImage ?? '',
  };
}

/** @param options what the service's manifest says. Call `end` when done. */
export function makeWorld(options: WorldOptions): World {
  const root = mkdtempSync(join(tmpdir(), 'belay-backup-'));
  for (const folder of ['packages/shop', '.asd/workspace']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, '.env'), 'CONTAINER_PREFIX=asd-test-\n', { mode: 0o640 });
  const volumes: World['volumes'] = {};
  const socket = join(root, 'engine.sock');
  const server = Bun.serve({
    unix: socket,
    fetch(request) {
      if (new URL(request.url).pathname === '/containers/json') return Response.json([]);
      const name = decodeURIComponent(new URL(request.url).pathname.replace('/volumes/', ''));
      const found = volumes[name];
      return found === undefined ? Response.json({ message: 'no such volume' }, { status: 404 }) : Response.json(found);
    },
  });
  const real = openHost();
  const host = { ...real, machine: { ...real.machine, env: { ...real.machine.env, DOCKER_HOST: `unix://${socket}` } } };
  return {
    root,
    context: context(root, host, options),
    packagePath(path) {
      const full = join(root, 'packages/shop', path);
      mkdirSync(join(full, '..'), { recursive: true });
      return full;
    },
    volumes,
    async end() {
      await server.stop(true);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Only what backups and restores call. `held` tells whether the service stands still now; what runs is in `context.running`. */
export function recordingRuntime(releaseAnswersMs = 5): { runtime: Runtime; calls: string[]; held: () => boolean } {
  const calls: string[] = [];
  let held = false;
  let stopped = false;
  const runtime: Pick<Runtime, 'kind' | 'quiesce' | 'stop' | 'start' | 'running' | 'changed'> = {
    kind: 'compose',
    async quiesce(_context, service, project, how, maxMs) {
      calls.push(`${how} ${service.name} ${project} ${maxMs}`);
      held = true;
      return {
        since: 0,
        async release() {
          calls.push('release');
          held = false;
          return releaseAnswersMs;
        },
      };
    },
    async stop(_context, _service, _project, which) {
      calls.push(`stop ${which}`);
      stopped = true;
    },
    async start(_context, _service, _project, components) {
      calls.push(`start ${components.join(' ')}`);
      stopped = false;
    },
    running: async () => [
      {
        name: 'app',
        instance: '1',
        imageId: 'sha256:1',
        imageRef: 'shop:1',
        running: !stopped,
        restarts: 0,
        startedAt: '',
        paused: false,
        mounts: [],
        project: 'asd-test-shop',
      },
    ],
    changed: async () => undefined,
  };
  return { runtime: runtime as Runtime, calls, held: () => held };
}
