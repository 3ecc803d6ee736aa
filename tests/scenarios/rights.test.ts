// Adopted and released by a user who may talk to Docker and read nothing of it: volumes go through a helper image that is pinned.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DATABASE_IMAGE, importDatabases } from '../../scripts/dev/engine/databases.ts';
import { buildFixtureImages } from '../../scripts/dev/engine/images.ts';
import { SYSTEM_PATH } from '../../scripts/dev/engine/packages.ts';
import { engineForTests, startTestEngine, type TestEngine } from '../../scripts/dev/engine/test-engine.ts';
import { write } from './harness/files.ts';
import { emptyHost } from './harness/foreign.ts';
import { freePorts } from './harness/ports.ts';
import { endAll, mustRun, type Result, runCommand } from './harness/process.ts';

const CHECKOUT = realpathSync(join(import.meta.dir, '..', '..'));
/** Of no user of this machine. */
const OPERATOR = 54_321;
const available = process.getuid?.() === 0 && (await engineForTests()) !== undefined;

describe.skipIf(!available)('a user in the docker group', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-rights-')));
  let engine: TestEngine;
  let env: Record<string, string>;
  let host: Awaited<ReturnType<typeof emptyHost>>;
  const as = ['setpriv', `--reuid=${OPERATOR}`, `--regid=${OPERATOR}`, '--clear-groups'];
  const just = (...argv: string[]): Promise<Result> => runCommand([...as, 'just', ...argv], host.prod, env);
  const docker = (...argv: string[]) => mustRun(['docker', ...argv], folder, env);
  const own = () =>
    mustRun(['chown', '-R', `${OPERATOR}:${OPERATOR}`, host.prod, host.dev, join(folder, 'origin.git')], '/', env);
  const git = (...argv: string[]) => mustRun([...as, 'git', ...argv], host.prod, env);
  const receipt = () => JSON.parse(readFileSync(join(host.prod, '.asd/workspace/baseline.receipt.json'), 'utf8'));

  beforeAll(async () => {
    engine = await startTestEngine({ own: true });
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'home'));
    chmodSync(join(folder, 'home'), 0o777);
    env = {
      PATH: [join(CHECKOUT, 'node_modules', `rust-just-linux-${process.arch}`, 'bin'), SYSTEM_PATH].join(':'),
      HOME: join(folder, 'home'),
      LANG: 'C.UTF-8',
      TERM: 'dumb',
      ...engine.env,
    };
    await Promise.all([
      buildFixtureImages(engine, { prefix: 'rights', versions: ['1', '2'] }),
      importDatabases(engine),
    ]);
    host = await emptyHost(folder, CHECKOUT, env);
    const [port = 0] = freePorts(1);
    write(folder, {
      'wiki/docker-compose.yml': `services:\n  app:\n    image: rights/web:1\n    init: true\n    ports: ["127.0.0.1:${port}:8080"]\n    volumes: [pages:/pages]\nvolumes: { pages: {} }\n`,
    });
    const wiki = join(folder, 'wiki');
    await mustRun(['docker', 'compose', 'up', '--detach', '--quiet-pull'], wiki, { ...env, PWD: wiki });
    const place = await docker('volume', 'inspect', '--format', '{{.Mountpoint}}', 'wiki_pages');
    writeFileSync(join(place, 'page.txt'), 'first page\n', { mode: 0o600 });
    await own();
    chmodSync(engine.socket.slice(0, engine.socket.lastIndexOf('/')), 0o755);
  }, 240_000);
  afterAll(async () => {
    await endAll(folder);
    await engine?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test('one who is not in it is told so', async () => {
    await mustRun(['chmod', '0600', engine.socket], '/', env);
    const { code, text } = await just('release-adopt', '--draft');
    expect(text).toContain(`User ${OPERATOR} may not talk to Docker`);
    expect(text).toContain(`usermod -aG docker ${OPERATOR}`);
    expect([code, existsSync(join(host.prod, 'packages'))]).toEqual([4, false]);
    await mustRun(['chown', `0:${OPERATOR}`, engine.socket], '/', env);
    await mustRun(['chmod', '0660', engine.socket], '/', env);
  });

  test('root in the checkout of another user: named, with both ways on', async () => {
    const { code, text } = await runCommand(['just', 'release-adopt', '--dry-run'], host.prod, env);
    expect(text).toContain('dubious ownership');
    expect(text).toContain(`git config --global --add safe.directory '${host.prod}'`);
    expect(text).toContain(`sudo -u '#${OPERATOR}' just ...`);
    expect(code).toBe(4);
  });

  test('volumes that cannot be read are named before anything is done, with the setting that mends it', async () => {
    const drafted = await just('release-adopt', '--draft');
    expect(drafted.text).toContain('1 drafted');
    expect(drafted.code).toBe(0);
    expect(readFileSync(join(host.prod, 'packages/wiki/manifest.yaml'), 'utf8')).toContain('- { suffix: pages }');
    const dry = await just('release-adopt', '--dry-run');
    expect(dry.text).toContain(
      'the volume wiki_pages cannot be read: this is not root, and no helper image is configured',
    );
    expect(dry.text).toContain('backup: { helper_image: ');
    expect(dry.code).toBe(4);
    write(host.prod, { '.asd/release.yaml': "backup: { helper_image: 'no/such:1' }\n" });
    await own();
    const missing = await just('release-adopt', '--dry-run');
    expect(missing.text).toContain('docker pull no/such:1');
    expect([missing.code, existsSync(join(host.prod, '.asd/workspace'))]).toEqual([4, false]);
  });

  test('adopted: the image is pinned, and the first backup went through it and was read back', async () => {
    write(host.prod, { '.asd/release.yaml': `backup: { helper_image: '${DATABASE_IMAGE}', pause_max: 60s }\n` });
    await own();
    await git('add', '.asd/release.yaml', 'packages');
    await git('commit', '--quiet', '--message', 'What runs here');
    await git('push', '--quiet');
    const id = await docker('image', 'inspect', '--format', '{{.Id}}', DATABASE_IMAGE);
    const adopted = await just('release-adopt');
    expect(adopted.text).toContain('is the baseline: 1 service');
    expect(adopted.code).toBe(0);
    expect(receipt().helper).toEqual({ ref: DATABASE_IMAGE, id });
    expect(await docker('image', 'inspect', '--format', '{{.Id}}', 'asd-keep/backup__helper:_baseline')).toBe(id);
    const { dir } = receipt().services.wiki.backup;
    const record = JSON.parse(readFileSync(join(dir, 'backup.json'), 'utf8'));
    expect(record.verifiedAt).not.toBe('');
    expect(JSON.stringify(record.items)).toContain(`"helper":"${id}"`);
    const [archive = ''] = readdirSync(dir).filter((name) => name.endsWith('.tar.zst') && name.includes('pages'));
    const script = 'zstd -dqc "$1" | tar -xO ./page.txt';
    expect(await mustRun(['sh', '-euc', script, 'sh', join(dir, archive)], '/', env)).toBe('first page');
  });

  test('released and put back by the same user, while the name is on another image: the pinned one is used', async () => {
    await docker('tag', 'rights/web:1', DATABASE_IMAGE);
    const file = join(host.prod, 'packages/wiki/docker-compose.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('rights/web:1', 'rights/web:2'));
    await git('commit', '--quiet', '--all', '--message', 'wiki 2');
    await git('push', '--quiet');
    await git('reset', '--quiet', '--hard', 'HEAD~1');
    const released = await just('release-run', 'RIGHTS-1');
    expect(released.text).toContain('Released RIGHTS-1');
    expect(released.code).toBe(0);
    const place = await docker('volume', 'inspect', '--format', '{{.Mountpoint}}', 'wiki_pages');
    writeFileSync(join(place, 'page.txt'), 'spoilt\n');
    const reverted = await just('release-revert', 'RIGHTS-1', '--accept-loss');
    expect(reverted.text).toContain('RIGHTS-1');
    expect(reverted.code).toBe(0);
    expect(readFileSync(join(place, 'page.txt'), 'utf8')).toBe('first page\n');
    const backups = join(host.prod, '.asd/workspace/backups/wiki');
    for (const stamp of readdirSync(backups).filter((name) => /^\d/.test(name)))
      expect(readFileSync(join(backups, stamp, 'backup.json'), 'utf8')).toContain(receipt().helper.id);
  });
});
