import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const engine = join(import.meta.dir, '..');
const probe = '../tests/fixtures/launch/probe';
let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-launch-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function launch(program: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const ran = Bun.spawnSync([program, ...args], {
    cwd: options.cwd ?? folder,
    env: { PATH: '/usr/bin:/bin', ...options.env },
  });
  return { code: ran.exitCode, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

/** A working directory in which everything that Bun reads by itself is a trap. */
function trap(): void {
  const evil =
    'globalThis.preloaded = true; export const parse = () => ({ a: "trapped" }); export const Agent = class {};';
  writeFileSync(join(folder, '.env'), 'TRAP=env\n');
  writeFileSync(join(folder, '.env.local'), 'TRAP=local\n');
  writeFileSync(join(folder, 'evil.ts'), evil);
  const bunfig = 'preload = ["./evil.ts"]\nenv = true\n[install]\nauto = "force"\n[run]\nbun = false\n';
  writeFileSync(join(folder, 'bunfig.toml'), bunfig);
  writeFileSync(join(folder, '.bunfig.toml'), bunfig);
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { baseUrl: '.', paths: { '*': ['./evil.ts'] } } }),
  );
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ dependencies: { 'is-odd': '*' }, imports: { yaml: './evil.ts' }, browser: { yaml: './evil.ts' } }),
  );
  for (const name of ['yaml', 'undici', 'is-odd']) {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true });
    writeFileSync(join(folder, 'node_modules', name, 'index.js'), evil);
  }
}

test.each([
  ['0000', 2],
  ['0002', 2],
  ['0027', 0o27],
])('with umask %s, what is made is not for everybody to change', (given, umask) => {
  const script = `umask ${given}; exec "$0" "$1"`;
  const ran = launch('sh', ['-c', script, join(engine, 'scripts', 'launch'), probe]);
  expect(JSON.parse(ran.out)).toMatchObject({ umask });
});

test('nothing of the working directory, the home folder or the environment has a say', () => {
  trap();
  const env = {
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    BUN_OPTIONS: `--preload=${join(folder, 'evil.ts')}`,
    BUN_INSPECT_PRELOAD: join(folder, 'evil.ts'),
    NODE_OPTIONS: `--require ${join(folder, 'evil.ts')}`,
    NODE_PATH: join(folder, 'node_modules'),
  };
  const ran = launch(join(engine, 'scripts', 'launch'), [probe, 'a b', '', '--', '$(id)', '--help'], { env });
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(ran.out)).toEqual({
    umask: process.umask() | 0o002,
    trapVariable: 'unset',
    preloaded: false,
    yaml: 1,
    undici: 'function',
    nodePath: 'unset',
    args: ['a b', '', '--', '$(id)', '--help'],
    bun: expect.stringContaining(join(realpathSync(engine), 'node_modules')),
    missing: 'is missing',
  });
});

test('the traps do catch a bare Bun', () => {
  trap();
  const bare = () => launch(process.execPath, [join(engine, 'tests', 'fixtures', 'launch', 'probe.ts')]);
  // The tsconfig.json sends even the script itself elsewhere.
  expect(bare()).toMatchObject({ code: 0, out: '' });
  rmSync(join(folder, 'tsconfig.json'));
  expect(JSON.parse(bare().out)).toMatchObject({ trapVariable: 'local', preloaded: true });
});

test('nothing is downloaded where the working directory has no packages', () => {
  const ran = launch(join(engine, 'scripts', 'launch'), [probe], { env: { HOME: folder } });
  expect(JSON.parse(ran.out)).toMatchObject({ missing: 'is missing' });
  expect(readdirSync(folder)).toEqual([]);
});

/** An engine folder with the launcher, one script and a stand-in for Bun that tells its own place. */
function fakeEngine(at: string, bun: string): string {
  mkdirSync(join(at, 'scripts', 'release'), { recursive: true });
  copyFileSync(join(engine, 'scripts', 'launch'), join(at, 'scripts', 'launch'));
  mkdirSync(join(bun, '..'), { recursive: true });
  writeFileSync(bun, '#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n');
  chmodSync(bun, 0o755);
  return join(at, 'scripts', 'launch');
}

test('through a link, from a path with spaces and quotes, the engine is where its files really are', () => {
  const at = join(folder, "an engine's");
  const bun = join(at, 'node_modules', 'bun', 'bin', 'bun.exe');
  fakeEngine(at, bun);
  symlinkSync(at, join(folder, 'belay'));
  symlinkSync(join(at, 'scripts', 'launch'), join(folder, 'go'));
  for (const program of [join(folder, 'belay', 'scripts', 'launch'), join(folder, 'go'), './go']) {
    const { out } = launch(program, ['release/state', 'T 1']);
    const lines = out.trim().split('\n');
    expect(lines[0]).toBe(bun);
    expect(lines).toContain(`--config=${at}/bunfig.toml`);
    expect(lines.slice(-2)).toEqual([`${at}/scripts/release/state.ts`, 'T 1']);
  }
});

test('as a dependency, the Bun beside it is used, also where its install script was blocked', () => {
  const modules = join(folder, 'node_modules');
  const program = fakeEngine(join(modules, 'belay'), join(modules, 'bun', 'bin', 'bun.exe'));
  expect(launch(program, ['release/state']).out).toContain(`${modules}/belay/../bun/bin/bun.exe`);
  fakeEngine(join(modules, 'belay'), join(modules, '@oven', 'bun-linux-x64', 'bin', 'bun'));
  expect(launch(program, ['release/state']).out).toContain('@oven');
});

test('without a Bun it says what to run', () => {
  const program = fakeEngine(join(folder, 'engine'), join(folder, 'elsewhere', 'bun'));
  const ran = launch(program, ['release/run', 'T1']);
  expect(ran.code).toBe(4);
  expect(ran.err).toContain(`Run: ${join(folder, 'engine')}/bootstrap`);
});
