// For tests: a service whose database server really runs, under compose, on the test engine.
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_IMAGE, importDatabases } from '../../dev/engine/databases.ts';
import { engineForTests, type TestEngine } from '../../dev/engine/test-engine.ts';
import type { BackupSpec, DatabaseSpec } from '../../model/service.ts';
import type { BackupContext } from '../kind.ts';
import { makeWorld } from '../world.ts';

export interface ServerOptions {
  database: DatabaseSpec;
  /** `postgres`, `mariadb` or `redis`, then options of the server. */
  command: string[];
  /** The container's. */
  environment: Record<string, string>;
  /** Where its volume is mounted. */
  data: string;
  /** Exits with 0 when it answers. */
  ready: string[];
  backup?: Partial<BackupSpec>;
  /** Of the host's `.env`. */
  env?: Record<string, string>;
  /** Further lines of the service in its compose file. */
  more?: string;
}

/** The engine for database tests, with their image; undefined where none can be had. */
export async function databaseEngine(): Promise<TestEngine | undefined> {
  const engine = await engineForTests();
  if (engine !== undefined) await importDatabases(engine);
  return engine;
}

/** Starts the server and waits until it answers. Call `end` when done. */
export async function makeServer(engine: TestEngine, options: ServerOptions) {
  const project = `asd-test-${randomBytes(4).toString('hex')}`;
  const world = makeWorld({
    backup: { types: ['database'], drill: 'auto', ...options.backup },
    database: { container: 'shop-db', ...options.database },
  });
  const file = world.packagePath('docker-compose.yaml');
  const environment = Object.entries(options.environment).map(([name, value]) => `${name}=${value}`);
  writeFileSync(
    file,
    `services:
  db:
    image: ${DATABASE_IMAGE}
    container_name: ${project}-db
    command: ${JSON.stringify(options.command)}
    environment: ${JSON.stringify(environment)}
    network_mode: none
    volumes: ["data:${options.data}"]
    ${options.more ?? ''}
volumes: { data: {} }
`,
  );
  const run = (argv: string[], input?: string | Uint8Array, env: Record<string, string> = {}) => {
    const done = Bun.spawnSync(argv, {
      env: { PATH: process.env.PATH ?? '', HOME: world.root, ...engine.env, ...env },
      stdin: input === undefined ? 'ignore' : Buffer.from(input),
      stderr: 'pipe',
    });
    if (done.exitCode !== 0) throw new Error(`${argv.slice(0, 8).join(' ')} exited ${done.exitCode}: ${done.stderr}`);
    return done.stdout.toString();
  };
  const docker = (...argv: string[]) => run(['docker', ...argv]);
  const compose = (...argv: string[]) => docker('compose', '--project-name', project, '--file', file, ...argv);
  const container = `${project}-db`;
  const { host, service, resolved, env } = world.context;
  const machine = { ...host.machine, env: { ...host.machine.env, ...engine.env } };
  const context: BackupContext = {
    ...world.context,
    host: { ...host, machine },
    env: { ...env, ...options.env },
    secrets: Object.values(options.env ?? {}),
    service: {
      ...service,
      containers: [{ name: 'shop-db', role: 'database', required: true, healthCheck: false, service: 'db' }],
    },
    resolved: {
      ...resolved,
      project,
      components: [
        { name: 'app', role: 'app', stateful: false, build: false, ports: [], mounts: [], dependsOn: ['db'] },
        {
          name: 'db',
          role: 'database',
          stateful: true,
          build: false,
          ports: [],
          mounts: [{ kind: 'volume', source: `${project}_data`, key: 'data', target: options.data, writable: true }],
          dependsOn: [],
        },
      ],
    },
  };
  const folder = join(world.root, 'out');
  mkdirSync(folder);
  const server = {
    ...world,
    context,
    container,
    /** For what a backup writes. */
    folder,
    docker,
    run,
    /** In the container. */
    inside: (argv: string[], input?: string | Uint8Array, variables: string[] = []) =>
      run(['docker', 'exec', '-i', ...variables.flatMap((each) => ['-e', each]), container, ...argv], input),
    /** Waits until the server answers. */
    ready() {
      for (let tries = 0; ; tries++) {
        const argv = ['docker', 'exec', container, ...options.ready];
        const done = Bun.spawnSync(argv, {
          env: { PATH: process.env.PATH ?? '', ...engine.env },
          stderr: 'pipe',
          stdout: 'ignore',
        });
        if (done.exitCode === 0) return;
        if (tries > 200)
          throw new Error(`${container} does not answer: ${done.stderr}; ${docker('logs', '--tail', '5', container)}`);
        Bun.sleepSync(100);
      }
    },
    async end() {
      compose('down', '--volumes', '--timeout', '0');
      await world.end();
    },
  };
  compose('up', '--detach');
  server.ready();
  return server;
}
