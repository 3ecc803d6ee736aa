// Forty secrets on a host whose hooks, commands, services and remote tell them in every way. Not one is seen: printed, in a record, in a notice, or among the arguments of a process.
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CANARIES, secretOf } from '../../scripts/dev/torture/canaries.ts';
import { type GitServer, serveGit } from '../../scripts/host/git/fixture-http.ts';
import {
  BACKUP_SH,
  CONTROL,
  canary,
  envLines,
  given,
  leaksIn,
  REMOTE,
  ROWS,
  TELLS_SH,
  tells,
  tellsFirst,
  WEBHOOK,
  watchArguments,
  writtenBelow,
} from './harness/canaries.ts';
import type { ScenarioHost } from './harness/host.ts';
import type { Files, RuntimeName } from './harness/kind.ts';
import { runCommand, until } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

const notices: string[] = [];
const address = `/${encodeURIComponent(secretOf(canary(WEBHOOK)))}`;
const webhook = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    if (new URL(request.url).pathname === address) notices.push(await request.text());
    return new Response('ok');
  },
});
afterAll(async () => await webhook.stop(true));

const env = { ...envLines, OPS: `http://127.0.0.1:${webhook.port}${address}` };
const config = {
  notify: [{ url_env: 'OPS', events: ['started', 'halted', 'released', 'reverted', 'awaiting-confirm'] }],
  after_confirm: [['bash', 'tell.sh']],
};
const rows = CANARIES.map(secretOf).join('\n');

/** What the service is asked at, with secrets in the address. */
const health = {
  endpoint: `/health?token=\${${canary(0).name}}`,
  version_endpoint: `/version?key=\${${canary(10).name}}`,
  timeout: '30s',
  stable_for: '0s',
};
const backup = (runtime: RuntimeName) => ({
  enabled: true,
  type: ['config', 'command', runtime === 'pm2' ? 'database' : 'volume'],
  command: { backup: ['bash', 'save.sh'], verify: ['bash', 'tell.sh'], restore: ['bash', 'tell.sh'] },
  ...(runtime === 'pm2' ? {} : { volumes: [{ suffix: 'files' }] }),
});
const manifest = (runtime: RuntimeName) => ({
  health,
  backup: backup(runtime),
  ...(runtime === 'pm2' ? { database: { type: 'sqlite', path: 'alpha/app.db' } } : {}),
});
const hooks: Files = Object.fromEntries(
  ['preflight', 'pre_start_init', 'post_start_init', 'ensure-config'].map((name) => [`scripts/${name}.ts`, tells()]),
);
const restored: Files = { 'scripts/post_data_restore.sh': TELLS_SH };
const own: Files = { 'save.sh': BACKUP_SH, 'tell.sh': TELLS_SH };

onBoth(
  'canaries',
  (runtime) => ({
    services: { alpha: { files: own, manifest: manifest(runtime) } },
    env,
    config,
    files: { 'tell.sh': TELLS_SH },
    cloned: (prod) => {
      mkdirSync(join(prod, '.asd/workspace/alpha'), { recursive: true, mode: 0o700 });
      writeFileSync(join(prod, '.asd/workspace/alpha/rows.txt'), rows);
      const db = new Database(join(prod, '.asd/workspace/alpha/app.db'));
      db.run('CREATE TABLE secrets (text)');
      for (const row of rows.split('\n')) db.run('INSERT INTO secrets VALUES (?)', [row]);
      db.close();
    },
  }),
  (host, runtime) => {
    const said: Array<[what: string, text: string]> = [];
    const just = async (words: string[], codes: readonly number[]) => {
      const h = host();
      const done = await runCommand(['just', ...words], h.prod, h.env);
      said.push([`just ${words.join(' ')}`, done.text]);
      expect([words, done.code, codes.includes(done.code) ? '' : done.text]).toEqual([words, done.code, '']);
      return done;
    };
    /** Everything that reads records, as text and as JSON. */
    const look = async (ticket: string) => {
      for (const verb of ['release-state', 'release-log', 'release-report'])
        for (const json of [[], ['--json']]) await just([verb, ticket, ...json], [0]);
    };
    const lookAround = async () => {
      for (const verb of ['release-list', 'release-backups', 'release-check', 'doctor'])
        for (const json of [[], ['--json']]) await just([verb, ...json], [0, 1, 2, 4, 5]);
    };
    /** What the service was started with. */
    const environment = async (h: ScenarioHost): Promise<Record<string, string>> => {
      const [{ id } = { id: '' }] = await h.instances('alpha');
      const inspected = await h.docker?.('inspect', '--format', '{{json .Config.Env}}', id);
      const lines: string[] = inspected
        ? JSON.parse(inspected.stdout)
        : readFileSync(`/proc/${id}/environ`, 'utf8').split('\0');
      return Object.fromEntries(
        lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
    };
    /** Hooks of a version, the service's own program telling as well. */
    const version = async (h: ScenarioHost, name: string, hooks: Files, more: Record<string, unknown> = {}) => {
      await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
      const made = await h.service('alpha', name, { files: { ...own, ...hooks }, manifest: more });
      const path = `packages/alpha/${runtime === 'pm2' ? 'server.ts' : 'docker-compose.yaml'}`;
      return { ...made, [path]: telling(runtime, made[path] ?? '') };
    };
    const everything = (h: ScenarioHost): Array<[string, string]> => [
      ...said,
      ...notices.map((text, at): [string, string] => [`notice ${at}`, text]),
      ...writtenBelow(h.prod).flatMap(({ path, text }): Array<[string, string]> => (text ? [[path, text]] : [])),
    ];
    /** Not seen, and what is not secret is: the search finds what there is. */
    const nothingSeen = (h: ScenarioHost, where: readonly RegExp[]) => {
      const all = everything(h);
      expect(leaksIn(all)).toEqual([]);
      const controls = leaksIn(all, [CONTROL]);
      for (const pattern of where)
        expect([pattern.source, controls.some((each) => pattern.test(each))]).toEqual([pattern.source, true]);
      for (const { path, mode, isFolder } of writtenBelow(h.prod))
        expect([path, mode.toString(8)]).toEqual([path, isFolder ? '700' : '600']);
    };

    let remote: GitServer;
    let watch: ReturnType<typeof watchArguments>;
    beforeAll(() => {
      const h = host();
      watch = watchArguments();
      remote = serveGit(h.folder, { user: 'deploy', password: secretOf(canary(REMOTE)) }, () => watch.look());
      setOrigin(h, remote.url('origin.git'));
    });
    afterAll(async () => {
      watch.stop();
      await remote[Symbol.asyncDispose]();
    });

    test('the host knows all of them, and each would be found', () => {
      const { prod } = host();
      const text = readFileSync(join(prod, '.env'), 'utf8');
      for (const [n, each] of CANARIES.entries()) {
        if (n < ROWS) expect(text).toContain(each.value);
        const secret = secretOf(each);
        const base64 = Buffer.from(secret).toString('base64');
        for (const form of [secret, base64, JSON.stringify(secret), encodeURIComponent(secret)])
          expect(leaksIn([['text', `x ${form} y`]])).toContain(`text: ${each.name}`);
      }
    });

    test('a release that waits, and is confirmed', async () => {
      const h = host();
      await h.push({ ...(await version(h, '2', { ...hooks, ...restored })), 'releases/C-1-tell.sh': TELLS_SH });
      await just(['release-check'], [0]);
      await just(['release-run', 'C-1', '--dry-run'], [0]);
      // As an engine leaves it that was killed while pm2 started a service.
      const left = join(h.prod, '.asd/workspace/cache/pm2-alpha-00ff00ff.json');
      if (runtime === 'pm2') writeFileSync(left, rows, { mode: 0o600 });
      await just(['release-run', 'C-1', '--json', '--confirm-within=5m', '--detach'], [10]);
      await just(['release-confirm', 'C-1'], [0]);
      await until('the watchdog is gone', () => h.strays().length === 0);
      await look('C-1');
      expect(existsSync(left)).toBe(false);
      expect(await environment(h)).toMatchObject(given);
      nothingSeen(h, [
        /C-1\/.*preflight\S*\.out/,
        /C-1\/.*ensure-config\S*\.out/,
        /C-1\/.*tell\S*\.out/,
        /after-confirm/,
      ]);
    });

    test('one that fails says its last lines, and goes back', async () => {
      const h = host();
      const fails = tells(`throw new Error('refused for ' + values.join(' ') + ' ' + process.env.${CONTROL.name});`);
      await h.push(await version(h, '3', { ...hooks, ...restored, 'scripts/post_start_init.ts': fails }));
      const halted = await just(['release-run', 'C-2'], [1]);
      expect(halted.text).toContain('refused for ***');
      await just(['doctor', '--run', 'C-2'], [0, 1]);
      h.setEnv({ C1_SECRET: 'canary99Xrotatedq' });
      const drift = await just(['release-run', 'C-2', '--resume'], [4]);
      expect(drift.text).toContain('C1_SECRET');
      expect(drift.text).not.toContain('rotatedq');
      h.setEnv({ C1_SECRET: envLines.C1_SECRET ?? null });
      await just(['release-revert', 'C-2', '--dry-run'], [0]);
      await just(['release-revert', 'C-2'], [0]);
      await look('C-2');
      nothingSeen(h, [/C-2\/.*post-start\S*\.out/, /C-2\/.*restore\S*\.out/, /failure\.txt/, /just release-run C-2/]);
    });

    test('one that is not healthy says what its service printed, and goes back', async () => {
      const h = host();
      await h.push(await version(h, 'sick', restored, { health: { ...health, timeout: '2s' } }));
      const sick = await just(['release-run', 'C-3'], [1]);
      expect(sick.text).toContain('/health?token=***');
      expect(sick.text).toMatch(/started with .*\*\*\*/);
      await just(['release-revert', 'C-3', '--json'], [0]);
      await look('C-3');
      await lookAround();
      nothingSeen(h, []);
    });

    test('files that the runtime cannot read, and a remote that cannot be reached', async () => {
      const h = host();
      const odd = await version(h, '4', { ...restored, ...unreadable(runtime) });
      await h.push(odd);
      await just(['release-check'], [4]);
      await just(['release-run', 'C-4'], [4]);
      setOrigin(h, remote.url('origin.git').replace(/:\d+\//, ':1/'));
      await just(['release-run', 'C-5'], [4]);
      await just(['doctor'], [0, 1, 2]);
      setOrigin(h, join(h.folder, 'origin.git'));
      nothingSeen(h, []);
    });

    test('nor is one in git, or among the arguments of any process', async () => {
      const h = host();
      const commits = await h.git(h.dev, 'log', '--format=%B', 'origin/main');
      const inGit = readFileSync(join(h.prod, '.git/logs/HEAD'), 'utf8') + commits;
      expect(leaksIn([['git', inGit]])).toEqual([]);
      const lines = watch.seen();
      expect(lines.filter((line) => line.includes('remote-http origin http://127.0.0.1:')).length).toBeGreaterThan(0);
      expect(lines.filter((line) => leaksIn([['', line]]).length > 0)).toEqual([]);
      expect(lines.filter((line) => line.includes(CONTROL.value)).length).toBeGreaterThan(0);
      expect(notices.length).toBeGreaterThanOrEqual(6);
    });
  },
);

/** No command, which would have the URL among its arguments. */
function setOrigin(h: ScenarioHost, url: string): void {
  const file = join(h.prod, '.git/config');
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(/^(\turl = ).*$/m, (_, key: string) => `${key}${url}`),
  );
}

/** The service's own program tells its log what it was started with. */
function telling(runtime: RuntimeName, text: string): string {
  if (runtime === 'pm2') return tellsFirst(text);
  const variables = CANARIES.filter((_, n) => n < ROWS).map(({ name }) => `      ${name}: "\${${name}}"\n`);
  return text
    .replace(
      /^ {4}environment: (\{.*\})$/m,
      (_, kept: string) => `    environment:\n      MOOD: ${/MOOD: (".*?")/.exec(kept)?.[1]}\n${variables.join('')}`,
    )
    .replace(
      /^ {4}init: true$/m,
      `    init: true\n    command: ["sh", "-c", "env | sed 's/^/started with /' >&2; exec sh /start.sh"]`,
    );
}

/** A file of the service that its runtime refuses, quoting what it was given. */
function unreadable(runtime: RuntimeName): Files {
  if (runtime === 'pm2')
    return {
      'ecosystem.config.cjs': "throw new Error('cannot start with ' + Object.values(process.env).join(' '));\n",
    };
  const ports = [3, 4, 7, 9].map((n) => `"\${${canary(n).name}}"`).join(', ');
  return { 'docker-compose.yaml': `services:\n  web:\n    image: x:1\n    ports: [${ports}]\n` };
}
