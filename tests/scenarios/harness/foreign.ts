// Twelve Compose projects as somebody starts them by hand over the years, each in a folder of its own; the engine has never heard of them.
import { Database } from 'bun:sqlite';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE_IMAGE, importDatabases } from '../../../scripts/dev/engine/databases.ts';
import { buildFixtureImages } from '../../../scripts/dev/engine/images.ts';
import type { TestEngine } from '../../../scripts/dev/engine/test-engine.ts';
import { write } from './files.ts';
import { freePorts } from './ports.ts';
import { mustRun, until } from './process.ts';

const WEB = 'foreign/web:1';

/** Folder -> how it was started there, after `docker compose`. */
const STARTED: Record<string, string[]> = {
  proxy: ['up'],
  wiki: ['up'],
  tracker: ['up'],
  chat: ['-p', 'chat-live', '--env-file', 'chat.env', 'up'],
  board: ['up'],
  files: ['up'],
  photos: ['up'],
  viewer: ['up'],
  blog: ['up'],
  jobs: ['--profile', 'batch', 'up'],
  vault: ['up'],
  shop: ['up'],
};
const web = (more: string) =>
  `  app:\n    image: ${WEB}\n    init: true\n    ports: ["127.0.0.1:\${PORT}:8080"]\n${more}`;

function filesOf(folder: string, port: (name: string) => number): Record<string, string> {
  const env = (name: string, more = '') => ({ [`${name}/.env`]: `PORT=${port(name)}\nGREETING=from ${name}\n${more}` });
  const compose = (name: string, text: string, file = 'docker-compose.yml') => ({ [`${name}/${file}`]: text });
  return {
    // Lends its network to the blog.
    ...compose('proxy', `services:\n${web('    networks: [front]\n')}networks: { front: { name: front } }\n`),
    ...env('proxy'),
    // Named after its folder, data beside the file.
    ...compose(
      'wiki',
      `services:\n${web('    environment: { GREETING: "${GREETING}" }\n    volumes: ["./data:/data", "${PWD}/pages:/pages"]\n')}`,
    ),
    ...env('wiki'),
    'wiki/data/page.txt': 'first page\n',
    'wiki/pages/second.txt': 'second page\n',
    ...compose('tracker', `name: tracker-prod\nservices:\n${web('    volumes: [db:/db]\n')}volumes: { db: {} }\n`),
    ...env('tracker'),
    ...compose(
      'chat',
      `services:\n${web('    volumes: [rooms:/rooms]\n    labels: { shown: "yes" }\n')}volumes: { rooms: {} }\n`,
      'compose.yaml',
    ),
    'chat/chat.env': `PORT=${port('chat')}\n`,
    'chat/.env': 'PORT=1\n',
    // Stopped since last year.
    ...compose('board', `services:\n${web('    container_name: board_app\n    volumes: ["./posts:/posts"]\n')}`),
    ...env('board'),
    'board/posts/1.txt': 'hello\n',
    ...compose('files', `services:\n${web(`    volumes: ["${folder}/srv/files:/files"]\n`)}`),
    ...env('files'),
    'srv/files/report.txt': 'numbers\n',
    ...compose(
      'photos',
      `services:\n${web('    volumes: [media:/media]\n')}volumes: { media: { external: true, name: media } }\n`,
    ),
    ...env('photos'),
    ...compose(
      'viewer',
      `services:\n${web('    volumes: [pictures:/media]\n')}volumes: { pictures: { external: true, name: media } }\n`,
    ),
    ...env('viewer'),
    ...compose(
      'blog',
      `services:\n${web('    networks: [default, front]\n')}networks: { front: { external: true } }\n`,
    ),
    ...compose(
      'blog',
      'services:\n  app:\n    environment: { THEME: dark, FRONT: "http://proxy-app-1:8080" }\n',
      'docker-compose.override.yml',
    ),
    ...env('blog'),
    ...compose(
      'jobs',
      `services:\n${web('')}  worker:\n    image: ${WEB}\n    init: true\n    profiles: [batch]\n    volumes: [queue:/queue]\n  shell:\n    image: ${WEB}\n    profiles: [debug]\nvolumes: { queue: {} }\n`,
    ),
    ...env('jobs'),
    ...compose(
      'vault',
      `services:\n${web('    env_file: [app.env]\n    secrets: [token]\n')}secrets: { token: { file: ./token.txt } }\n`,
      'compose.yml',
    ),
    ...compose('vault', 'services:\n  app:\n    volumes: ["./prod/conf:/conf:ro"]\n', 'prod/compose.yml'),
    ...env('vault', 'COMPOSE_FILE=compose.yml:prod/compose.yml\n'),
    'vault/app.env': 'API_KEY=kept-in-a-file-of-its-own\n',
    'vault/token.txt': 'token-in-a-file\n',
    'vault/prod/conf/a.conf': 'a\n',
    ...compose(
      'shop',
      `services:\n${web('    environment: { DATABASE_URL: "postgres://shop:${SHOP_PASSWORD}@db/shop" }\n    depends_on: [db]\n')}  db:\n    image: ${DATABASE_IMAGE}\n    command: [postgres]\n    environment: { POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD: "\${SHOP_PASSWORD}" }\n    volumes: [data:/var/lib/postgresql/data]\nvolumes: { data: {} }\n`,
    ),
    ...env('shop', 'SHOP_PASSWORD=correct-horse\n'),
  };
}

export type Foreign = Awaited<ReturnType<typeof startForeign>>;

/** @param folder in which each project gets a folder. @param engine nobody else's: everything that it has is looked at. */
export async function startForeign(folder: string, engine: TestEngine, env: Record<string, string>) {
  const names = Object.keys(STARTED);
  const ports = freePorts(names.length);
  const port = (name: string): number => ports[names.indexOf(name)] ?? 0;
  const docker = (...argv: string[]) => mustRun(['docker', ...argv], folder, env);
  await Promise.all([buildFixtureImages(engine, { prefix: 'foreign', versions: ['1', '2'] }), importDatabases(engine)]);
  write(folder, filesOf(folder, port));
  await docker('volume', 'create', 'media');
  const place = async (volume: string) => await docker('volume', 'inspect', '--format', '{{.Mountpoint}}', volume);
  writeFileSync(join(await place('media'), 'cat.jpg'), 'a cat\n');
  for (const [name, words] of Object.entries(STARTED))
    await mustRun(['docker', 'compose', ...words, '--detach', '--quiet-pull'], join(folder, name), {
      ...env,
      PWD: join(folder, name),
    });
  const db = new Database(join(await place('tracker-prod_db'), 'tracker'));
  db.run('create table tickets (name text)');
  db.run("insert into tickets values ('the first one')");
  db.close();
  writeFileSync(join(await place('chat-live_rooms'), 'hall.txt'), 'good morning\n');
  const sql = (text: string) =>
    docker('exec', '-e', 'PGPASSWORD=correct-horse', 'shop-db-1', 'psql', '-U', 'shop', '-d', 'shop', '-Atc', text);
  await until('PostgreSQL answers', async () => {
    try {
      return await sql('select 1');
    } catch (error) {
      if (error instanceof Error) return undefined;
      throw error;
    }
  });
  await sql("create table orders (what text); insert into orders values ('tea'), ('coffee')");
  await docker('stop', 'board_app');

  const lines = async (...argv: string[]) =>
    (await docker(...argv))
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  return {
    folder,
    port,
    docker,
    sql,
    /** Container ids and states by name, and how often they were started. */
    async containers(): Promise<Record<string, string>> {
      const ids = await lines('ps', '--all', '--quiet', '--no-trunc');
      const found = JSON.parse(await docker('inspect', ...ids)) as Array<{
        Name: string;
        Id: string;
        RestartCount: number;
        State: { Status: string; StartedAt: string };
      }>;
      return Object.fromEntries(
        found.map((each) => [
          each.Name.slice(1),
          `${each.Id} ${each.State.Status} ${each.State.StartedAt} ${each.RestartCount}`,
        ]),
      );
    },
    volumes: () => lines('volume', 'ls', '--quiet'),
    networks: () => lines('network', 'ls', '--no-trunc', '--format', '{{.ID}} {{.Name}}'),
    images: async () => [...new Set(await lines('image', 'ls', '--all', '--quiet', '--no-trunc'))],
    tags: () => lines('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}'),
    /** Every byte of data, where it is: binds, volumes, and rows. */
    async data(): Promise<string> {
      const volumes = await Promise.all(
        ['media', 'tracker-prod_db', 'chat-live_rooms', 'jobs_queue'].map(async (name) => tree(await place(name))),
      );
      return [
        ...volumes,
        tree(folder, /^(?:prod|dev|origin\.git|origin)(?:\/|$)/),
        await sql('select * from orders order by 1'),
      ].join('\n');
    },
  };
}

/** Every file of a folder: mode, owner, time of change, content. */
function tree(folder: string, without = /^$/): string {
  const found: string[] = [];
  const walk = (below: string): void => {
    for (const name of readdirSync(join(folder, below)).sort()) {
      const path = join(below, name);
      if (without.test(path)) continue;
      const full = join(folder, path);
      const stat = lstatSync(full);
      const about = `${path} ${stat.mode.toString(8)} ${stat.uid}:${stat.gid}`;
      if (stat.isSymbolicLink()) found.push(`${about} -> ${readlinkSync(full)}`);
      else if (stat.isDirectory()) {
        found.push(about);
        walk(path);
      } else found.push(`${about} ${stat.mtimeMs} ${createHash('sha256').update(readFileSync(full)).digest('hex')}`);
    }
  };
  if (existsSync(folder)) walk('');
  return `${folder}\n${found.join('\n')}`;
}

/** A checkout for the host, with nothing in it but the engine's justfile. */
export async function emptyHost(folder: string, engine: string, env: Record<string, string>) {
  const [prod, dev, origin] = [join(folder, 'prod'), join(folder, 'dev'), join(folder, 'origin.git')];
  const git = (cwd: string, ...args: string[]) => mustRun(['git', ...args], cwd, env);
  mkdirSync(dev, { recursive: true });
  await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', origin);
  await git(dev, 'init', '--quiet', '--initial-branch=main');
  await git(dev, 'remote', 'add', 'origin', origin);
  write(dev, { justfile: `import '${engine}/justfile'\n`, '.gitignore': '.asd/workspace/\n.env\n' });
  await git(dev, 'add', '--all');
  for (const place of [dev]) await identify(place);
  await git(dev, 'commit', '--quiet', '--message', 'an empty host');
  await git(dev, 'push', '--quiet', '--set-upstream', 'origin', 'HEAD:main');
  await git(folder, 'clone', '--quiet', origin, prod);
  await identify(prod);
  return { prod, dev, git };

  async function identify(place: string): Promise<void> {
    await git(place, 'config', 'user.name', 'Operator');
    await git(place, 'config', 'user.email', 'operator@example.org');
  }
}
