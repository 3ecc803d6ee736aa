// When compose is asked again, and when what it said before is taken: with a compose that counts how often it is asked.
import { afterAll, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import { parseManifest } from '../../manifest/parse.ts';
import type { RuntimeContext, ServiceTree } from '../runtime.ts';
import { resolve } from './resolve.ts';

const MANIFEST = 'name: page\ncontainers: [{ name: page, role: app, service: web }]\n';
const COMPOSE = 'services:\n  web: { image: "page:1", env_file: [web.env] }\n';
const COUNTING = `#!/bin/sh
echo asked >> "$HOME/asked"
if [ -e "$HOME/meanwhile" ]; then cp "$HOME/meanwhile" "$HOME/live/.env"; fi
word=$(cat "$HOME/live/.env" "$HOME/live/packages/page/web.env" | tr -d '\\n')
printf '{"name":"page","services":{"web":{"image":"page:1","environment":{"WORD":"%s"}}}}' "$word"
`;

describe('what compose said before', () => {
  const folder = mkdtempSync(join(tmpdir(), 'belay-known-'));
  const [live, stage] = [join(folder, 'live'), join(folder, 'stage')];
  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    chmodSync(join(folder, path), mode);
  };
  const liveTree: ServiceTree = { root: live, live: true };
  const ask = async (tree = liveTree, more: { env?: Record<string, string>; manifest?: string } = {}) => {
    const real = openHost();
    const env = { PATH: '/usr/bin:/bin', HOME: folder, DOCKER_CONFIG: join(folder, 'docker'), ...more.env };
    const context: RuntimeContext = {
      host: { ...real, machine: { ...real.machine, env } },
      paths: hostPaths(live, folder, 'backups'),
      env: {},
      secrets: [],
      ticket: 'T',
      timeoutMs: 5_000,
    };
    const { manifest } = parseManifest(more.manifest ?? MANIFEST, { file: 'manifest.yaml', folder: 'page' });
    return (await resolve(context, manifest, tree)).document;
  };
  const times = (): number =>
    existsSync(join(folder, 'asked')) ? readFileSync(join(folder, 'asked'), 'utf8').split('\n').length - 1 : 0;
  const kept = join(hostPaths(live, folder, 'backups').cache, 'compose', 'page.json');

  beforeEach(() => {
    rmSync(folder, { recursive: true, force: true });
    put('docker/cli-plugins/docker-compose', COUNTING, 0o755);
    put('live/.env', 'SECRET=one\n');
    mkdirSync(join(live, '.asd/workspace'), { recursive: true });
    for (const root of ['live', 'stage']) {
      put(`${root}/packages/page/docker-compose.yaml`, COMPOSE);
      put(`${root}/packages/page/web.env`, 'A=1\n');
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is taken where nothing changed, also of what was staged then and is live now', async () => {
    const first = await ask({ root: stage, live: false });
    expect([await ask(), await ask({ root: stage, live: false }), times()]).toEqual([first, first, 1]);
  });

  test('is asked again where an env file of the service, or its directory, is another one', async () => {
    const own = join(folder, 'own.env');
    const naming = (more: string) => ({ manifest: `${MANIFEST}compose: { env_files: [${own}]${more} }\n` });
    put('own.env', 'OWN=1\n');
    await ask();
    await ask(liveTree, naming(''));
    await ask(liveTree, naming(''));
    expect(times()).toBe(2);
    put('own.env', 'OWN=2\n');
    await ask(liveTree, naming(''));
    put('elsewhere/web.env', 'A=1\n');
    await ask(liveTree, naming(`, directory: ${folder}/elsewhere`));
    expect(times()).toBe(4);
  });

  test('a look at a host that has no records leaves none', async () => {
    rmSync(join(live, '.asd'), { recursive: true });
    await ask();
    expect(existsSync(join(live, '.asd'))).toBe(false);
  });

  test('lies where only its owner reads it', async () => {
    await ask();
    expect(readFileSync(kept, 'utf8')).toContain('SECRET=one');
    expect([statSync(kept).mode & 0o777, statSync(dirname(kept)).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  test.each<[string, () => void, Parameters<typeof ask>[1]]>([
    ['the compose file', () => put('live/packages/page/docker-compose.yaml', `${COMPOSE}# \n`), {}],
    ['a file beside it', () => put('live/packages/page/compose.override.yaml', 'services: { web: {} }\n'), {}],
    ['.env', () => put('live/.env', 'SECRET=two\n'), {}],
    ['an env file', () => put('live/packages/page/web.env', 'A=2\n'), {}],
    ['an env file that is gone', () => rmSync(join(live, 'packages/page/web.env')), {}],
    ['compose itself', () => put('docker/cli-plugins/docker-compose', `${COUNTING}\n`, 0o755), {}],
    ["docker's own variables", () => undefined, { env: { DOCKER_HOST: 'unix:///x' } }],
    ['a profile', () => undefined, { manifest: `${MANIFEST}compose: { profiles: [more] }\n` }],
    ['the project', () => undefined, { manifest: `${MANIFEST}compose: { project: other }\n` }],
    ['a role', () => undefined, { manifest: MANIFEST.replace('role: app', 'role: worker') }],
  ])('is not taken where %s changed', async (_what, change, more) => {
    await ask();
    change();
    await ask(liveTree, more);
    expect(times()).toBe(2);
  });

  test('a variable of the environment counts where something names it', async () => {
    await ask(liveTree, { env: { LANG: 'C' } });
    await ask(liveTree, { env: { LANG: 'de' } });
    expect(times()).toBe(1);
    put('live/packages/page/web.env', 'LANG\n');
    await ask(liveTree, { env: { LANG: 'C' } });
    await ask(liveTree, { env: { LANG: 'de' } });
    expect(times()).toBe(3);
  });

  test.each([
    ['includes another', `include: [other.yaml]\n${COMPOSE}`],
    ['extends another', 'services:\n  web: { image: "page:1", extends: { file: other.yaml, service: web } }\n'],
    ['has its labels elsewhere', 'services:\n  web: { image: "page:1", label_file: labels }\n'],
    ['names an env file by a variable', `services:\n  web: { image: "page:1", env_file: ["$\{WHICH}.env"] }\n`],
    ['cannot be read here', 'services: {web: {image: "page:1"}}\nservices: {}\n'],
  ])('is not kept where the file %s', async (_what, text) => {
    put('live/packages/page/docker-compose.yaml', text);
    await ask();
    await ask();
    expect([times(), existsSync(kept)]).toEqual([2, false]);
  });

  test('is not kept without .env, which compose then looks for by itself', async () => {
    rmSync(join(live, '.env'));
    await ask();
    await ask();
    expect([times(), existsSync(kept)]).toEqual([2, false]);
  });

  test('is not kept where a file changed while compose was at work', async () => {
    put('meanwhile', 'SECRET=two\n');
    await ask();
    expect(existsSync(kept)).toBe(false);
  });

  test('is not taken where it was changed or torn', async () => {
    const first = await ask();
    const text = readFileSync(kept, 'utf8');
    for (const broken of [text.replace('SECRET=one', 'SECRET=ooo'), text.slice(0, -20), '[null]', '7']) {
      writeFileSync(kept, broken);
      expect(await ask()).toBe(first);
    }
    expect(times()).toBe(5);
  });

  test('is not taken where others may have written it', async () => {
    await ask();
    chmodSync(kept, 0o620);
    await ask();
    expect(times()).toBe(2);
  });

  test('a few are kept, the newest', async () => {
    for (const word of ['1', '2', '3', '4']) {
      put('live/.env', `A=${word}\n`);
      await ask();
    }
    expect(JSON.parse(readFileSync(kept, 'utf8'))).toHaveLength(3);
    await ask();
    expect(times()).toBe(4);
    put('live/.env', 'A=1\n');
    await ask();
    expect(times()).toBe(5);
  });

  test('an env file that cannot be read is for compose to report', async () => {
    await ask();
    const env = join(live, 'packages/page/web.env');
    rmSync(env);
    mkdirSync(env);
    expect([await ask(), await ask(), times()].at(-1)).toBe(3);
  });

  test('where nothing can be kept, compose is asked', async () => {
    put('live/.asd/workspace/cache/compose', 'no folder');
    expect([await ask(), await ask()].every((document) => document.includes('SECRET=one'))).toBe(true);
    expect(times()).toBe(2);
  });
});
