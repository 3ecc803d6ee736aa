// Doctor on whole hosts: what only a real release, backup, runtime or registry can break, and the printed command that mends it.
import { expect, test } from 'bun:test';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupRecord } from '../../scripts/backups/kind.ts';
import { recordText } from '../../scripts/backups/record.ts';
import { startRegistry } from '../../scripts/dev/engine/registry.ts';
import type { ScenarioHost } from './harness/host.ts';
import { type Result, runCommand } from './harness/process.ts';
import { docker, onBoth } from './harness/runtimes.ts';

interface Report {
  ready: boolean;
  exit: number;
  checks: Array<{
    check: string;
    findings: Array<{ outcome: string; what: string; mends: Array<{ command: string; safe: boolean }> }>;
  }>;
}

const type = (h: ScenarioHost, line: string): Promise<Result> => runCommand(['sh', '-c', line], h.prod, h.env);

async function report(h: ScenarioHost, ...words: string[]): Promise<Report> {
  const { code, stdout } = await runCommand(['just', 'doctor', '--json', ...words], h.prod, h.env);
  const read = JSON.parse(stdout) as Report;
  expect(read.exit).toBe(code);
  expect(read.ready).toBe(code === 0);
  return read;
}

const of = ({ checks }: Report, id: string) => checks.find(({ check }) => check === id)?.findings ?? [];
const failed = (read: Report, id: string) => of(read, id).filter(({ outcome }) => outcome === 'fail');

/** What doctor prints for people of a check's failures: what is wrong, and the lines for a shell below it. */
async function printed(h: ScenarioHost, id: string): Promise<{ says: string; lines: string[] }> {
  const { stdout } = await runCommand(['just', 'doctor'], h.prod, h.env);
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`FAIL    ${id} `));
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => !line.startsWith('        '));
  return { says: lines[at] ?? '', lines: rest.slice(0, end).map((line) => line.trim()) };
}

/** It fails as said; the printed line, typed as it is, mends it. */
async function mends(h: ScenarioHost, id: string, what: string | RegExp): Promise<void> {
  const { says, lines } = await printed(h, id);
  expect(says).toMatch(what);
  const [line = 'false'] = lines;
  const { code, text } = await type(h, line);
  expect([line, code, code === 0 ? '' : text]).toEqual([line, 0, '']);
  expect(failed(await report(h), id)).toEqual([]);
}

onBoth(
  'doctor',
  // Kept images are named after services: those of another file's hosts would be taken for ours.
  { services: { alpha: {}, beta: {} }, env: { ALPHA_TOKEN: 'correct-horse-battery' }, ownEngine: true },
  (host, runtime) => {
    test('a new host: what is missing, what --fix does, and then it is ready', async () => {
      const h = host();
      const before = await h.fingerprint();
      const first = await report(h);
      expect(first.exit).toBe(1);
      expect(failed(first, 'backups').map(({ what }) => what)).toEqual(['alpha has no backup', 'beta has no backup']);
      expect(failed(first, 'modes')[0]?.mends[0]?.safe).toBe(true);
      expect(await h.fingerprint()).toEqual(before);

      chmodSync(join(h.prod, '.asd/workspace/releases'), 0o755);
      const fixed = await runCommand(['just', 'doctor', '--fix'], h.prod, h.env);
      expect(fixed.code).toBe(1);
      expect(fixed.text).toContain(`mended: chmod go-rwx ${h.prod}/.asd/workspace/releases`);
      expect(fixed.text).not.toContain('correct-horse');
      expect(failed(await report(h), 'modes')).toEqual([]);
      expect(readdirSync(join(h.prod, '.asd/workspace/backups'))).toEqual([]);

      for (const line of ['just release-backup alpha', 'just release-backup beta'])
        expect((await type(h, line)).code).toBe(0);
      const ready = await runCommand(['just', 'doctor'], h.prod, h.env);
      expect(ready.text).toContain('Ready: 0 failed');
      expect(ready.code).toBe(0);
    });

    test('nothing is marked as deployed, with a release on record and without', async () => {
      const h = host();
      await h.git(h.prod, 'update-ref', '-d', 'refs/asd/deployed');
      await mends(h, 'git-deployed', 'nothing is marked as deployed');
      await h.push(await h.service('alpha', '2'));
      expect((await h.run('run', ['DOC-1'])).code).toBe(0);
      await h.git(h.prod, 'update-ref', '-d', 'refs/asd/deployed');
      await mends(h, 'git-deployed', 'nothing is marked as deployed');
      expect(await h.deployed()).toBe(await h.head());
    });

    test('what was committed wrongly is mended by the printed command, once the correction is pushed', async () => {
      const h = host();
      const hook = 'packages/beta/scripts/preflight.ts';
      const file = runtime === 'compose' ? 'packages/beta/docker-compose.yaml' : 'packages/beta/ecosystem.config.cjs';
      const broken = runtime === 'compose' ? 'services: { web: { imge: x } }\n' : 'module.exports = 3;\n';
      const wrong: Array<[check: string, files: Record<string, string>, says: string]> = [
        ['services', { [file]: broken }, 'beta'],
        ['manifests', { 'packages/beta/manifest.yaml': 'name: beta\nrole: app\n' }, 'packages/beta/manifest.yaml'],
        ['hooks', { [hook]: 'export const = 1;\n' }, 'preflight.ts does not parse'],
        ['settings', { '.asd/release.yaml': 'concurency: 3\n' }, 'did you mean "concurrency"'],
      ];
      for (const [at, [check, files, says]] of (runtime === 'compose' ? wrong.slice(0, 1) : wrong).entries()) {
        await h.push(files, `break ${check}`);
        await h.git(h.prod, 'pull', '--quiet', '--ff-only');
        const right = await h.service('beta', `right-${at}`);
        await h.push({ ...right, [hook]: 'export {};\n', '.asd/release.yaml': 'branch: main\n' }, `mend ${check}`);
        await mends(h, check, says);
      }
      expect(await h.httpVersion('beta')).toStartWith('right-');
    });

    // What follows looks at records and files, which are the same on every runtime.
    if (runtime === 'compose') return;

    test('only the services that were asked for', async () => {
      const h = host();
      const { text } = await runCommand(['just', 'doctor', 'alpha'], join(h.prod, 'packages'), h.env);
      expect(text).toContain('alpha: the newest is');
      expect(text).not.toContain('beta: the newest is');
      const wrong = await runCommand(['just', 'doctor', 'gamma'], h.prod, h.env);
      expect([wrong.code, wrong.text]).toEqual([2, expect.stringContaining('gamma is no installed service')]);
    });

    test('backups: one that was never read back, one that a restore left open, too old ones', async () => {
      const h = host();
      const folder = join(h.prod, '.asd/workspace/backups/beta');
      const stamp = readdirSync(folder).toSorted().at(-1) ?? '';
      const file = join(folder, stamp, 'backup.json');
      const { sum: _, ...record } = JSON.parse(readFileSync(file, 'utf8')) as BackupRecord & { sum: string };
      writeFileSync(file, recordText({ ...record, verifiedAt: '2025-01-01T00:00:00.000Z' }));
      await mends(h, 'backups', /none was read back for \d+ days/);
      writeFileSync(file, recordText({ ...record, startedAt: '2025-01-01T00:00:00.000Z' }));
      await mends(h, 'backups', /beta: the newest is \d+ days old/);
      mkdirSync(join(folder, '20250101_000000.partial'));
      const warned = of(await report(h), 'backups').find(({ outcome }) => outcome === 'warn');
      expect(warned?.what).toContain('20250101_000000.partial is no backup');
      expect((await type(h, warned?.mends[0]?.command ?? 'false')).code).toBe(0);
      expect(existsSync(join(folder, '20250101_000000.partial'))).toBe(false);
    });

    test('a halted release fails until it is gone on with; --run says how', async () => {
      const h = host();
      const ready = join(h.folder, 'ready');
      const hook = `import { existsSync } from 'node:fs';\nif (!existsSync('${ready}')) process.exit(3);\n`;
      await h.push(await h.service('alpha', '3', { files: { 'scripts/ensure-config.ts': hook } }));
      expect((await h.run('run', ['DOC-2'])).code).toBe(1);
      const said = await runCommand(['just', 'doctor', '--run=DOC-2'], h.prod, h.env);
      expect(said.code).toBe(1);
      expect(said.text).toContain('DOC-2 is halted in migrate');
      expect(said.text).toContain('just release-run DOC-2 --resume');
      writeFileSync(ready, '');
      await mends(h, 'releases', 'DOC-2 is halted in migrate');
      const well = await runCommand(['just', 'doctor', '--run=DOC-2', '--json'], h.prod, h.env);
      expect([well.code, JSON.parse(well.stdout)]).toEqual([0, expect.objectContaining({ done: true, next: [] })]);
      expect((await runCommand(['just', 'doctor', '--run=NONE-1'], h.prod, h.env)).code).toBe(4);
    });

    test('a release in the middle holds the lock, and nothing is mended meanwhile', async () => {
      const h = host();
      const gate = join(h.folder, 'gate-hold');
      writeFileSync(gate, '');
      const hook = `import { existsSync } from 'node:fs';\nwhile (existsSync('${gate}')) await Bun.sleep(20);\n`;
      await h.push(await h.service('alpha', '4', { files: { 'scripts/ensure-config.ts': hook } }));
      const running = h.start('run', ['DOC-3']);
      await h.event('DOC-3', { event: 'step-start', step: 'ensure-config' });
      expect(failed(await report(h), 'lock')[0]?.what).toContain('release-run DOC-3');
      chmodSync(join(h.prod, '.env'), 0o644);
      const told = await runCommand(['just', 'doctor', '--fix'], h.prod, h.env);
      expect(told.text).toContain('Nothing is mended while release-run DOC-3 runs');
      const { lines } = await printed(h, 'lock');
      h.openGate('hold');
      expect((await type(h, lines[0] ?? 'false')).code).toBe(0);
      await running.ended;
      expect(failed(await report(h, '--fix'), 'lock')).toEqual([]);
    });

    test('too little room for the next backups', async () => {
      const h = host();
      const folder = join(h.prod, '.asd/workspace/backups');
      const small = join(h.folder, 'small');
      mkdirSync(small);
      expect(Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', small]).exitCode).toBe(0);
      const settings = join(h.prod, '.asd/release.yaml');
      const was = readFileSync(settings, 'utf8');
      try {
        expect(Bun.spawnSync(['cp', '-a', `${folder}/.`, small]).exitCode).toBe(0);
        writeFileSync(settings, `${was}backup: { dir: ${small} }\n`);
        // Leftovers of a killed backup, which prune removes, take what is left.
        const leftover = join(small, 'alpha', '20250101_000000.partial');
        mkdirSync(leftover, { recursive: true });
        Bun.spawnSync(['sh', '-c', `head -c 4000000 /dev/zero > ${leftover}/data`]);
        await mends(h, 'space', 'free for backups; the last ones of 2 services took');
      } finally {
        writeFileSync(settings, was);
        Bun.spawnSync(['umount', small]);
      }
    });
  },
);

onBoth(
  'doctor and images',
  { services: { alpha: {} } },
  (host) => {
    test('an image that the next start needs, and the kept one of the last release', async () => {
      const h = host();
      const registry = await startRegistry();
      try {
        if (docker === undefined) throw new Error('no engine');
        const made = await h.service('alpha', '2');
        const local = `${h.prefix.replace(/-$/, '')}/alpha:2`;
        const ref = `${registry.address}/alpha:2`;
        registry.push(docker, local, 'alpha:2');
        const files = Object.fromEntries(
          Object.entries(made).map(([path, text]) => [
            path,
            (text ?? '')
              .replaceAll(local, ref)
              .replace(`name: ${local.split(':')[0]}`, `name: ${registry.address}/alpha`),
          ]),
        );
        await h.push(files);
        const run = await h.run('run', ['IMG-1']);
        expect(run.text).toContain('Released IMG-1');
        expect(failed(await report(h), 'images')).toEqual([]);
        expect(of(await report(h), 'registry')[0]).toMatchObject({
          outcome: 'pass',
          what: `${registry.address} lets this host in`,
        });

        await h.docker?.('image', 'rm', ref);
        await mends(h, 'images', `${ref} of alpha, web, is not on this host`);
        await h.docker?.('image', 'rm', 'asd-keep/alpha:IMG-1');
        const lost = failed(await report(h), 'images')[0];
        expect(lost?.mends[0]?.safe).toBe(true);
        await mends(h, 'images', 'asd-keep/alpha:IMG-1, the version of alpha before its last release, is not kept');
      } finally {
        await registry.stop();
      }
    });

    test('a registry that wants a login', async () => {
      const h = host();
      if (docker === undefined) throw new Error('no engine');
      const address = `127.0.0.1:${h.port('alpha') + 1}`;
      const credentials = Buffer.from('operator:open sesame').toString('base64');
      // A login is written into docker's own settings, which the other tests share.
      const config = join(h.folder, 'docker-config');
      cpSync(h.env.DOCKER_CONFIG ?? '', config, { recursive: true });
      h.env.DOCKER_CONFIG = config;
      const locked = Bun.serve({
        hostname: '127.0.0.1',
        port: h.port('alpha') + 1,
        fetch(request) {
          if (request.headers.get('authorization') !== `Basic ${credentials}`)
            return new Response('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}', {
              status: 401,
              headers: { 'www-authenticate': 'Basic realm="locked"' },
            });
          const body = JSON.stringify({
            schemaVersion: 2,
            mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
            config: {
              mediaType: 'application/vnd.docker.container.image.v1+json',
              size: 2,
              digest: `sha256:${'b'.repeat(64)}`,
            },
            layers: [],
          });
          if (request.url.includes('/blobs/')) return new Response('{}');
          return new Response(request.url.endsWith('/v2/') ? '{}' : body, {
            headers: {
              'content-type': 'application/vnd.docker.distribution.manifest.v2+json',
              'docker-content-digest': `sha256:${new Bun.CryptoHasher('sha256').update(body).digest('hex')}`,
            },
          });
        },
      });
      try {
        const file = join(h.prod, 'packages/alpha/docker-compose.yaml');
        writeFileSync(file, readFileSync(file, 'utf8').replace(/image: \S+/, `image: ${address}/private:1`));
        const manifest = join(h.prod, 'packages/alpha/manifest.yaml');
        writeFileSync(
          manifest,
          readFileSync(manifest, 'utf8').replace(
            /image:\n {2}name: \S+\n {2}tag: .*\n/,
            `image:\n  name: ${address}/private\n  tag: "1"\n`,
          ),
        );
        const [first] = failed(await report(h), 'registry');
        expect(first?.what).toContain(`${address} does not let this host look at ${address}/private:1`);
        expect(first?.mends[0]?.command).toBe(`docker login ${address}`);
        const login = await type(
          h,
          `echo 'open sesame' | ${first?.mends[0]?.command ?? 'false'} --username operator --password-stdin`,
        );
        expect(login.text).toContain('Login Succeeded');
        const second = of(await report(h), 'registry');
        expect(failed(await report(h), 'registry')).toEqual([]);
        expect(JSON.stringify(second)).not.toContain('sesame');
      } finally {
        await locked.stop(true);
      }
    });
  },
  ['compose'],
);
