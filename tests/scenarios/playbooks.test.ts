// Every playbook that is shipped: its failure is brought about for real, the engine names it where it fails, and its commands mend it.
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioHost } from './harness/host.ts';
import type { RuntimeName } from './harness/kind.ts';
import { type Result, runCommand } from './harness/process.ts';
import { docker, onBoth } from './harness/runtimes.ts';

const SHIPPED = readdirSync(join(import.meta.dir, '../../recovery/playbooks')).map((name) => name.replace('.yaml', ''));
const ON_DOCKER = ['image-missing', 'name-conflict'];
const triggered = new Set<string>();

/** The failure was named. @returns the commands of its fix, as printed. */
function known(said: string, id: string): string[] {
  expect(said).toContain(`Known failure ${id}: `);
  triggered.add(id);
  const block = said.slice(said.indexOf(`Known failure ${id}: `)).split('\n\n')[0] ?? '';
  return block
    .split('\n')
    .filter((line) => /^ {7}\S/.test(line))
    .map((line) => line.trim());
}

const type = (h: ScenarioHost, line: string): Promise<Result> => runCommand(['sh', '-c', line], h.prod, h.env);

/** Types printed lines one after the other; each has to succeed. */
async function typeAll(h: ScenarioHost, lines: readonly string[]): Promise<string> {
  let said = '';
  for (const line of lines) {
    const { code, text } = await type(h, line);
    expect([line, code, code === 0 ? '' : text]).toEqual([line, 0, '']);
    said += text;
  }
  return said;
}

const advice = async (h: ScenarioHost, ticket: string): Promise<string> => {
  const { code, text } = await type(h, `just doctor --run=${ticket}`);
  expect(code).toBe(1);
  return text;
};

/** A halt that is named at once and again by doctor, with the same commands. */
async function halted(h: ScenarioHost, ticket: string, id: string): Promise<string[]> {
  const run = await h.run('run', [ticket]);
  expect(run.code).toBe(1);
  const lines = known(run.text, id);
  expect(known(await advice(h, ticket), id)).toEqual(lines);
  return lines;
}

const isReleased = (h: ScenarioHost, ticket: string) => expect(h.state(ticket)?.RELEASE_STATUS).toBe('released');
const files = (runtime: RuntimeName) =>
  runtime === 'compose'
    ? { type: ['volume'], volumes: [{ suffix: 'files' }] }
    : { type: ['workspace'], paths: ['alpha/uploads'] };

onBoth('playbooks', { services: { alpha: {}, beta: {} } }, (host, runtime) => {
  test('verify-race', async () => {
    const h = host();
    const gate = join(h.folder, 'up');
    const slow = `import { existsSync } from 'node:fs';
const answer = () => (existsSync('${gate}') ? new Response('slow') : new Response('', { status: 503 }));
Bun.serve({ hostname: '127.0.0.1', port: Number(process.env.ALPHA_PORT), routes: { '/health': answer, '/label': answer, '/version': () => new Response(process.env.MERGE_SHA ?? '') } });
process.on('SIGINT', () => process.exit(0));\n`;
    const own = { manifest: { health: { endpoint: '/health', timeout: '1s', stable_for: '0s' } } };
    await h.push(
      await h.service('alpha', 'sick-race', runtime === 'pm2' ? { ...own, files: { 'server.ts': slow } } : own),
    );
    const run = await h.run('run', ['RACE-1']);
    expect(run.code).toBe(1);
    expect(run.text).not.toContain('Known failure');
    writeFileSync(gate, '');
    const [id = ''] = await h.containerIds('alpha');
    if (runtime === 'compose') await h.docker?.('exec', id, 'touch', '/www/health');
    await typeAll(h, known(await advice(h, 'RACE-1'), 'verify-race'));
    isReleased(h, 'RACE-1');
  });

  test('nothing-to-release', async () => {
    const h = host();
    const target = await h.push({ 'stray.txt': 'whose?\n' });
    const nothing = await h.run('run', ['NOTHING-1']);
    expect(nothing.code).toBe(5);
    await typeAll(h, known(nothing.text, 'nothing-to-release'));
    expect(await h.deployed()).toBe(target);
  });

  test('dirty-tree', async () => {
    const h = host();
    writeFileSync(join(h.prod, 'stray.txt'), 'mine\n');
    await h.push(await h.service('beta', '2'));
    const refused = await h.run('run', ['DIRTY-1']);
    expect(refused.code).toBe(4);
    await typeAll(h, known(refused.text, 'dirty-tree'));
    expect((await h.run('run', ['DIRTY-1'])).code).toBe(0);
  });

  test('hook-timeout', async () => {
    const h = host();
    const ready = join(h.folder, 'ready');
    const hook = `import { existsSync } from 'node:fs';\nwhile (!existsSync('${ready}')) await Bun.sleep(20);\n`;
    const own = { manifest: { release: { timeout: '2s' } }, files: { 'scripts/ensure-config.ts': hook } };
    await h.push(await h.service('beta', '3', own));
    const lines = await halted(h, 'HOOK-1', 'hook-timeout');
    writeFileSync(ready, '');
    await typeAll(h, lines);
    isReleased(h, 'HOOK-1');
  });

  test('push-refused', async () => {
    const h = host();
    const hook = join(h.origin, 'hooks/pre-receive');
    await h.push(await h.service('beta', '4'));
    expect((await h.run('run', ['PUSH-1'])).code).toBe(0);
    writeFileSync(hook, '#!/bin/sh\nexit 1\n');
    chmodSync(hook, 0o755);
    const pending = await h.run('revert', ['PUSH-1']);
    expect(pending.code).toBe(9);
    const lines = known(pending.text, 'push-refused');
    expect(known(await advice(h, 'PUSH-1'), 'push-refused')).toEqual(lines);
    rmSync(hook);
    await typeAll(
      h,
      lines.filter((line) => line !== 'just doctor'),
    );
    expect(h.state('PUSH-1')?.PUSH).toBe('done');
    await h.git(h.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
  });

  test('port-taken', async () => {
    const h = host();
    await h.push(await h.service('beta', '5', { manifest: { installation: { status: 'inactive' } } }));
    expect((await h.run('run', ['PORT-0'])).code).toBe(0);
    const stranger = Bun.serve({
      hostname: '127.0.0.1',
      port: h.port('beta'),
      fetch: () => new Response('', { status: 500 }),
    });
    try {
      await h.push(await h.service('beta', '6', { manifest: { health: { endpoint: '/health', timeout: '2s' } } }));
      const lines = await halted(h, 'PORT-1', 'port-taken');
      const told = await type(h, lines[0] ?? '');
      expect(told.text).toContain(`port ${h.port('beta')} of beta, which does not run, is held by`);
      expect(told.text).toContain(`process ${process.pid}`);
      await stranger.stop(true);
      await typeAll(h, lines.slice(1));
      isReleased(h, 'PORT-1');
    } finally {
      await stranger.stop(true);
    }
  });

  test('disk-full', async () => {
    const h = host();
    await h.push(await h.service('alpha', '7', { manifest: { backup: { enabled: true, ...files(runtime) } } }));
    expect((await h.run('run', ['DISK-0'])).code).toBe(0);
    const mountpoint =
      runtime === 'compose'
        ? (
            await h.docker?.('volume', 'inspect', '--format', '{{.Mountpoint}}', `${h.prefix}alpha_files`)
          )?.stdout.trim()
        : undefined;
    const folder = mountpoint ?? join(h.prod, '.asd/workspace/alpha/uploads');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'large'), new Uint8Array(400_000));
    const small = join(h.prod, '.asd/workspace/backups');
    const umount = () => Bun.spawnSync(['umount', small]);
    expect(Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', small]).exitCode).toBe(0);
    try {
      await h.push(await h.service('alpha', '8', { manifest: { backup: { enabled: true, ...files(runtime) } } }));
      const refused = await h.run('run', ['DISK-1']);
      expect(refused.code).toBe(4);
      const lines = known(refused.text, 'disk-full');
      await typeAll(h, lines.slice(0, -1));
      expect(umount().exitCode).toBe(0);
      expect((await h.run('run', ['DISK-1'])).code).toBe(0);
    } finally {
      umount();
    }
  });

  test('restore-refused', async () => {
    const h = host();
    const folder = join(h.prod, '.asd/workspace/backups/alpha');
    expect((await h.run('backup', ['alpha'])).code).toBe(0);
    const [whole = '', stamp = ''] = readdirSync(folder).toSorted().slice(-2);
    const file = readdirSync(join(folder, stamp)).find((name) => name.endsWith('.zst')) ?? '';
    writeFileSync(join(folder, stamp, file), 'x');
    const refused = await h.run('restore', ['alpha', stamp]);
    expect(refused.code).toBe(4);
    const [list = '', verify = ''] = known(refused.text, 'restore-refused');
    expect(await typeAll(h, [list])).toContain(whole);
    // It says which ones cannot be relied on, by its exit code, too.
    const proven = await type(h, verify);
    expect([proven.code, proven.text.includes(stamp)]).toEqual([1, true]);
    expect((await h.run('restore', ['alpha', whole])).code).toBe(0);
  });
});

onBoth('playbooks of a host that was pulled by hand', { services: { alpha: {} }, adopt: false }, (host) => {
  test('pre-pulled', async () => {
    const h = host();
    await h.push(await h.service('alpha', '2'));
    await h.git(h.prod, 'pull', '--quiet', '--ff-only');
    const nothing = await h.run('run', ['PULLED-1']);
    expect(nothing.code).toBe(5);
    await typeAll(h, known(nothing.text, 'pre-pulled'));
    isReleased(h, 'NEW-TICKET');
    expect(await h.httpVersion('alpha')).toBe('2');
  });
});

onBoth(
  'playbooks of databases',
  {
    services: {
      alpha: {
        manifest: { backup: { enabled: true, type: ['database'] }, database: { type: 'sqlite', path: 'alpha/app.db' } },
      },
    },
    adopt: true,
  },
  (host) => {
    test('database-locked', async () => {
      const h = host();
      const folder = join(h.prod, '.asd/workspace/alpha');
      mkdirSync(folder, { recursive: true });
      const db = new Database(join(folder, 'app.db'));
      db.run('CREATE TABLE notes (text)');
      db.run('BEGIN EXCLUSIVE');
      await h.push(await h.service('alpha', '2'));
      const lines = await halted(h, 'LOCKED-1', 'database-locked');
      expect(await typeAll(h, lines.slice(0, 1))).toContain(`/proc/${process.pid}/fd`);
      db.run('ROLLBACK');
      db.close();
      await typeAll(h, lines.slice(1));
      isReleased(h, 'LOCKED-1');
    });
  },
  ['pm2'],
);

onBoth(
  'playbooks of containers',
  { services: { alpha: {} } },
  (host) => {
    test('image-missing', async () => {
      const h = host();
      const made = await h.service('alpha', '2');
      await h.docker?.('image', 'rm', `${h.prefix.replace(/-$/, '')}/alpha:2`);
      await h.push(made);
      const [first = '', again = ''] = await halted(h, 'IMAGE-1', 'image-missing');
      expect(first).toBe('just doctor alpha');
      await h.service('alpha', '2');
      await typeAll(h, [again]);
      isReleased(h, 'IMAGE-1');
    });

    test('name-conflict', async () => {
      const h = host();
      const name = `${h.prefix}taken`;
      const made = await h.service('alpha', '3');
      const path = 'packages/alpha/docker-compose.yaml';
      const named = {
        ...made,
        [path]: (made[path] ?? '').replace('    init: true\n', `    init: true\n    container_name: ${name}\n`),
      };
      await h.docker?.('run', '--detach', '--name', name, `${h.prefix.replace(/-$/, '')}/alpha:3`);
      await h.push(named);
      const lines = await halted(h, 'NAME-1', 'name-conflict');
      await typeAll(h, lines);
      isReleased(h, 'NAME-1');
    });
  },
  ['compose'],
);

test('every playbook that is shipped was triggered', () => {
  const wanted = SHIPPED.filter((id) => docker !== undefined || !ON_DOCKER.includes(id));
  expect([...triggered].toSorted()).toEqual(wanted.toSorted());
});
