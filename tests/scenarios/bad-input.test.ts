// What is wrong is said before anything is changed: exit 2 for words, 4 for what the host or the commit is like, and what to do about it.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ScenarioHost } from './harness/host.ts';
import { onBoth } from './harness/runtimes.ts';

interface Refusal {
  code?: 2 | 4;
  /** Parts of what is said, in any order. */
  says: Array<string | RegExp>;
  ticket?: string;
  args?: string[];
  env?: Record<string, string>;
}

/** Runs release-run, and proves that it was refused with all of that, and that the host is as it was. */
async function refused(
  h: ScenarioHost,
  { code = 4, says, ticket = 'T-1', args = [], env = {} }: Refusal,
): Promise<void> {
  const before = await h.fingerprint();
  const done = await h.run('run', [ticket, ...args], env);
  for (const part of says) expect(done.text).toMatch(typeof part === 'string' ? new RegExp(RegExp.escape(part)) : part);
  expect(done.text).not.toMatch(/Belay itself failed|\n\s+at .*\.ts/);
  expect(done.code).toBe(code);
  expect(await h.fingerprint()).toEqual(before);
  expect(readdirSync(join(h.prod, '.asd/workspace/releases')).filter((name) => name.endsWith('.env'))).toEqual([]);
  // The target is laid out while its manifests are read.
  for (const stages of ['.asd/workspace/stage', '.git/worktrees'])
    expect(existsSync(join(h.prod, stages)) ? readdirSync(join(h.prod, stages)) : []).toEqual([]);
}

/** Every test begins and ends with origin at the first commit, and a clean clone of it. */
function withOrigin(host: () => ScenarioHost): void {
  let first = '';
  beforeEach(async () => {
    first = await host().head();
    mkdirSync(join(host().prod, '.asd/workspace/releases'), { recursive: true });
  });
  afterEach(async () => {
    const h = host();
    await h.git(h.dev, 'reset', '--quiet', '--hard', first);
    await h.git(h.dev, 'clean', '-qdfx');
    await h.git(h.dev, 'push', '--quiet', '--force', 'origin', `${first}:main`);
    await h.git(h.prod, 'reset', '--quiet', '--hard', first);
  });
}

const MANIFEST = (name: string, port: string) => `name: ${name}
runtime: pm2
installation: { status: installed }
containers:
  - { name: ${name}, role: app }
requirements: { port_env: [{ env: ${port}, default: 1 }] }
backup: { enabled: true, type: [config] }
health: { endpoint: /health, timeout: 4s }
`;

onBoth(
  'bad input',
  { services: { alpha: {}, beta: {} } },
  (host) => {
    withOrigin(host);
    const manifest = (text: string) => ({ 'packages/alpha/manifest.yaml': text });

    const tickets = ['../x', 'a; rm -rf x', 'a'.repeat(65), '', '1.lock', '1.log', 'a b', '$(id)', '.x'];
    for (const ticket of tickets) {
      test(`ticket ${JSON.stringify(ticket)}`, async () => {
        await refused(host(), { code: 2, ticket, says: [JSON.stringify(ticket), 'is not a ticket', '64 characters'] });
      });
    }

    test('ticket -x is no flag either', async () => {
      await refused(host(), { code: 2, ticket: '-x', says: ['There is no flag --x', 'just release-run TICKET'] });
    });

    test('no ticket at all', async () => {
      const done = await host().run('run');
      expect([done.code, done.text]).toEqual([2, expect.stringContaining('release-run needs TICKET')]);
    });

    test('an unknown flag, with the one that was meant', async () => {
      await refused(host(), {
        code: 2,
        args: ['--form=verify'],
        says: ['There is no flag --form', 'did you mean --from?'],
      });
    });

    for (const branch of ['a..b', 'a b', '/x', 'x.lock', '@{u}', '$(id)']) {
      test(`branch ${branch}`, async () => {
        const says = [JSON.stringify(branch), 'is not a branch name', 'letter or digit'];
        await refused(host(), { code: 2, args: [branch], says });
      });
    }

    test('three errors in a manifest: all of them, with line and column', async () => {
      const h = host();
      const text = MANIFEST('alpha', 'ALPHA_PORT')
        .replace('role: app', 'role: wizard')
        .replace('enabled: true', 'enabled: perhaps')
        .replace('timeout: 4s', 'timeout: soon');
      await h.push(manifest(text));
      const at = (word: string) => {
        const line = text.split('\n').findIndex((each) => each.includes(word));
        return `packages/alpha/manifest.yaml:${line + 1}:${(text.split('\n')[line]?.indexOf(word) ?? 0) + 1}: `;
      };
      const says = [
        `${at('wizard')}containers[0].role`,
        `${at('perhaps')}backup.enabled`,
        `${at('soon')}health.timeout`,
      ];
      await refused(h, { says: [...says, '3 problems', 'commit, push'] });
    });

    test('a key of a manifest twice', async () => {
      const h = host();
      await h.push(manifest(`${MANIFEST('alpha', 'ALPHA_PORT')}runtime: compose\n`));
      await refused(h, { says: [/packages\/alpha\/manifest\.yaml:9:1: .*runtime/, 'commit, push'] });
    });

    test('folder and name of a service differ', async () => {
      const h = host();
      await h.push(manifest(MANIFEST('alfa', 'ALPHA_PORT')));
      await refused(h, { says: ['packages/alpha/manifest.yaml:1:7: name', 'alfa'] });
    });

    test('two services on one port', async () => {
      const h = host();
      await h.push(manifest(MANIFEST('alpha', 'BETA_PORT')));
      await refused(h, { says: [`port ${h.port('beta')} is claimed by`, 'alpha', 'beta', 'BETA_PORT in .env'] });
    });

    test('a ticket script that two tickets could claim', async () => {
      const h = host();
      await h.push({ 'releases/T-1-2-fix.sh': 'true\n' });
      const says = ['Two tickets could claim releases/T-1-2-fix.sh: T-1 and T-1-2', 'Rename the script'];
      await refused(h, { says });
    });

    test('untracked and ignored files that the target would overwrite', async () => {
      const h = host();
      writeFileSync(join(h.dev, '.env'), 'TAKEN=over\n');
      await h.git(h.dev, 'add', '--force', '.env');
      await h.push({ ...(await h.service('alpha', '2')), 'packages/alpha/notes.txt': 'from origin\n' });
      writeFileSync(join(h.prod, 'packages/alpha/notes.txt'), 'of this host\n');
      await refused(h, { says: ['would overwrite 2 paths', '.env', 'packages/alpha/notes.txt', 'Move them away'] });
      expect(readFileSync(join(h.prod, 'packages/alpha/notes.txt'), 'utf8')).toBe('of this host\n');
      await h.git(h.prod, 'clean', '-qdf', 'packages');
    });

    test('no git identity', async () => {
      const h = host();
      await h.push(await h.service('alpha', '2'));
      for (const key of ['user.name', 'user.email']) await h.git(h.prod, 'config', '--unset', key);
      await refused(h, { says: ['git has no identity', h.prod, 'git config user.name'] });
      await h.git(h.prod, 'config', 'user.name', 'Operator');
      await h.git(h.prod, 'config', 'user.email', 'operator@example.org');
    });

    test('a dirty tree: the files are named, nothing is stashed', async () => {
      const h = host();
      await h.push(await h.service('alpha', '2'));
      writeFileSync(join(h.prod, 'packages/beta/label.ts'), 'mended by hand\n');
      await refused(h, { says: ['1 tracked file differs', 'packages/beta/label.ts', 'git checkout HEAD -- PATH'] });
      expect(readFileSync(join(h.prod, 'packages/beta/label.ts'), 'utf8')).toBe('mended by hand\n');
    });

    test('a merge in progress, a lock of git, a detached HEAD: all at once', async () => {
      const h = host();
      await h.git(h.prod, 'checkout', '--quiet', '--detach');
      const left = ['MERGE_HEAD', 'index.lock'].map((name) => join(h.prod, '.git', name));
      for (const file of left) writeFileSync(file, `${await h.head()}\n`);
      const done = await h.run('run', ['T-1']);
      for (const file of left) rmSync(file);
      await h.git(h.prod, 'checkout', '--quiet', 'main');
      expect(done.code).toBe(4);
      for (const part of ['3 things stand in the way', 'A merge is in progress', 'HEAD is detached', 'index.lock'])
        expect(done.text).toContain(part);
    });

    test('another branch than the one of this host', async () => {
      const h = host();
      await h.git(h.prod, 'switch', '--quiet', '--create', 'hotfix');
      await refused(h, { says: ['is on branch hotfix, not on main', 'git switch main', '--force-allow-non-main'] });
      await refused(h, {
        args: ['hotfix'],
        says: ['hotfix is not the branch that this host releases', '--force-allow-non-main'],
      });
      await h.git(h.prod, 'switch', '--quiet', 'main');
      await h.git(h.prod, 'branch', '--quiet', '-D', 'hotfix');
      await refused(h, {
        args: ['hotfix', '--force-allow-non-main'],
        says: ['The remote has no branch hotfix'],
      });
    });

    test('a remote that cannot be reached, or is not there', async () => {
      const h = host();
      const url = await h.git(h.prod, 'remote', 'get-url', 'origin');
      await h.git(h.prod, 'remote', 'set-url', 'origin', 'http://someone:hunter22@127.0.0.1:1/x.git');
      const before = await h.fingerprint();
      const done = await h.run('run', ['T-1']);
      expect([done.code, await h.fingerprint()]).toEqual([4, before]);
      expect(done.text).toContain('127.0.0.1:1/x.git');
      expect(done.text).not.toContain('hunter22');
      await h.git(h.prod, 'remote', 'set-url', 'origin', join(h.folder, 'nowhere.git'));
      await refused(h, { says: ['nowhere.git'] });
      await h.git(h.prod, 'remote', 'set-url', 'origin', url);
    });

    test('a refusal does not wait for a remote that does not answer, and leaves nothing that asks it', async () => {
      const h = host();
      const silent = join(h.folder, 'silent');
      writeFileSync(silent, '#!/bin/sh\nexec sleep 600\n', { mode: 0o700 });
      await h.push(await h.service('alpha', '2'));
      await h.git(h.prod, 'config', 'remote.origin.receivepack', silent);
      h.setEnv({ CONTAINER_PREFIX: 'other-' });
      await refused(h, { says: [`The project of alpha changes from ${h.prefix}alpha to other-alpha`] });
      h.setEnv({ CONTAINER_PREFIX: h.prefix });
      await h.git(h.prod, 'config', '--unset', 'remote.origin.receivepack');
    });

    test('a branch that origin does not have', async () => {
      await refused(host(), { args: ['gone', '--force-allow-non-main'], says: ['The remote has no branch gone'] });
    });

    test('a commit that was made on the host', async () => {
      const h = host();
      await h.push(await h.service('alpha', '2'));
      await h.git(h.prod, 'commit', '--quiet', '--allow-empty', '-m', 'mended at night');
      await refused(h, {
        says: ['1 commit was made on this host', 'mended at night', 'git push origin HEAD:refs/heads/host-local-'],
      });
    });

    test('a history that was rewritten', async () => {
      const h = host();
      const root = await h.git(h.dev, 'rev-list', '--max-parents=0', 'HEAD');
      await h.git(
        h.dev,
        '-c',
        'user.name=D',
        '-c',
        'user.email=d@example.org',
        'commit',
        '--quiet',
        '--amend',
        '--allow-empty',
        '-m',
        'other root',
      );
      await h.git(h.dev, 'push', '--quiet', '--force', 'origin', 'HEAD:main');
      await refused(h, { says: [/rewritten|no fast-forward/] });
      expect(await h.head()).toBe(root);
    });

    test('too little disk for the backups', async () => {
      const h = host();
      const { bavail, bsize } = statfsSync(h.prod);
      const data = join(h.prod, 'packages/alpha/data');
      mkdirSync(data, { recursive: true });
      writeFileSync(join(data, 'x.db'), '');
      truncateSync(join(data, 'x.db'), bavail * bsize * 2 + 1e9);
      const text = MANIFEST('alpha', 'ALPHA_PORT').replace('type: [config]', 'type: [database]');
      const more = 'database: { type: sqlite, path: data/x.db }\n';
      await h.push({ ...manifest(text + more), 'packages/alpha/.gitignore': 'data/\n' });
      // What is saved is what is deployed: its manifest has to know of the database first.
      await h.git(h.prod, 'pull', '--quiet');
      await h.git(h.prod, 'update-ref', 'refs/asd/deployed', 'HEAD');
      await h.push(await h.service('alpha', '2', { manifest: { database: { type: 'sqlite', path: 'data/x.db' } } }));
      await refused(h, {
        says: [/Too little disk for the backups: \d+ MB may be needed, \d+ MB are free/, 'backup.dir'],
      });
      await h.git(h.prod, 'clean', '-qdfx', 'packages/alpha');
      await h.git(h.prod, 'reset', '--quiet', '--hard', 'HEAD~1');
      await h.git(h.prod, 'update-ref', 'refs/asd/deployed', 'HEAD');
      await h.git(h.dev, 'reset', '--quiet', '--hard', 'HEAD~2');
    });

    test('a service whose project changes would leave its data behind', async () => {
      const h = host();
      await h.push(await h.service('alpha', '2'));
      h.setEnv({ CONTAINER_PREFIX: 'other-' });
      await refused(h, { says: [`The project of alpha changes from ${h.prefix}alpha to other-alpha`, 'two releases'] });
      h.setEnv({ CONTAINER_PREFIX: h.prefix });
    });

    test('with --json a refusal is one line with its facts', async () => {
      const h = host();
      await h.push({ 'releases/T-1-2-fix.sh': 'true\n' });
      const { code, stdout } = await h.run('run', ['T-1', '--json']);
      const [line, ...rest] = stdout.trim().split('\n');
      expect([code, rest]).toEqual([4, []]);
      expect(JSON.parse(line ?? '')).toMatchObject({
        event: 'error',
        kind: 'refused',
        exit: 4,
        what: expect.stringContaining('T-1-2'),
      });
    });
  },
  ['pm2'],
);

onBoth(
  'bad input',
  { services: { alpha: {} } },
  (host) => {
    withOrigin(host);

    test('a resolved image that is not the manifest’s: the variable is named', async () => {
      const h = host();
      const files = await h.service('alpha', '2');
      const compose = files['packages/alpha/docker-compose.yaml'] ?? '';
      await h.push({
        ...files,
        'packages/alpha/docker-compose.yaml': compose.replace(/(image: \S+):2/, '$1:${ALPHA_TAG:-2}-slim'),
        'packages/alpha/manifest.yaml': (files['packages/alpha/manifest.yaml'] ?? '').replace(
          'tag: "2"',
          'tag: "2"\n  env_var: ALPHA_TAG',
        ),
      });
      await refused(h, { says: ['the image of alpha resolves to', ':2-slim', 'its manifest says', 'ALPHA_TAG'] });
    });

    test('a compose file that is made to take no end', async () => {
      const h = host();
      const laughs = Array.from(
        { length: 12 },
        (_, n) => `x-${n}: &x${n} [${Array(9).fill(n === 0 ? 'ha' : `*x${n - 1}`)}]`,
      );
      const files = await h.service('alpha', '2');
      const compose = files['packages/alpha/docker-compose.yaml'];
      for (const [text, says] of [
        [laughs.join('\n'), 'aliases of a compose file stand for more than'],
        [`x-a: ${'['.repeat(30_000)}`, 'docker compose'],
      ]) {
        await h.push({ ...files, 'packages/alpha/docker-compose.yaml': `${text}\n${compose}` });
        await refused(h, { says: [says ?? '', 'alpha'] });
      }
    });

    test('docker does not run', async () => {
      const h = host();
      await h.push(await h.service('alpha', '2'));
      const env = { DOCKER_HOST: `unix://${h.folder}/no.sock` };
      await refused(h, { env, says: [`${h.folder}/no.sock`, /docker/i] });
    });

    test('Compose is older than 2.20', async () => {
      const h = host();
      await h.push(await h.service('alpha', '2'));
      const config = join(h.folder, 'docker');
      mkdirSync(join(config, 'cli-plugins'), { recursive: true });
      const plugin = join(config, 'cli-plugins/docker-compose');
      const real = join(h.env.DOCKER_CONFIG ?? '', 'cli-plugins/docker-compose');
      writeFileSync(plugin, `#!/bin/sh\ncase "$*" in *version*) echo 2.19.1 ;; *) exec '${real}' "$@" ;; esac\n`);
      chmodSync(plugin, 0o755);
      const env = { DOCKER_CONFIG: config };
      await refused(h, {
        env,
        says: ['Docker Compose 2.19.1 is too old; 2.20 or newer is needed', 'docker-compose-plugin'],
      });
    });
  },
  ['compose'],
);
