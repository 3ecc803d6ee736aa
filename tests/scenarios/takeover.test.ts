// Twelve Compose projects that somebody started by hand are taken over, one of them is released, and the way back leaves them as they were.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { SYSTEM_PATH } from '../../scripts/dev/engine/packages.ts';
import { engineForTests, startTestEngine, type TestEngine } from '../../scripts/dev/engine/test-engine.ts';
import { write } from './harness/files.ts';
import { emptyHost, type Foreign, startForeign } from './harness/foreign.ts';
import { freePorts } from './harness/ports.ts';
import { endAll, processesOf, type Result, runCommand } from './harness/process.ts';

const CHECKOUT = realpathSync(join(import.meta.dir, '..', '..'));
const SECRETS = ['correct-horse', 'kept-in-a-file-of-its-own', 'token-in-a-file'];
const SERVICES = 'blog board chat-live files jobs photos proxy shop tracker-prod vault viewer wiki'.split(' ');
const available = (await engineForTests()) !== undefined;

describe.skipIf(!available)('takeover', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-takeover-')));
  let engine: TestEngine;
  let env: Record<string, string>;
  let host: Awaited<ReturnType<typeof emptyHost>>;
  let foreign: Foreign;
  let found: Awaited<ReturnType<typeof standing>>;

  const dumps = realpathSync(mkdtempSync(join(tmpdir(), 'belay-dumps-')));
  const just = (...argv: string[]): Promise<Result> => runCommand(['just', ...argv], host.prod, env);
  const packages = () => join(host.prod, 'packages');
  const read = (path: string) => readFileSync(join(packages(), path), 'utf8');
  /** Everything that an adoption must leave as it is. */
  const standing = async () => ({
    containers: await foreign.containers(),
    volumes: await foreign.volumes(),
    networks: await foreign.networks(),
    images: await foreign.images(),
    data: await foreign.data(),
  });
  /** As an operator would who only looks at what is marked. */
  const mend = (service: string, from: string, to: string): void => {
    const lines = read(`${service}/manifest.yaml`).split('\n');
    const at = lines.findIndex((line) => line.includes(from) && line.includes('# guessed: '));
    expect([service, from, at]).not.toContain(-1);
    lines[at] = (lines[at] ?? '').replace(from, to);
    writeFileSync(join(packages(), service, 'manifest.yaml'), lines.join('\n'));
  };
  /** The same without a line that was drafted, for as long as `act` takes. */
  const without = async (service: string, pattern: RegExp, act: () => Promise<void>): Promise<void> => {
    const file = join(packages(), service, 'manifest.yaml');
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(pattern);
    writeFileSync(file, text.replace(pattern, ''));
    try {
      await act();
    } finally {
      writeFileSync(file, text);
    }
  };

  beforeAll(async () => {
    engine = await startTestEngine({ own: true });
    const just_ = join(CHECKOUT, 'node_modules', `rust-just-linux-${process.arch}`, 'bin');
    env = {
      PATH: [join(dumps, 'bin'), just_, SYSTEM_PATH].join(':'),
      HOME: folder,
      LANG: 'C.UTF-8',
      USER: 'operator',
      TERM: 'dumb',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      ...engine.env,
    };
    host = await emptyHost(folder, CHECKOUT, env);
    foreign = await startForeign(folder, engine, env);
    // What the operator did about backups until now.
    const line = `15 3 * * * docker exec shop-db-1 sh -c 'PGPASSWORD=$POSTGRES_PASSWORD pg_dump -U shop shop' > ${dumps}/shop-$(date +\\%F).sql`;
    write(dumps, {
      'bin/crontab': `#!/bin/sh\ncat <<'END'\n${line}\n0 4 * * * mysqldump --all > /backup/all.sql\nEND\n`,
    });
    chmodSync(join(dumps, 'bin/crontab'), 0o755);
    found = await standing();
  });
  afterEach(() => {
    expect(processesOf(host.prod)).toEqual([]);
  });
  afterAll(async () => {
    await endAll(folder);
    await engine?.stop();
    for (const path of [folder, dumps]) rmSync(path, { recursive: true, force: true });
  });

  test('drafted: nothing but packages/, the files as they are, and no secret among them', async () => {
    const dry = await just('release-adopt', '--draft', '--dry-run');
    expect([dry.code, existsSync(packages())]).toEqual([0, false]);
    const drafted = await just('release-adopt', '--draft');
    expect(drafted.text).toContain('12 drafted, 0 there before');
    expect(drafted.text).toMatch(
      /The cron job in the crontab of \w+:2 dumps with mysqldump: whose data it is does not show/,
    );
    expect(drafted.code).toBe(0);
    // Nothing was found to differ from what runs.
    expect(drafted.text).not.toContain('->');
    expect(readdirSync(packages()).sort()).toEqual(SERVICES);
    expect(await host.git(host.prod, 'status', '--porcelain', '--untracked-files=normal')).toBe('?? packages/');
    expect(existsSync(join(host.prod, '.asd'))).toBe(false);
    expect(await standing()).toEqual(found);

    for (const [copy, original] of [
      ['wiki/docker-compose.yml', 'wiki/docker-compose.yml'],
      ['blog/docker-compose.override.yml', 'blog/docker-compose.override.yml'],
      ['chat-live/compose.yaml', 'chat/compose.yaml'],
      ['vault/prod/compose.yml', 'vault/prod/compose.yml'],
    ] as const)
      expect(read(copy)).toBe(readFileSync(join(folder, original), 'utf8'));
    const all = readdirSync(packages(), { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    expect(all).toHaveLength(26);
    for (const each of all) {
      const text = readFileSync(join(each.parentPath, each.name), 'utf8');
      expect(SECRETS.filter((secret) => text.includes(secret) || drafted.text.includes(secret))).toEqual([]);
    }
  });

  test('what is drafted of each', () => {
    const has = (service: string, ...lines: string[]) => {
      for (const line of lines) expect(read(`${service}/manifest.yaml`)).toContain(line);
    };
    has('wiki', 'project: wiki', `directory: ${folder}/wiki`, `env_files: [${folder}/wiki/.env]`);
    has('wiki', `- { bind: ${folder}/wiki/data }`, `- { bind: ${folder}/wiki/pages }`);
    has('tracker-prod', 'project: tracker-prod', 'database: { type: sqlite, path: "volume:db/tracker" } # guessed: ');
    has('chat-live', `directory: ${folder}/chat`, `env_files: [${folder}/chat/chat.env]`, '- { suffix: rooms }');
    has('board', 'installation: { status: inactive } # guessed: none of its containers runs');
    has('files', `- { bind: ${folder}/srv/files }`);
    has(
      'photos',
      '- { suffix: media }',
      'release: { group: photos } # guessed: the volume media belongs to photos and viewer',
    );
    has('viewer', '# the volume media is saved with photos', 'release: { group: photos }');
    has('blog', 'files: [docker-compose.yml, docker-compose.override.yml]', 'priority: 20 # guessed: after proxy');
    has('jobs', 'profiles: [batch] # guessed: ', '- { name: worker, role: worker } # guessed: ');
    has('vault', 'files: [compose.yml, prod/compose.yml]', 'not in git: app.env');
    has('shop', 'database: { type: postgresql, container: db, name: shop, user: shop } # guessed: it runs postgres');
    has('shop', '# the volume shop_data is in the dump of db', 'type: [database, command]');
    has(
      'shop',
      'command: # guessed: the cron job in the crontab of ',
      'restore: ["true"] # what is put back is saved as database',
    );
    has('proxy', 'health: { endpoint: "http://127.0.0.1:', '/health", expected_code: 200 } # guessed: ');
  });

  test('drafted again: what an operator changed stays', async () => {
    mend('chat-live', '/health"', '/version"');
    const before = read('chat-live/manifest.yaml');
    rmSync(join(packages(), 'vault'), { recursive: true });
    const again = await just('release-adopt', '--draft');
    expect(again.text).toContain('chat-live: packages/chat-live is there already, and stays as it is');
    expect(again.text).toContain('1 drafted, 11 there before');
    expect(again.code).toBe(0);
    expect(read('chat-live/manifest.yaml')).toBe(before);
    expect(read('vault/manifest.yaml')).toContain('project: vault');
    write(packages(), { 'vault/manifest.yaml': null, 'vault/compose.yml': 'services: {}\n' });
    const other = await just('release-adopt', '--draft');
    expect(other.text).toContain('packages/vault/compose.yml is there already, and is another one');
    expect(other.code).toBe(4);
    expect(read('vault/compose.yml')).toBe('services: {}\n');
    rmSync(join(packages(), 'vault'), { recursive: true });
    expect((await just('release-adopt', '--draft')).code).toBe(0);
  });

  test('a dry run names what the next up would change, and the line that mends it', async () => {
    const refuses = async (...lines: string[]) => {
      const { code, text } = await just('release-adopt', '--dry-run');
      for (const line of lines) expect(text).toContain(line);
      expect(code).toBe(4);
    };
    await without('wiki', / {2}directory: .*\n/, () =>
      refuses(
        'wiki: differs',
        `wiki: app: the mount bind ${folder}/wiki/data on /data would go\n  |     -> compose: { directory: ${folder}/wiki }`,
        'blog: as its files say',
      ),
    );
    await without('tracker-prod', / {2}project: .*\n/, async () => {
      write(packages(), {
        'tracker-prod/docker-compose.yml': read('tracker-prod/docker-compose.yml').replace(
          'name: tracker-prod',
          'name: tracker',
        ),
      });
      await refuses('it runs as compose project tracker-prod, not tracker', '-> compose: { project: tracker-prod }');
      write(packages(), {
        'tracker-prod/docker-compose.yml': readFileSync(join(folder, 'tracker/docker-compose.yml'), 'utf8'),
      });
    });
    await without('jobs', / {2}profiles: .*\n/, () =>
      refuses(
        'jobs: the compose file of jobs has no service worker',
        'the profile that it belongs to in compose.profiles',
      ),
    );
    await without('shop', / {2}env_files: .*\n/, () =>
      refuses(
        'shop: app: the port 127.0.0.1:',
        `Notice: shop: db: the variable POSTGRES_PASSWORD would have another value\n    -> compose: { env_files: [${folder}/shop/.env] }`,
      ),
    );
    await without('viewer', /release: .*\n/, () =>
      refuses(
        'viewer: the volume media is shared with photos: backing up or reverting one affects both',
        '-> release: { group: photos }',
      ),
    );
    await without('blog', /, docker-compose.override.yml/, () => refuses('blog: app: the variable FRONT would go'));
    write(packages(), { 'broken/manifest.yaml': 'name: [\n' });
    await refuses('broken: its manifest cannot be read', 'packages/broken/manifest.yaml:', 'wiki: as its files say');
    rmSync(join(packages(), 'broken'), { recursive: true });

    const fine = await just('release-adopt', '--dry-run');
    expect(fine.text).toContain(
      'Notice: proxy: the network front is used by blog, too: it stays when this service is removed',
    );
    expect(fine.text).toContain('Not committed yet: packages/blog, ');
    expect(fine.code).toBe(0);
    expect(existsSync(join(host.prod, '.asd'))).toBe(false);
    expect(await standing()).toEqual(found);
  });

  test('adopted: the ref, the receipt, the images kept, and a first backup of everything that was read back', async () => {
    await host.git(host.prod, 'add', 'packages');
    await host.git(host.prod, 'commit', '--quiet', '--message', 'What runs here');
    await host.git(host.prod, 'push', '--quiet');
    const head = await host.git(host.prod, 'rev-parse', 'HEAD');
    const adopted = await just('release-adopt');
    expect(adopted.text).toContain(`${head.slice(0, 12)} is the baseline: 11 services`);
    expect(adopted.code).toBe(0);
    expect(await host.git(host.prod, 'rev-parse', 'refs/asd/deployed')).toBe(head);
    expect(await standing()).toEqual(found);

    const workspace = join(host.prod, '.asd', 'workspace');
    const { services } = JSON.parse(readFileSync(join(workspace, 'baseline.receipt.json'), 'utf8'));
    const running = SERVICES.filter((name) => name !== 'board');
    expect(Object.keys(services).sort()).toEqual(running);
    for (const name of running) {
      const { stamp, dir } = services[name].backup;
      expect([name, existsSync(join(dir, 'RESTORE.txt'))]).toEqual([name, true]);
      const record = JSON.parse(readFileSync(join(workspace, 'backups', name, stamp, 'backup.json'), 'utf8'));
      expect([name, record.verifiedAt === '']).toEqual([name, false]);
      for (const { id, ref } of services[name].kept)
        expect(await foreign.docker('image', 'inspect', '--format', '{{.Id}}', ref)).toBe(id);
    }
    // The job's own dump is a copy more.
    const own = join(services.shop.backup.dir, 'command');
    expect(readdirSync(own)).toEqual([expect.stringMatching(/^shop-\d{4}-\d\d-\d\d\.sql$/)]);
    expect(readFileSync(join(own, readdirSync(own)[0] ?? ''), 'utf8')).toContain('coffee');
    const rows = JSON.parse(readFileSync(join(services.shop.backup.dir, 'backup.json'), 'utf8')).items;
    expect(JSON.stringify(rows)).toContain('"rows:public.orders":2');
    const again = await just('release-adopt');
    expect([again.code, again.text.includes('The first backup')]).toEqual([0, false]);
  });

  test('the way back: without .asd and packages the host is as it was found', async () => {
    for (const name of ['.asd', 'packages']) rmSync(join(host.prod, name), { recursive: true });
    await host.git(host.prod, 'update-ref', '-d', 'refs/asd/deployed');
    const kept = (await foreign.tags()).filter((tag) => tag.startsWith('asd-keep/'));
    expect(kept.length).toBeGreaterThan(10);
    await foreign.docker('image', 'rm', ...kept);
    expect(await standing()).toEqual(found);
    // The operator's own commands find everything up to date.
    for (const name of ['wiki', 'shop', 'viewer']) {
      const cwd = join(folder, name);
      const up = await runCommand(['docker', 'compose', 'up', '--detach'], cwd, { ...env, PWD: cwd });
      expect(up.code).toBe(0);
    }
    expect(await standing()).toEqual(found);
    await host.git(host.prod, 'checkout', '--', 'packages');
    const adopted = await just('release-adopt', '--no-backup');
    expect([adopted.code, adopted.text.includes('The first backup')]).toEqual([0, false]);
    expect(readdirSync(join(host.prod, '.asd/workspace/backups'))).toEqual([]);
  });

  test('one is released: the others are not touched, and its data is where it was', async () => {
    await host.git(host.dev, 'pull', '--quiet');
    const file = join(host.dev, 'packages/wiki/docker-compose.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('foreign/web:1', 'foreign/web:2'));
    await host.git(host.dev, 'commit', '--quiet', '--all', '--message', 'wiki 2');
    await host.git(host.dev, 'push', '--quiet');
    const released = await just('release-run', 'TAKE-1');
    expect(released.text).toContain('Released TAKE-1');
    expect(released.code).toBe(0);
    const answer = await fetch(`http://127.0.0.1:${foreign.port('wiki')}/version`);
    expect((await answer.text()).trim()).toBe('2');

    const now = await standing();
    const others = (of: Record<string, string>) => Object.entries(of).filter(([name]) => name !== 'wiki-app-1');
    expect(others(now.containers)).toEqual(others(found.containers));
    expect(now.containers['wiki-app-1']).not.toBe(found.containers['wiki-app-1'] ?? '');
    expect({ ...now, containers: {} }).toEqual({ ...found, containers: {} });
    const mounts = await foreign.docker('inspect', '--format', '{{range .Mounts}}{{.Source}} {{end}}', 'wiki-app-1');
    expect(mounts.trim().split(' ').sort()).toEqual([`${folder}/wiki/data`, `${folder}/wiki/pages`]);
    const [stamp = ''] = readdirSync(join(host.prod, '.asd/workspace/backups/wiki'));
    const restore = readFileSync(join(host.prod, '.asd/workspace/backups/wiki', stamp, 'RESTORE.txt'), 'utf8');
    expect(restore).toContain(`${folder}/wiki/data`);
  });

  test('who shares a volume is released, backed up and reverted together', async () => {
    const file = join(host.dev, 'packages/viewer/docker-compose.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('foreign/web:1', 'foreign/web:2'));
    await host.git(host.dev, 'commit', '--quiet', '--all', '--message', 'viewer 2');
    await host.git(host.dev, 'push', '--quiet');
    const plan = await just('release-check');
    expect(plan.code).toBe(0);
    expect(plan.text).toMatch(/^photos \(changed, .*\n {2}why +of the group photos, released together with viewer$/m);
    expect(plan.text).not.toContain('not saved');

    expect((await just('release-run', 'TAKE-2')).code).toBe(0);
    const backups = join(host.prod, '.asd/workspace/backups');
    for (const name of ['photos', 'viewer']) expect(readdirSync(join(backups, name))).toHaveLength(1);
    const media = await foreign.docker('volume', 'inspect', '--format', '{{.Mountpoint}}', 'media');
    writeFileSync(join(media, 'cat.jpg'), 'a cat that version 2 has spoilt\n');
    const reverted = await just('release-revert', 'TAKE-2');
    expect(reverted.text).toContain('Reverted TAKE-2');
    expect(reverted.code).toBe(0);
    expect(readFileSync(join(media, 'cat.jpg'), 'utf8')).toBe('a cat\n');
    const answer = await fetch(`http://127.0.0.1:${foreign.port('viewer')}/version`);
    expect((await answer.text()).trim()).toBe('1');
    expect((await standing()).volumes).toEqual(found.volumes);
    const saved = await just('release-backup', 'viewer');
    expect(saved.text).toContain('photos, too: it is of the group photos');
    expect([saved.code, readdirSync(join(backups, 'viewer')).length]).toEqual([
      0,
      readdirSync(join(backups, 'photos')).length,
    ]);
  });

  test('what cannot be drafted as it runs is named, with what mends it; the others are drafted', async () => {
    const file = (more: string, port = foreign.port('board')) =>
      `services:\n  app:\n    image: foreign/web:1\n    init: true\n    environment: { WORD: one }\n    ports: ["127.0.0.1:${port}:8080"]\n${more}`;
    const [broken = 0, leaky = 0, lost = 0, twin = 0] = freePorts(4);
    write(folder, {
      'broken/docker-compose.yml': file('', broken),
      'leaky/docker-compose.yml': file(
        '    labels: [owner=me]\n    command: [httpd, -f, -p, "8080", -h, /www]\n',
        leaky,
      ).replace('WORD: one', 'DB_PASSWORD: never-in-git, WORD: one'),
      'lost/docker-compose.yml': file(
        '    healthcheck: { test: [CMD-SHELL, "test -d /tmp && echo $$PATH"], interval: 1s, timeout: 2s, retries: 4, start_period: 500ms }\n    tmpfs: ["/scratch:size=1m,mode=1777"]\n    devices: ["/dev/null:/dev/nothing:r"]\n    shm_size: 1m\n    ulimits: { nofile: { soft: 100, hard: 200 } }\n    volumes: [notes:/notes, ./more:/more]\nvolumes: { notes: {} }\n',
        lost,
      ).replace('WORD: one', 'API_TOKEN: only-in-the-container, WORD: one'),
      'twin/docker-compose.yml': file('', twin).replace(String(twin), '${TWIN_PORT:-0}'),
    });
    const up = async (name: string, ...words: string[]) =>
      await runCommand(['docker', 'compose', ...words, 'up', '--detach'], join(folder, name), env);
    for (const name of ['broken', 'leaky', 'lost', 'twin']) expect((await up(name)).code).toBe(0);
    expect((await up('twin', '-p', 'twin-b')).code).toBe(0);
    writeFileSync(join(folder, 'broken/docker-compose.yml'), 'services: { app: [\n');
    rmSync(join(folder, 'lost/docker-compose.yml'));
    const before = await standing();

    const { code, text } = await just('release-adopt', '--draft');
    expect(code).toBe(4);
    expect(text).toContain('5 projects could not be drafted as they run (1 drafted, 12 there before)');
    expect(text).toContain(`broken: what broken was started from does not resolve: docker compose ended with 1`);
    expect(text).toMatch(/broken: .*broken\/docker-compose.yml/);
    expect(text).toContain(`leaky: ${folder}/leaky/docker-compose.yml:5 holds a secret, DB_PASSWORD`);
    expect(text).toContain(`move each value into ${folder}/leaky/.env`);
    expect(text).toContain(
      `lost: ${folder}/lost/docker-compose.yml does not exist any more: packages/lost was drafted`,
    );
    for (const name of ['twin', 'twin-b'])
      expect(text).toContain(
        `${name}: ${folder}/twin/docker-compose.yml is the compose file of twin${name === 'twin' ? '-b' : ''}, too`,
      );
    for (const secret of ['never-in-git', 'only-in-the-container']) expect(text).not.toContain(secret);
    expect(readdirSync(packages()).sort()).toEqual([...SERVICES, 'lost'].sort());
    expect(read('lost/docker-compose.yaml')).toContain('# Drafted from the containers');
    expect(read('lost/docker-compose.yaml')).not.toContain('only-in-the-container');
    expect(read('lost/manifest.yaml')).toContain('The compose file is gone');
    expect(parse(read('lost/docker-compose.yaml')).services.app).toMatchObject({
      healthcheck: {
        test: ['CMD-SHELL', 'test -d /tmp && echo $$PATH'],
        interval: '1000ms',
        timeout: '2000ms',
        start_period: '500ms',
        retries: 4,
      },
      tmpfs: ['/scratch:size=1m,mode=1777'],
      devices: ['/dev/null:/dev/nothing:r'],
      shm_size: 1_048_576,
      ulimits: { nofile: { soft: 100, hard: 200 } },
    });
    expect(await standing()).toEqual(before);

    // The printed line puts the secret where it belongs; then what was made from the containers is what runs.
    const line = / {2}into \.env: .*: (docker inspect .*)$/m.exec(text)?.[1] ?? 'false';
    expect((await runCommand(['sh', '-c', line], host.prod, env)).code).toBe(0);
    expect(readFileSync(join(host.prod, '.env'), 'utf8')).toBe('LOST_API_TOKEN=only-in-the-container\n');
    const dry = await just('release-adopt', '--dry-run');
    expect(dry.text).toContain('lost: as its files say');
    expect(dry.code).toBe(0);
    expect(await standing()).toEqual(before);

    // As the lines say.
    write(folder, { 'leaky/.env': 'DB_PASSWORD=never-in-git\n' });
    const leakyFile = join(folder, 'leaky/docker-compose.yml');
    writeFileSync(leakyFile, readFileSync(leakyFile, 'utf8').replace('never-in-git', '"${DB_PASSWORD}"'));
    write(folder, { 'broken/docker-compose.yml': file('', broken) });
    const rest = await just('release-adopt', '--draft', 'leaky', 'broken', 'twin', 'twin-b');
    expect(rest.text).toContain('4 drafted');
    expect(rest.code).toBe(0);
    expect((await just('release-adopt', '--draft')).code).toBe(0);
    const all = await just('release-adopt', '--dry-run');
    expect(all.text).toContain('leaky: as its files say');
    expect(all.text).not.toContain('another value');
    expect(all.code).toBe(0);
    expect((await just('release-adopt', '--draft', 'nobody')).code).toBe(2);
    expect((await just('release-adopt', 'wiki')).code).toBe(2);
    expect(await standing()).toMatchObject({ containers: before.containers, volumes: before.volumes });
  });

  test('a compose file with a secret is copied where that is asked for', async () => {
    write(folder, {
      'leaky/docker-compose.yml': readFileSync(join(folder, 'leaky/docker-compose.yml'), 'utf8').replace(
        '"${DB_PASSWORD}"',
        'never-in-git',
      ),
    });
    rmSync(join(packages(), 'leaky'), { recursive: true });
    expect((await just('release-adopt', '--draft', 'leaky')).code).toBe(4);
    expect((await just('release-adopt', '--draft', '--with-secrets', 'leaky')).code).toBe(0);
    expect(read('leaky/docker-compose.yml')).toContain('never-in-git');
  });

  test('an engine that does not answer', async () => {
    const { code, text } = await runCommand(['just', 'release-adopt', '--draft'], host.prod, {
      ...env,
      DOCKER_HOST: `unix://${folder}/nobody.sock`,
    });
    expect(text).toContain('Docker does not answer');
    expect(text).toContain('systemctl start docker');
    expect(code).toBe(4);
  });
});
