// The three ways in which Belay reaches a repository that knows nothing of it: each from the first command to a release.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installModules, template } from './harness/engines.ts';
import { type HostOptions, openScenarioHost, type ScenarioHost } from './harness/host.ts';
import { mustRun, runCommand } from './harness/process.ts';

const CHECKOUT = realpathSync(join(import.meta.dir, '..', '..'));
const BUN = join(CHECKOUT, 'node_modules', 'bun', 'bin', 'bun.exe');
const SYSTEM = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: process.env.HOME ?? '/root' };
/** A repository that nobody made for Belay. */
const FOREIGN: HostOptions = {
  services: { alpha: {} },
  adopt: false,
  files: { justfile: 'hello:\n    @echo hello\n', '.gitignore': '*.log\n.env\n', '.asd/release.yaml': null },
};

const OWN = Object.fromEntries(
  ['justfile', '.gitignore'].map((name) => [name, readFileSync(join(CHECKOUT, name), 'utf8')]),
);

// Packages come from the registry that this machine uses; where there is none, the ways that need it are skipped (CI=true: fail).
const registry =
  process.env.CI === 'true' || (await runCommand([BUN, 'info', 'zx', 'version'], tmpdir(), SYSTEM)).code === 0;
if (!registry) console.warn('no registry of packages can be reached: a dependency is not tried');

/** This repository as it is now, published: a bare one to clone, and a packed file. */
const published = realpathSync(mkdtempSync(join(tmpdir(), 'belay-published-')));
const origin = join(published, 'belay.git');
beforeAll(async () => {
  const tree = join(published, 'tree');
  mkdirSync(tree);
  await template(tree);
  const git = (...args: string[]) =>
    mustRun(['git', '-c', 'user.name=D', '-c', 'user.email=d@example.org', ...args], tree, SYSTEM);
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'published');
  await git('clone', '--quiet', '--bare', tree, origin);
  await mustRun([BUN, 'pm', 'pack', '--destination', published, '--ignore-scripts', '--quiet'], tree, SYSTEM);
}, 60_000);
afterAll(() => rmSync(published, { recursive: true, force: true }));

interface Way {
  /** What is typed in `prod` before the recipes are known. @returns the bootstrap to begin with. */
  bring(h: ScenarioHost): Promise<string>;
  imports: string;
  options?: HostOptions;
}

const WAYS: Record<string, Way> = {
  'this repository as a template': {
    options: {
      ...FOREIGN,
      // Its own packages are the demo's.
      files: {
        ...OWN,
        'packages/api/': null,
        'packages/notes/': null,
        'packages/web/': null,
        '.asd/release.yaml': null,
      },
      seed: template,
    },
    async bring(h) {
      installModules(h.prod);
      return './bootstrap';
    },
    imports: '',
  },
  'a clone beside it': {
    async bring(h) {
      const beside = join(h.folder, 'belay');
      await h.git(h.folder, 'clone', '--quiet', `file://${origin}`, beside);
      installModules(beside);
      return join(beside, 'bootstrap');
    },
    imports: 'FOLDER/belay/justfile',
  },
  'a dependency from git': {
    async bring(h) {
      await add(h, `git+file://${origin}`);
      return 'node_modules/belay/bootstrap';
    },
    imports: 'node_modules/belay/justfile',
  },
  'a dependency from a packed file': {
    async bring(h) {
      cpSync(join(published, 'belay-0.1.0.tgz'), join(h.folder, 'belay-0.1.0.tgz'));
      await add(h, '../belay-0.1.0.tgz');
      return 'node_modules/belay/bootstrap';
    },
    imports: 'node_modules/belay/justfile',
  },
};

async function add(h: ScenarioHost, what: string): Promise<void> {
  writeFileSync(join(h.prod, 'package.json'), '{ "private": true }\n');
  await mustRun([BUN, 'add', what], h.prod, { ...h.env, BUN_INSTALL_CACHE_DIR: join(h.folder, 'cache') });
}

/** pm2 as a host has it: a program on PATH, none of the engine's packages. */
function installPm2(h: ScenarioHost): void {
  const program = join(h.folder, 'bin', 'pm2');
  mkdirSync(dirname(program), { recursive: true });
  const argv = [BUN, '--no-env-file', '--no-install', '--config=/dev/null', '--tsconfig-override=/dev/null', '--bun'];
  writeFileSync(program, `#!/bin/sh\nexec ${argv.join(' ')} ${join(CHECKOUT, 'node_modules/pm2/bin/pm2')} "$@"\n`);
  chmodSync(program, 0o755);
  h.env.PATH = `${dirname(program)}:${h.env.PATH}`;
}

for (const [title, way] of Object.entries(WAYS)) {
  describe.skipIf(title.startsWith('a dependency') && !registry)(title, () => {
    let h: ScenarioHost;
    beforeAll(async () => {
      h = await openScenarioHost('pm2', way.options ?? FOREIGN);
      installPm2(h);
    }, 120_000);
    afterAll(async () => await h?.close(), 60_000);

    test('three steps: brought and set up, adopted, released', async () => {
      const bootstrap = await way.bring(h);
      const before = readFileSync(join(h.prod, 'justfile'), 'utf8');
      const init = await runCommand([bootstrap, 'belay-init'], h.prod, h.env);
      expect(init.text).toContain('.asd/release.yaml: settings, each with its default');
      expect(init.code).toBe(0);
      const justfile = readFileSync(join(h.prod, 'justfile'), 'utf8');
      const line = way.imports.replace('FOLDER', h.folder);
      expect(justfile).toBe(line === '' ? before : `${before}\nimport '${line}'\n`);

      const commit = /git add .* && git commit -m 'Belay'/.exec(init.text)?.[0] ?? 'false';
      await mustRun(['sh', '-euc', `${commit} --quiet && git push --quiet`], h.prod, h.env);
      // A link to node_modules, which is a folder otherwise.
      // A link to node_modules, in a template, which is a folder otherwise.
      const left = await h.git(h.prod, 'status', '--porcelain', '--untracked-files=normal');
      expect(
        left.split('\n').filter((each) => !/^(?:\?\? (?:package\.json|bun\.lock|node_modules))?$/.test(each)),
      ).toEqual([]);
      expect((await runCommand(['just', 'belay-init'], h.prod, h.env)).text).toContain('Nothing is missing.');

      const adopted = await h.run('adopt');
      expect(adopted.text).toContain('is the baseline: 1 service');
      expect(adopted.code).toBe(0);

      await h.git(h.dev, 'pull', '--quiet', 'origin', 'main');
      const target = await h.push(await h.service('alpha', '2'));
      const released = await h.run('run', ['REACH-1']);
      expect(released.text).toContain('Released REACH-1');
      expect(released.code).toBe(0);
      expect(await Promise.all([h.head(), h.deployed(), h.httpVersion('alpha')])).toEqual([target, target, '2']);
      expect((await h.run('state')).stdout).toStartWith('REACH-1: released');
      expect(existsSync(join(h.prod, '.asd/workspace/releases/REACH-1.env'))).toBe(true);

      // Something of the host's old days that pulls on its own.
      const pulled = await h.push({ 'packages/alpha/words.txt': 'more\n' });
      await h.git(h.prod, 'pull', '--quiet', '--ff-only');
      const says = `from ${target.slice(0, 12)}, which is deployed, to ${pulled.slice(0, 12)}`;
      expect((await h.run('state')).stdout).toContain(says);
      expect(JSON.parse((await h.run('state', ['--json'])).stdout).moved).toMatchObject({
        deployed: target,
        head: pulled,
      });
      expect(h.strays()).toEqual([]);
    });
  });
}
