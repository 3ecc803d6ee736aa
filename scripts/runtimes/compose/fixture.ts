// A small compose service on a test engine, with a live tree and a stage, for the contract suite and the tests beside this file.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFixtureImages, WEB_COMMAND } from '../../dev/engine/images.ts';
import type { TestEngine } from '../../dev/engine/test-engine.ts';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { FixtureVersion, RuntimeFixture } from '../contract.ts';
import type { RuntimeContext } from '../runtime.ts';
import { composeRuntime } from './runtime.ts';

export interface ComposeFixture extends RuntimeFixture {
  folder: string;
  /** The live root and the staged one. */
  roots: { live: string; stage: string };
  /** Prefix of its images: `<prefix>/web:1`, `<prefix>/web:2`, `<prefix>/db:1`. */
  prefix: string;
  port: number;
  docker(...argv: string[]): Promise<string>;
  write(root: string, path: string, text: string): void;
}

const manifest = (image: string, tag: string): ServiceManifest => ({
  name: 'page',
  displayName: 'Page',
  priority: 10,
  installation: 'installed',
  runtime: 'compose',
  compose: { files: [], profiles: [], envFiles: [] },
  image: { name: image, tag, envVar: 'PAGE_TAG', build: false },
  containers: [
    { name: 'page', role: 'app', required: true, healthCheck: false, service: 'web' },
    { name: 'page-db', role: 'database', required: true, healthCheck: false, service: 'db' },
  ],
  ports: [{ env: 'PAGE_PORT', default: 0 }],
  backup: {
    enabled: false,
    types: [],
    volumes: [],
    paths: [],
    consistency: 'pause',
    drill: 'auto',
    method: 'archive',
    retention: { keep: 7 },
  },
  fixes: { postRestore: [] },
  release: { watch: [], timeoutMs: 60_000 },
});

/** The compose file that the fixture begins with; the app waits for the database, whose own dependency the file does not have. */
export const composeFile = (prefix: string): string => `services:
  web:
    image: ${prefix}/web:\${PAGE_TAG:?}
    init: true
    command: [sh, -c, 'echo the page speaks >&2; exec ${WEB_COMMAND.join(' ')}']
    ports: ["127.0.0.1:\${PAGE_PORT}:8080"]
    volumes: [files:/files, ./conf:/conf:ro]
    depends_on: { db: { condition: service_started } }
  db:
    image: ${prefix}/db:1
    init: true
    env_file: [db.env]
    volumes: [data:/data, /anonymous]
volumes: { files: {}, data: {} }
`;

function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

/** Needs a running test engine; other fixtures may use it at the same time. @param options.images false where nothing will run. */
export async function makeComposeFixture(
  engine: TestEngine,
  options: { images?: boolean } = {},
): Promise<ComposeFixture> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-compose-')));
  const roots = { live: join(folder, 'live'), stage: join(folder, 'live/.asd/workspace/stage/T-1') };
  const prefix = `belay-${randomBytes(4).toString('hex')}`;
  const port = freePort();
  if (options.images !== false) await buildFixtureImages(engine, { prefix });
  const write = (root: string, path: string, text: string) => {
    const file = join(root, 'packages/page', path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  };
  for (const root of [roots.live, roots.stage]) write(root, 'docker-compose.yaml', composeFile(prefix));
  write(roots.live, 'db.env', 'DB_WORD=secret$$word\n');
  write(roots.live, 'conf/a.txt', 'a\n');
  const env = { CONTAINER_PREFIX: `${prefix}-`, PAGE_PORT: String(port), COMPOSE_PROJECT_NAME: 'not-this' };
  writeFileSync(
    join(roots.live, '.env'),
    Object.entries(env)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );

  const real = openHost();
  const context: RuntimeContext = {
    host: { ...real, machine: { ...real.machine, env: { ...real.machine.env, ...engine.env } } },
    paths: hostPaths(roots.live, folder, '.asd/workspace/backups'),
    env,
    secrets: [],
    ticket: 'T-1',
    timeoutMs: 60_000,
  };
  const docker = async (...argv: string[]): Promise<string> => {
    const done = await real.exec.run(['docker', ...argv], {
      env: { ...real.machine.env, ...engine.env },
      timeoutMs: 30_000,
    });
    if (done.code !== 0) throw new Error(`docker ${argv.join(' ')}: ${done.tail.join('\n')}`);
    return done.stdout.trim();
  };
  const at = (root: string, version: string): FixtureVersion => ({
    service: manifest(`${prefix}/web`, version),
    tree: { root, live: root === roots.live },
  });
  return {
    folder,
    roots,
    prefix,
    port,
    docker,
    write,
    runtime: composeRuntime,
    context,
    stage: async (version) => at(roots.stage, version),
    live: async (version) => at(roots.live, version),
    answers: async () => {
      for (const end = performance.now() + 10_000; performance.now() < end; await Bun.sleep(25)) {
        try {
          const answer = await fetch(`http://127.0.0.1:${port}/version`, {
            signal: AbortSignal.timeout(1_000),
            keepalive: false,
          });
          return (await answer.text()).trim();
        } catch (error) {
          if (!(error instanceof Error)) throw error;
        }
      }
      return undefined;
    },
    kill: async (running) => {
      await docker('kill', running.find((each) => each.name === 'web')?.instance ?? '');
    },
    stop: async () => {
      const ids = await docker('ps', '--all', '--quiet', '--filter', `name=^${prefix}-`);
      if (ids !== '') await docker('rm', '--force', '--volumes', ...ids.split('\n'));
      for (const what of ['network', 'volume']) {
        const names = await docker(what, 'ls', '--quiet', '--filter', `name=^${prefix}-`);
        if (names !== '') await docker(what, 'rm', ...names.split('\n'));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
