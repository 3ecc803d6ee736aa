// The simulated host as it is before anything happens: a remote, a checkout, a `.env`, and services that run.
import { join } from 'node:path';
import { stringify } from 'yaml';
import { COMPOSE, compose } from './compose.ts';
import { Disk } from './disk.ts';
import { VOLUMES } from './docker-api.ts';
import { Containers, imageId } from './docker-state.ts';
import { GitObjects } from './git-objects.ts';
import { type Checkout, indexData } from './git-repository.ts';
import { makeWorld, type World } from './world.ts';

export const ROOT = '/srv/prod';
export const ORIGIN = '/srv/origin.git';
export const ENGINE = '/opt/belay';
export const BACKUPS = `${ROOT}/.asd/workspace/backups`;
const BEGIN_MS = Date.UTC(2026, 0, 2, 3, 0, 0);
const FIRST_PORT = 8101;

export type Files = Record<string, string | null>;

export interface ServiceSpec {
  /** What the image is tagged with; `sick...` is unhealthy. */
  version: string;
  /** Keys of the manifest over what is there by default. */
  manifest?: Record<string, unknown>;
  files?: Files;
  /** A second container of role database, with a volume of its own. */
  database?: boolean;
}

const portOf = (name: string): number => FIRST_PORT + (name.charCodeAt(0) - 'a'.charCodeAt(0));

/** The files of a service's package, below `packages/`. */
export function packageFiles(
  name: string,
  { version, manifest = {}, files = {}, database = false }: ServiceSpec,
): Files {
  const variable = `${name.toUpperCase()}_PORT`;
  const own = {
    name,
    priority: 10,
    installation: { status: 'installed' },
    containers: [
      { name, role: 'app', service: 'web' },
      ...(database ? [{ name: `${name}-db`, role: 'database', service: 'db' }] : []),
    ],
    image: { name: `registry.local/${name}`, tag: version },
    requirements: { port_env: [{ env: variable, default: portOf(name) }] },
    backup: { enabled: true, type: ['volume', 'config'], volumes: [{ suffix: 'files' }] },
    health: { endpoint: '/health', timeout: '5s', stable_for: '0s', version_endpoint: '/version' },
    ...manifest,
  };
  const services = {
    web: {
      image: `registry.local/${name}:${version}`,
      environment: { MOOD: '${MOOD:-}' },
      ports: [
        {
          target: 8080,
          published: `\${${variable}:-${portOf(name)}}`,
          host_ip: '127.0.0.1',
          mode: 'ingress',
          protocol: 'tcp',
        },
      ],
      volumes: [{ type: 'volume', source: 'files', target: '/files' }],
    },
    ...(database
      ? { db: { image: 'registry.local/db:1', volumes: [{ type: 'volume', source: 'data', target: '/data' }] } }
      : {}),
  };
  const volumes = { files: {}, ...(database ? { data: {} } : {}) };
  const all: Files = {
    'manifest.yaml': stringify(own),
    'docker-compose.yaml': stringify({ services, volumes }),
    ...files,
  };
  return Object.fromEntries(Object.entries(all).map(([path, text]) => [`packages/${name}/${path}`, text]));
}

/** A repository's view for the world's own making: nothing of it counts as an effect. */
const quietly = (world: World, gitDir: string, root: string): Checkout => ({
  world,
  gitDir,
  commonDir: gitDir,
  root,
  indexFile: join(gitDir, 'index'),
  durable: true,
  step: () => undefined,
});

function put(world: World, path: string, text: string | Uint8Array, mode = 0o644): void {
  const { disk } = world;
  const parts = path.split('/').slice(1, -1);
  for (let at = 1; at <= parts.length; at += 1) {
    const folder = `/${parts.slice(0, at).join('/')}`;
    if (disk.find(folder) === undefined) disk.create(folder, 'folder', 0o755);
  }
  const inode = disk.find(path) ?? disk.create(path, 'file', mode);
  disk.write(inode, typeof text === 'string' ? Buffer.from(text) : text);
}

/** Commits files over what origin's branch has, as a developer elsewhere does. @returns the commit. */
export function pushCommit(world: World, files: Files, message: string, branch = 'main'): string {
  const { objects, disk } = world;
  const ref = `${ORIGIN}/refs/heads/${branch}`;
  const from = disk.find(ref) ?? disk.find(`${ORIGIN}/refs/heads/main`);
  const parent = from === undefined ? undefined : new TextDecoder().decode(from.data).trim();
  const all = new Map(parent === undefined ? [] : objects.files(parent));
  for (const [path, text] of Object.entries(files)) {
    if (text === null)
      for (const known of [...all.keys()])
        if (known === path || known.startsWith(path.endsWith('/') ? path : `${path}\0`)) all.delete(known);
    if (text !== null) all.set(path, { mode: '100644', id: objects.blob(Buffer.from(text)) });
  }
  const id = objects.commit({
    tree: objects.tree(all),
    parents: parent === undefined ? [] : [parent],
    message,
    author: 'Developer <developer@example.org>',
    time: Math.floor(world.clock.now() / 1000),
  });
  put(world, ref, `${id}\n`);
  disk.settle();
  for (const text of Object.values(files)) learnImages(world, text ?? '');
  return id;
}

/** Whatever a compose file names is on the host. */
function learnImages(world: World, text: string): void {
  for (const [, ref = ''] of text.matchAll(/^ *image: (\S+:\S+)$/gm)) {
    world.containers.images.add(imageId(ref));
    if (!world.containers.tags.has(ref)) world.containers.tags.set(ref, imageId(ref));
  }
}

/** @param config keys of .asd/release.yaml. @param objects shared between worlds: an object's name says what is in it. */
export function beginWorld(
  services: Readonly<Record<string, ServiceSpec>>,
  options: { config?: Record<string, unknown>; seed?: number; objects?: GitObjects } = {},
): World {
  const world = makeWorld({
    disk: new Disk(),
    objects: options.objects ?? new GitObjects(),
    containers: new Containers(),
    nowMs: BEGIN_MS,
    seed: options.seed ?? 1,
  });
  const { disk, objects } = world;
  disk.nowMs = BEGIN_MS;
  const files: Files = {
    justfile: `import '${ENGINE}/justfile'\n`,
    '.gitignore': '.asd/workspace/\n.env\n',
    '.asd/release.yaml': stringify({ branch: 'main', ...options.config }),
    ...Object.assign({}, ...Object.entries(services).map(([name, spec]) => packageFiles(name, spec))),
  };
  put(world, `${ORIGIN}/HEAD`, 'ref: refs/heads/main\n');
  const first = pushCommit(world, files, 'first');
  const git = join(ROOT, '.git');
  put(world, `${git}/HEAD`, 'ref: refs/heads/main\n');
  put(world, `${git}/refs/heads/main`, `${first}\n`);
  put(world, `${git}/refs/remotes/origin/main`, `${first}\n`);
  put(world, `${git}/refs/asd/.keep`, '');
  put(world, `${git}/config`, `remote.origin.url=${ORIGIN}\nuser.name=Operator\nuser.email=operator@example.org\n`);
  const tracked = objects.files(first);
  for (const [path, { id }] of tracked) put(world, join(ROOT, path), objects.blobData(id));
  put(world, quietly(world, git, ROOT).indexFile, indexData(tracked));
  put(world, join(ROOT, '.env'), 'CONTAINER_PREFIX=sim-\nMOOD=calm\nAPI_TOKEN=not-for-anybody\n', 0o600);
  put(world, join(ROOT, '.asd/workspace/engine/0123456789abcdef/frozen.json'), '{}');
  put(world, `${ENGINE}/package.json`, '{}');
  put(world, COMPOSE, 'the program', 0o755);
  put(world, `${VOLUMES}/.keep`, '');
  disk.settle();
  for (const name of Object.keys(services)) startByHand(world, name);
  disk.settle();
  return world;
}

/** As an operator starts a service for the first time, with some data in its volumes. */
export function startByHand(world: World, name: string): void {
  const file = join(ROOT, 'packages', name, 'docker-compose.yaml');
  const argv = ['docker-compose', '-p', `sim-${name}`, '-f', file, '--env-file', join(ROOT, '.env'), 'up', '--detach'];
  const done = compose({ world, argv, cwd: '/', env: {}, input: new Uint8Array(), step: () => undefined });
  if (done.code !== 0) throw new Error(done.stderr.join('\n'));
  for (const volume of world.containers.volumes) {
    if (!volume.startsWith(`sim-${name}_`) || world.disk.list(`${VOLUMES}/${volume}/_data`).length > 0) continue;
    put(world, `${VOLUMES}/${volume}/_data/notes.txt`, `first data of ${volume}\n`, 0o640);
    put(world, `${VOLUMES}/${volume}/_data/deep/er/list`, 'one\ntwo\n');
  }
  for (const path of world.disk.below(VOLUMES)) world.disk.attribute(world.disk.get(path), { uid: 999 });
}

/** What users do: a file changes, one comes, one goes. */
export function writeData(world: World, service: string, text: string): void {
  const data = `${VOLUMES}/sim-${service}_files/_data`;
  world.clock.tick(5_000);
  world.disk.nowMs = world.clock.now();
  put(world, `${data}/notes.txt`, `${text}\n`);
  put(world, `${data}/new`, text);
  world.disk.unlink(`${data}/deep/er/list`);
  world.disk.settle();
}

/** Another world that is as this one, and goes its own way. */
export function copyWorld(world: World, seed: number): World {
  const other = makeWorld({
    disk: world.disk.copy(),
    objects: world.objects,
    containers: world.containers.copy(),
    nowMs: world.clock.now(),
    seed,
  });
  other.pid = world.pid;
  other.bootId = world.bootId;
  other.bootedMs = world.bootedMs;
  other.helpers = new Set(world.helpers);
  other.processes = new Set(world.processes);
  return other;
}
