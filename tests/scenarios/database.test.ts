// A database beside an app: it stays up while only the app changes, and is made anew where its own configuration or image does.
import { expect, test } from 'bun:test';
import type { ScenarioHost } from './harness/host.ts';
import type { Files, RuntimeName } from './harness/kind.ts';
import { mustRun } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

/** The app, and what makes the database another one: its configuration, its folder's content (pm2) or its image's tag (Compose). */
interface Version {
  app: string;
  database?: { config?: string; content?: string };
}

async function files(h: ScenarioHost, runtime: RuntimeName, { app, database = {} }: Version): Promise<Files> {
  const { config = 'one', content = 'db' } = database;
  const made = await h.service('alpha', app);
  if (runtime === 'pm2') {
    const apps = `module.exports = { apps: [
  { name: 'alpha', script: 'server.ts', cwd: __dirname, kill_timeout: 3000 },
  { name: 'alpha-db', script: 'store.ts', cwd: __dirname + '/db', kill_timeout: 3000, env: { CONFIG: '${config}' } },
] };\n`;
    const store = `process.on('SIGINT', () => process.exit(0));\nsetInterval(() => {}, 60_000);\n// ${content}\n`;
    return {
      ...made,
      'packages/alpha/ecosystem.config.cjs': apps,
      'packages/alpha/store.ts': null,
      'packages/alpha/db/store.ts': store,
    };
  }
  const path = 'packages/alpha/docker-compose.yaml';
  const text = (made[path] ?? '').replace(/(image: \S+:)db\n/, `$1${content}\n    labels: { config: '${config}' }\n`);
  return { ...made, [path]: text };
}

/** Id and start time of each component. */
async function standing(h: ScenarioHost): Promise<Record<string, string>> {
  const instances = await h.instances('alpha');
  return Object.fromEntries(
    await Promise.all(
      instances.map(async ({ component, id }) => {
        const since =
          h.runtime === 'pm2'
            ? await mustRun(['ps', '-o', 'lstart=', '-p', id], h.folder, h.env)
            : await mustRun(['docker', 'inspect', '--format', '{{.State.StartedAt}} {{.Image}}', id], h.folder, h.env);
        return [component.endsWith('db') ? 'db' : 'app', `${id} ${since}`] as const;
      }),
    ),
  );
}

onBoth('database', { services: { alpha: { database: true } } }, (host, runtime) => {
  const release = async (ticket: string, changed: Files, app: string) => {
    const h = host();
    await h.push(changed);
    const done = await h.run('run', [ticket]);
    expect(done.text).toContain(`Released ${ticket}`);
    expect(done.code).toBe(0);
    expect(await h.httpVersion('alpha')).toBe(app);
    return { text: done.text, now: await standing(h) };
  };

  test('it is made anew only where it is another one', async () => {
    const h = host();
    const first = await release('DB-1', await files(h, runtime, { app: '2' }), '2');
    const app = await release('DB-2', await files(h, runtime, { app: '3' }), '3');
    expect(app.now.db).toBe(first.now.db ?? '');
    expect(app.now.app).not.toBe(first.now.app ?? '');
    expect(app.text).not.toContain('holds data and will be recreated');

    const config = await release('DB-3', await files(h, runtime, { app: '3', database: { config: 'two' } }), '3');
    expect(config.now.db).not.toBe(app.now.db ?? '');

    // The same release again, by name: the app starts anew, its database does not.
    expect((await h.run('run', ['DB-4', '--services=alpha'])).code).toBe(0);
    const again = await standing(h);
    expect(again.db).toBe(config.now.db ?? '');
    expect(again.app).not.toBe(config.now.app ?? '');
  });

  test('another image of it, or another content of its folder', async () => {
    const h = host();
    const before = await standing(h);
    if (runtime === 'compose') {
      const repository = `${h.prefix.replace(/-$/, '')}/alpha`;
      const [container = ''] = (before.db ?? '').split(' ');
      const commit = (tag: string) =>
        mustRun(['docker', 'commit', '--pause=false', container, `${repository}:${tag}`], h.folder, h.env);
      await commit('other');
      // Somebody moves its tag: the compose file names the same one, so that is no change of the release.
      const changed = await files(h, runtime, { app: '4', database: { config: 'two' } });
      await commit('db');
      const moved = await release('DB-5', changed, '4');
      expect(moved.now.db).toBe(before.db ?? '');
    }
    const changed = await files(h, runtime, { app: '5', database: { config: 'two', content: 'other' } });
    const other = await release('DB-6', changed, '5');
    expect(other.now.db).not.toBe(before.db ?? '');
  });
});
