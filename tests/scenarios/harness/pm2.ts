// The pm2 side: an HTTP server of a few lines, on a pm2 of the host's own.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kind, Place } from './kind.ts';
import { descendants, isHeld, mustRun } from './process.ts';

const server = (variable: string) => `import { existsSync } from 'node:fs';
import { label } from './label.ts';

const isSick = () =>
  (label.startsWith('sick') && process.env.${variable}_MOOD !== 'healed') ||
  (label.startsWith('fades') && existsSync(import.meta.dir + '/../../../faded'));
Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.env.${variable}_PORT),
  routes: {
    '/health': () => (isSick() ? new Response('sick', { status: 503 }) : new Response('ok')),
    '/version': () => new Response(process.env.MERGE_SHA ?? ''),
    '/label': () => new Response(label),
  },
});
process.on('SIGINT', () => process.exit(0));
`;
const STORE = `process.on('SIGINT', () => process.exit(0));\nsetInterval(() => {}, 60_000);\n`;

interface Listed {
  name: string;
  pid: number;
  pm2_env: { namespace: string; ASD_TREE?: string };
}

export function pm2Kind(place: Place): Kind {
  const home = join(place.folder, 'pm2');
  const bun = process.execPath;
  const program = join(place.engine, 'node_modules', 'pm2', 'bin', 'pm2');
  const pm2 = [bun, '--no-env-file', '--no-install', '--bun', program];
  Object.assign(place.env, {
    PM2_HOME: home,
    PM2_DISCRETE_MODE: 'true',
    PM2_NO_INTERACTION: 'true',
    PM2_DISABLE_VERSION_CHECK: 'true',
  });
  const upper = (service: string) => service.toUpperCase().replaceAll('-', '_');
  const git = (...args: string[]) => mustRun(['git', ...args], place.prod, place.env);
  const list = async (): Promise<Listed[]> => {
    const text = await mustRun([...pm2, 'jlist'], '/', place.env);
    return JSON.parse(text.slice(text.lastIndexOf('\n') + 1)) as Listed[];
  };
  const daemon = () => (existsSync(join(home, 'pm2.pid')) ? Number(readFileSync(join(home, 'pm2.pid'), 'utf8')) : 0);
  const apps = async (service: string, tree: string) => {
    const cwd = join(place.prod, 'packages', service);
    const common = {
      interpreter: bun,
      namespace: `${place.prefix}${service}`,
      env: { ...place.env, ...settings(), ASD_TREE: tree, MERGE_SHA: await git('rev-parse', 'HEAD') },
    };
    const file = `delete require.cache[process.argv[1]]; console.log(JSON.stringify(require(process.argv[1]).apps))`;
    const own = JSON.parse(
      await mustRun(
        [
          bun,
          '--no-env-file',
          '--config=/dev/null',
          '--tsconfig-override=/dev/null',
          '-e',
          file,
          join(cwd, 'ecosystem.config.cjs'),
        ],
        cwd,
        { ...place.env, ...settings() },
      ),
    ) as Array<{ env?: Record<string, string> }>;
    return own.map((app) => ({ ...app, ...common, env: { ...common.env, ...app.env } }));
  };
  const settings = (): Record<string, string> =>
    Object.fromEntries(
      readFileSync(join(place.prod, '.env'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('='))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  const startAll = async (all: unknown[]) => {
    const file = join(place.folder, 'start.config.json');
    writeFileSync(file, JSON.stringify({ apps: all }));
    await mustRun([...pm2, 'start', file, '--no-color'], '/', place.env);
  };

  return {
    versionPath: '/label',
    manifest: async (service, _version, { database }) => ({
      runtime: 'pm2',
      containers: [{ name: service, role: 'app' }, ...(database ? [{ name: `${service}-db`, role: 'database' }] : [])],
    }),
    files(service, version, { database }) {
      const own = `{ name: '${service}', script: 'server.ts', cwd: __dirname, kill_timeout: 3000 }`;
      const store = database
        ? `, { name: '${service}-db', script: 'store.ts', cwd: __dirname, kill_timeout: 3000 }`
        : '';
      return {
        'ecosystem.config.cjs': `module.exports = { apps: [${own}${store}] };\n`,
        'server.ts': server(upper(service)),
        'label.ts': `export const label = ${JSON.stringify(version)};\n`,
        ...(database ? { 'store.ts': STORE } : {}),
      };
    },
    async start(services) {
      const tree = (service: string) => git('rev-parse', `HEAD:packages/${service}`);
      const all = await Promise.all(services.map(async (service) => apps(service, await tree(service))));
      await startAll(all.flat());
    },
    async instances(service) {
      const mine = (await list()).filter((each) => each.pm2_env.namespace === `${place.prefix}${service}`);
      return mine
        .map((each) => ({
          component: each.name,
          id: String(each.pid),
          image: each.pm2_env.ASD_TREE ?? '',
          paused: isHeld(each.pid),
        }))
        .toSorted((a, b) => (a.component < b.component ? -1 : 1));
    },
    async impose(service, version) {
      const tree = new Bun.CryptoHasher('sha1').update(version).digest('hex');
      for (const { name } of await apps(service, tree).then((all) => all as Array<{ name?: string }>))
        await mustRun([...pm2, 'delete', String(name)], '/', place.env);
      await startAll(await apps(service, tree));
    },
    volumes: async () => [],
    keepers: () => (daemon() === 0 ? [] : [daemon(), ...descendants(daemon())]),
    async stop() {
      if (daemon() !== 0) await mustRun([...pm2, 'kill'], '/', place.env);
    },
  };
}
