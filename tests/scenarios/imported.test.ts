// Host repositories that import the engine: by path with a justfile of their own taste, and as a package among their dependencies.
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { packed } from './harness/engines.ts';
import type { ScenarioHost } from './harness/host.ts';
import { runCommand } from './harness/process.ts';
import { onBoth } from './harness/runtimes.ts';

const CHECKOUT = realpathSync(join(import.meta.dir, '..', '..'));

/** What must not reach a shell, whatever shell the host has set. */
const WORDS = [
  'a; touch TOUCHED',
  '$(touch TOUCHED)',
  '`touch TOUCHED`',
  '-x',
  '../x',
  'a b',
  "a' b",
  '',
  '{{ticket}}',
  'x\ny',
];

const just = (h: ScenarioHost, cwd: string, ...args: string[]) => runCommand(['just', ...args], cwd, h.env);

async function arrivesWhole(h: ScenarioHost, cwd: string): Promise<void> {
  const before = await h.fingerprint();
  for (const word of WORDS) {
    const { code, text } = await just(h, cwd, 'release-run', word);
    expect([word, code]).toEqual([word, 2]);
    if (!word.startsWith('-')) expect(text).toContain(`${JSON.stringify(word)} is not a ticket`);
  }
  expect((await just(h, cwd, 'release-run')).code).toBe(2);
  expect((await just(h, cwd, 'release-run', 'IMP-0', 'main', 'extra')).code).toBe(2);
  expect((await just(h, cwd, 'release-run', 'IMP-0', 'main; touch TOUCHED')).code).toBe(2);
  expect((await just(h, cwd, 'release-state', 'a; touch TOUCHED')).code).toBe(2);
  for (const folder of [cwd, h.prod]) expect(existsSync(join(folder, 'TOUCHED'))).toBe(false);
  expect(await h.fingerprint()).toEqual(before);
}

const TASTE = `set shell := ["bash", "-euo", "pipefail", "-c"]
set dotenv-load
set export
stage := "words of the host's own"

# The host's own
backup what="all":
    @echo "host backup of {{what}}"

import '${CHECKOUT}/justfile'
`;

onBoth('imported by path', { services: { alpha: {} }, files: { justfile: TASTE } }, (host, runtime) => {
  test('beside a shell, settings and a recipe of its own, also from a subfolder', async () => {
    const h = host();
    const deep = join(h.prod, 'packages', 'alpha');
    const target = await h.push(await h.service('alpha', '2'));
    const done = await just(h, deep, 'release-run', 'IMP-1');
    expect(done.text).toContain('Released IMP-1');
    expect(done.code).toBe(0);
    expect(await Promise.all([h.head(), h.deployed(), h.httpVersion('alpha')])).toEqual([target, target, '2']);
    expect((await just(h, deep, 'backup', 'x')).stdout).toBe('host backup of x\n');
    expect((await just(h, deep, 'release-state', 'IMP-1')).stdout).toStartWith('IMP-1: released');
    expect(existsSync(join(deep, '.asd'))).toBe(false);
    const list = await just(h, h.prod, '--list', '--unsorted');
    expect(list.stdout).toContain('release-run *args');
    // Recipes for developing the engine are none of a host's.
    expect(list.stdout).not.toContain('bench');
  });

  if (runtime === 'compose') return;
  test('words of the command line arrive whole', async () => await arrivesWhole(host(), join(host().prod, 'packages')));

  test('from a folder of no repository', async () => {
    const h = host();
    const outside = join(h.folder, 'outside');
    mkdirSync(outside);
    const argv = [join(CHECKOUT, 'scripts', 'launch'), 'release/run', 'IMP-2'];
    const lost = await runCommand(argv, outside, h.env);
    expect(lost.code).toBe(4);
    const told = await runCommand(argv, outside, { ...h.env, ASD_ROOT: h.prod });
    expect([told.code, told.text.includes('Nothing to release')]).toEqual([5, true]);
  });
});

describe('as a package', () => {
  onBoth('imported', { services: { alpha: {} }, ...packed() }, (host, runtime) => {
    test("a release with hooks that use the engine's packages", async () => {
      const h = host();
      const uses = `import { $ } from 'zx';\nimport { parse } from 'yaml';\nimport 'dotenv';\nimport 'p-retry';\nimport { Agent } from 'undici/index.js';\nif (parse('a: 1').a !== 1 || !Agent.prototype.dispatch) throw new Error('not the packages');\nawait $\`true\`;\n`;
      const target = await h.push({
        ...(await h.service('alpha', '2', { files: { 'scripts/preflight.ts': uses + h.hook('preflight') } })),
        'releases/PACK-1-data.ts': uses + h.hook('data'),
      });
      const done = await h.run('run', ['PACK-1']);
      expect(done.text).toContain('Released PACK-1');
      expect(done.code).toBe(0);
      expect(h.marks()).toEqual(['preflight', 'data']);
      expect(await Promise.all([h.head(), h.deployed(), h.httpVersion('alpha')])).toEqual([target, target, '2']);
      expect(existsSync(join(h.prod, 'node_modules/belay/.asd/workspace'))).toBe(false);
      expect(existsSync(join(h.prod, 'node_modules/belay/scripts/dev'))).toBe(false);
      expect((await h.run('state')).stdout).toStartWith('PACK-1: released');
    });

    if (runtime === 'pm2')
      test('words of the command line arrive whole', async () => await arrivesWhole(host(), host().prod));
  });
});
