// A real pm2 of its own with a small service in a git checkout, for the contract suite.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import type { ServiceManifest } from '../../model/service.ts';
import type { FixtureVersion, RuntimeFixture } from '../contract.ts';
import type { RuntimeContext } from '../runtime.ts';
import { runPm2 } from './command.ts';
import { pm2Runtime } from './runtime.ts';

const ECOSYSTEM = `module.exports = {
  apps: [
    { name: 'page', script: 'server.ts', cwd: __dirname, env: { GREETING: process.env.GREETING }, max_restarts: 1, min_uptime: '1h' },
    { name: 'page-store', script: './store.ts', cwd: 'store' },
  ],
};
`;
const SERVER = (version: string) =>
  `Bun.serve({ hostname: '127.0.0.1', port: Number(process.env.PAGE_PORT), fetch: () => new Response('${version}') });
console.error('the page speaks');\n`;
const STORE = 'setInterval(() => {}, 1000);\n';

export const pm2Service: ServiceManifest = {
  name: 'page',
  displayName: 'Page',
  priority: 10,
  installation: 'installed',
  runtime: 'pm2',
  compose: { files: [], profiles: [], envFiles: [] },
  containers: [
    { name: 'page', role: 'app', required: true, healthCheck: false, service: 'page' },
    { name: 'page-store', role: 'database', required: true, healthCheck: false, service: 'page-store' },
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
};

/** A port that nothing listens on now. */
function freePort(): number {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() });
  const port = server.port;
  server.stop(true);
  if (port === undefined) throw new Error('no free port');
  return port;
}

function git(folder: string, ...args: string[]): void {
  const identity = [
    '-c',
    'user.name=Fixture',
    '-c',
    'user.email=fixture@example.org',
    '-c',
    'commit.gpgsign=false',
    '-c',
    'init.defaultBranch=main',
  ];
  const result = spawnSync('git', [...identity, '-C', folder, ...args], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
}

/** A context whose host repository is in a temporary folder and whose pm2 is a new one. */
export function pm2Context(port = 4999): { folder: string; context: RuntimeContext } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-pm2-')));
  const engine = realpathSync(join(import.meta.dir, '..', '..', '..'));
  const host = openHost();
  const context: RuntimeContext = {
    host: { ...host, machine: { ...host.machine, env: { ...host.machine.env, PM2_HOME: join(folder, 'pm2') } } },
    paths: hostPaths(join(folder, 'live'), engine, '.asd/workspace/backups'),
    env: { PAGE_PORT: String(port), GREETING: 'hello', CONTAINER_PREFIX: 'fx-' },
    secrets: [],
    ticket: 'T1',
    timeoutMs: 60_000,
  };
  return { folder, context };
}

/** @returns the fixture; its `stop` takes the folder away. */
export async function makePm2Fixture(): Promise<RuntimeFixture> {
  const port = freePort();
  const { folder, context } = pm2Context(port);
  const { root } = context.paths;
  const [stage, home] = [join(folder, 'stage'), join(folder, 'pm2')];
  for (const path of [join(root, 'packages', 'page', 'store'), home]) mkdirSync(path, { recursive: true });
  const write = (version: string) => writeFileSync(join(root, 'packages', 'page', 'server.ts'), SERVER(version));
  writeFileSync(join(root, 'packages', 'page', 'ecosystem.config.cjs'), ECOSYSTEM);
  writeFileSync(join(root, 'packages', 'page', 'store', 'store.ts'), STORE);
  git(root, 'init', '--quiet');
  for (const version of ['1', '2']) {
    write(version);
    git(root, 'add', '.');
    git(root, 'commit', '--quiet', '-m', version);
    git(root, 'tag', `v${version}`);
  }
  git(root, 'worktree', 'add', '--quiet', '--detach', stage, 'v1');
  const checkout = (at: string, version: string, live: boolean): FixtureVersion => {
    git(at, 'checkout', '--quiet', '--detach', `v${version}`);
    return { service: pm2Service, tree: { root: at, live } };
  };
  return {
    runtime: pm2Runtime,
    context,
    stage: async (version) => checkout(stage, version, false),
    live: async (version) => checkout(root, version, true),
    answers: async () => {
      for (const end = performance.now() + 10_000; performance.now() < end; await Bun.sleep(25)) {
        try {
          return await (await fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(1_000) })).text();
        } catch (error) {
          if (!(error instanceof Error)) throw error;
        }
      }
      return undefined;
    },
    kill: async (running) => {
      const app = running.find((each) => each.name === 'page');
      process.kill(Number(app?.instance.split(':')[1]), 'SIGKILL');
    },
    stop: async () => {
      const daemon = Number(readFileSync(join(home, 'pm2.pid'), 'utf8'));
      await runPm2(context, ['kill']);
      for (
        const end = performance.now() + 5_000;
        context.host.machine.alive(daemon) && performance.now() < end;
        await Bun.sleep(25)
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
