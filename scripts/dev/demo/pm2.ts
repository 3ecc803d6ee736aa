// The demo's host without Docker: the services of packages/, run by a pm2 of its own.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { copyFolder, edit, write } from './edit.ts';
import type { Folder } from './folder.ts';
import type { Clones, Demo, Served } from './kind.ts';
import { freePorts, text, untilAnswers } from './look.ts';
import { typed } from './show.ts';

const SERVICES = ['notes', 'api', 'web'] as const;
const PREFIX = 'demo-';

const PIN_NOTES = `// DEMO-1: notes can be pinned; the oldest one is. May run twice.
import { Database } from 'bun:sqlite';
import { join } from 'node:path';

const database = new Database(join(process.env.ASD_ROOT ?? '.', 'packages/notes/data/notes.db'), { readwrite: true });
const columns = database.query('PRAGMA table_info(notes)').all() as Array<{ name: string }>;
if (!columns.some((column) => column.name === 'pinned')) {
  database.transaction(() => {
    database.run('ALTER TABLE notes ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0');
    database.run('UPDATE notes SET pinned = 1 WHERE id = (SELECT min(id) FROM notes)');
  })();
}
console.log('notes: pinned');
`;
const RENAME_TEXT = `// DEMO-2: a column gets a better name. Nobody told the service.
import { Database } from 'bun:sqlite';
import { join } from 'node:path';

const database = new Database(join(process.env.ASD_ROOT ?? '.', 'packages/notes/data/notes.db'), { readwrite: true });
database.run('ALTER TABLE notes RENAME COLUMN text TO body');
`;

export function pm2Demo(folder: Folder): Demo {
  const home = join(folder.path, 'pm2');
  const modules = join(folder.engine, 'node_modules');
  const bun = process.execPath;
  const pm2 = [bun, '--no-env-file', '--no-install', '--bun', join(modules, 'pm2', 'bin', 'pm2')];
  Object.assign(folder.env, {
    PM2_HOME: home,
    PM2_DISCRETE_MODE: 'true',
    PM2_NO_INTERACTION: 'true',
    PM2_DISABLE_VERSION_CHECK: 'true',
  });
  const ports: Record<string, number> = {};
  const url = (service: string, path: string) => `http://127.0.0.1:${ports[service]}${path}`;
  const env = () => ({
    CONTAINER_PREFIX: PREFIX,
    ...Object.fromEntries(SERVICES.map((name) => [`${name.toUpperCase()}_PORT`, String(ports[name])])),
    WEB_TITLE: 'Notes of the crew',
  });

  async function startOne(clones: Clones, name: string): Promise<void> {
    const cwd = join(clones.prod, 'packages', name);
    const ask = async (revision: string) =>
      (await folder.run(['git', 'rev-parse', revision], { cwd, quiet: true })).lines[0] ?? '';
    const own = { ...env(), ASD_TREE: await ask(`HEAD:packages/${name}`), MERGE_SHA: await ask('HEAD') };
    typed(
      `cd packages/${name} && ASD_TREE=$(git rev-parse HEAD:packages/${name}) MERGE_SHA=$(git rev-parse HEAD) pm2 start ecosystem.config.cjs --namespace ${PREFIX}${name}`,
    );
    if (existsSync(join(cwd, 'scripts', 'pre_start_init.ts')))
      await folder.run([bun, 'scripts/pre_start_init.ts'], { cwd, env: own, quiet: true });
    const argv = [...pm2, 'start', 'ecosystem.config.cjs', '--namespace', `${PREFIX}${name}`, '--no-color'];
    const started = await folder.run(argv, { cwd, env: own, quiet: true });
    if (started.code !== 0) throw new Error(`pm2 could not start ${name}: ${started.lines.join(' | ')}`);
    await untilAnswers(url(name, '/health'));
  }

  return {
    title: 'three services on pm2, one with a SQLite database',
    services: SERVICES,
    marks: { page: ['<h1>Notes of the crew</h1>', 'pinned first'], notes: ['Buy rope', '"pinned":1'] },
    version: (sha) => sha,

    async template(dev) {
      for (const name of SERVICES) copyFolder(join(folder.engine, 'packages', name), join(dev, 'packages', name));
    },

    async settings() {
      for (const [at, port] of (await freePorts(SERVICES.length)).entries()) ports[SERVICES[at] ?? ''] = port;
      return Object.entries(env())
        .map(([key, value]) => `${key}=${/\s/.test(value) ? `"${value}"` : value}\n`)
        .join('');
    },

    async start(clones) {
      typed('set -a; . ./.env; set +a');
      for (const name of SERVICES) await startOne(clones, name);
      for (const note of ['Buy rope', 'Check the anchor']) {
        const body = JSON.stringify({ text: note });
        await fetch(url('notes', '/notes'), { method: 'POST', body, signal: AbortSignal.timeout(5_000) });
      }
    },

    goodChange(dev) {
      edit(join(dev, 'packages/web/page.ts'), '</h1>', ', pinned first</h1>');
      edit(
        join(dev, 'packages/notes/store.ts'),
        "all: () => database.query('SELECT * FROM notes ORDER BY id').all(),",
        `// The column comes with DEMO-1's script, which runs after this version has started: so it works without, too.
    all: () => {
      const notes = database.query<{ id: number; text: string; pinned?: number }, []>('SELECT * FROM notes ORDER BY id').all();
      return notes.sort((a, b) => (b.pinned ?? 0) - (a.pinned ?? 0));
    },`,
      );
      write(join(dev, 'releases/DEMO-1-pin-notes.ts'), PIN_NOTES);
      return 'DEMO-1: notes can be pinned';
    },

    badChange(dev) {
      edit(join(dev, 'packages/notes/server.ts'), 'a note needs a text', 'a note needs a body');
      write(join(dev, 'releases/DEMO-2-rename-text.ts'), RENAME_TEXT);
      return 'DEMO-2: a note has a body';
    },

    async look(): Promise<Served> {
      const versions: Record<string, string> = {};
      for (const name of SERVICES) versions[name] = (await text(url(name, '/version'))).trim();
      return { versions, page: await text(url('web', '/')), notes: await text(url('notes', '/notes')) };
    },

    proof: ({ prod }) => ({
      prefix: '',
      pm2,
      databases: { notes: { kind: 'sqlite', path: join(prod, 'packages/notes/data/notes.db') } },
      urls: [...SERVICES.map((name) => url(name, '/version')), url('web', '/'), url('notes', '/notes')],
    }),

    kept: [
      `Look at it:  cd ${folder.path}/prod && PM2_HOME=${home} just release-list`,
      `End it:      PM2_HOME=${home} ${join(modules, '.bin', 'pm2')} kill; rm -r ${folder.path}`,
    ],

    async stop() {
      if (!existsSync(home)) return;
      const child = Bun.spawn([...pm2, 'kill'], {
        env: folder.env,
        stdio: ['ignore', 'ignore', 'ignore'],
        timeout: 15_000,
      });
      await child.exited;
    },
  };
}
