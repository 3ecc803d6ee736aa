import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const checkout = join(import.meta.dir, '..');
const { dependencies } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
let folder: string;
let engine: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-bootstrap-')));
  engine = join(folder, 'belay');
  makeCheckout(engine, join(engine, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function script(path: string, body: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

const bunOf = (modules: string) => join(modules, 'bun', 'bin', 'bun.exe');
const justOf = (modules: string) => join(modules, 'rust-just-linux-x64', 'bin', 'just');
/** A Bun that knows its version and notes what else it is asked for. */
const fakeBun = () => `case $1 in --version) echo ${dependencies.bun} ;; *) echo "bun $*" >>'${folder}/calls' ;; esac`;

/** The files of a fresh clone, with stand-ins for what the packages bring. */
function makeCheckout(at: string, modules: string): void {
  mkdirSync(join(at, 'scripts', 'dev'), { recursive: true });
  for (const file of ['bootstrap', 'package.json', 'bun.lock', 'scripts/dev/belay.just'])
    copyFileSync(join(checkout, file), join(at, file));
  script(bunOf(modules), fakeBun());
  script(join(modules, 'bun', 'bin', 'bunx.exe'), '');
  writeFileSync(join(modules, 'bun', 'package.json'), '{}');
  script(justOf(modules), `for it in "$PWD" "$@"; do printf '<%s>' "$it"; done`);
}

const calls = () =>
  existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n') : [];

function bootstrap(
  args: string[] = [],
  options: { env?: Record<string, string>; cwd?: string; program?: string } = {},
) {
  const ran = Bun.spawnSync([options.program ?? join(engine, 'bootstrap'), ...args], {
    cwd: options.cwd ?? engine,
    env: { PATH: '/usr/bin:/bin', HOME: folder, ...options.env },
  });
  return { code: ran.exitCode, out: ran.stdout.toString(), err: ran.stderr.toString() };
}

/** A PATH with nothing but what the set-up itself uses, and these. */
function onlyTools(extra: Record<string, string> = {}): string {
  const path = join(folder, 'tools');
  mkdirSync(path, { recursive: true });
  for (const tool of [
    'sh',
    'sed',
    'cat',
    'sha256sum',
    'mkdir',
    'rm',
    'mv',
    'ln',
    'grep',
    'head',
    'tail',
    'flock',
    'uname',
    'readlink',
    'cp',
  ]) {
    if (!existsSync(join(path, tool))) symlinkSync(Bun.which(tool) ?? tool, join(path, tool));
  }
  for (const [name, body] of Object.entries(extra)) {
    rmSync(join(path, name), { force: true });
    script(join(path, name), body);
  }
  return path;
}

test('without arguments it prints what comes next; a second time nothing is installed', () => {
  expect(bootstrap()).toMatchObject({ code: 0, out: expect.stringContaining('./bootstrap demo') });
  expect(calls()).toEqual(['bun install --frozen-lockfile --no-progress']);
  expect(bootstrap()).toMatchObject({ code: 0, err: '' });
  expect(calls()).toHaveLength(1);
});

test('changed packages are installed, with the Bun that is there', () => {
  bootstrap();
  appendFileSync(join(engine, 'bun.lock'), '\n');
  bootstrap();
  expect(calls()).toHaveLength(2);
});

test('the native just gets the arguments as they are', () => {
  bootstrap();
  const ran = bootstrap(['release-run', '1e3', '--', 'a; rm -rf x', '$(id)', ''], { cwd: folder });
  expect(ran.out).toBe(`<${folder}><release-run><1e3><--><a; rm -rf x><$(id)><>`);
});

test('recipes for developing run in the checkout, from wherever they are asked for', () => {
  bootstrap();
  symlinkSync(join(engine, 'bootstrap'), join(folder, 'linked'));
  expect(bootstrap(['demo', '--keep'], { cwd: '/', program: join(folder, 'linked') }).out).toBe(
    `<${engine}><demo><--keep>`,
  );
});

/** An npm that brings this file as Bun's binary, with that checksum. */
const fakeNpm = (binary: string, sum: string) => `[ "$1" = config ] && exit
  mkdir -p node_modules/@oven/bun-linux-x64/bin
  cp '${binary}' node_modules/@oven/bun-linux-x64/bin/bun
  echo '{ "integrity": "${sum}" }' >node_modules/.package-lock.json`;

test('where install scripts are blocked, the binary takes the place of the stub; one of another checksum is never run', () => {
  const modules = join(engine, 'node_modules');
  script(bunOf(modules), 'echo "the install script was not run" >&2; exit 1');
  const lock = readFileSync(join(engine, 'bun.lock'), 'utf8');
  const [, sum = ''] = /"@oven\/bun-linux-x64": .*"(sha512-[^"]+)"/.exec(lock) ?? [];
  const binary = join(modules, '@oven', 'bun-linux-x64', 'bin', 'bun');
  script(binary, fakeBun());

  const bad = bootstrap([], { env: { PATH: onlyTools({ npm: fakeNpm(binary, `${sum.slice(0, 20)}AAAA`) }) } });
  expect(bad.err).toContain('does not have the checksum');
  expect(bad.code).toBe(1);
  expect(calls()).toEqual([]);

  expect(bootstrap([], { env: { PATH: onlyTools({ npm: fakeNpm(binary, sum) }) } }).code).toBe(0);
  expect(calls()).toHaveLength(1);
  expect(
    Bun.spawnSync([bunOf(modules), '--version'])
      .stdout.toString()
      .trim(),
  ).toBe(dependencies.bun ?? '');
});

test('without npm, without network, on another architecture: a sentence, and exit 1', () => {
  rmSync(join(engine, 'node_modules'), { recursive: true });
  expect(bootstrap([], { env: { PATH: onlyTools() } })).toMatchObject({
    code: 1,
    err: expect.stringContaining('npm is not on PATH'),
  });
  const npm = 'if [ "$1" = config ]; then echo http://registry.test/; else echo "npm error code ENOTFOUND"; exit 1; fi';
  const offline = bootstrap([], { env: { PATH: onlyTools({ npm }) } });
  expect(offline.err).toContain('ENOTFOUND');
  expect(offline.err).toContain('http://registry.test/ reachable');
  expect(offline.code).toBe(1);
  const uname = '[ "$1" = -m ] && echo aarch64 || echo Linux';
  expect(bootstrap([], { env: { PATH: onlyTools({ uname }) } })).toMatchObject({
    code: 1,
    err: expect.stringContaining('Linux x86_64 only'),
  });
});

test('a failed install is told with its last lines and tried again', () => {
  const bun = bunOf(join(engine, 'node_modules'));
  script(bun, `[ "$1" = --version ] && echo ${dependencies.bun} || { echo 'lockfile had changes' >&2; exit 1; }`);
  for (const _ of [1, 2])
    expect(bootstrap()).toMatchObject({ code: 1, err: expect.stringContaining('lockfile had changes') });
});

test('an unwritable HOME is said, and not needed', () => {
  const ran = bootstrap([], { env: { HOME: '/nonexistent' } });
  expect(ran).toMatchObject({ code: 0, err: expect.stringContaining('HOME (/nonexistent) is not writable') });
});

test('as a dependency, it uses the packages beside it', () => {
  const modules = join(folder, 'host', 'node_modules');
  makeCheckout(join(modules, 'belay'), modules);
  const program = join(modules, 'belay', 'bootstrap');
  expect(bootstrap(['release-list'], { program, cwd: folder })).toEqual({
    code: 0,
    out: `<${folder}><release-list>`,
    err: '',
  });
  expect(calls()).toEqual([]);
});

test('--link makes both names work, and can be repeated', () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const _ of [1, 2]) expect(bootstrap(['--link', bin])).toMatchObject({ code: 0 });
  expect(readlinkSync(join(bin, 'just'))).toBe(justOf(join(engine, 'node_modules')));
  expect(
    Bun.spawnSync([join(bin, 'bun'), '--version'])
      .stdout.toString()
      .trim(),
  ).toBe(dependencies.bun ?? '');
});

test('--link never replaces what it did not make', () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync('/somewhere/else', join(bin, 'bun'));
  expect(bootstrap(['--link', bin])).toMatchObject({
    code: 1,
    err: expect.stringContaining(`${bin}/bun is a link to /somewhere/else`),
  });
  expect(existsSync(join(bin, 'just'))).toBe(false);
  writeFileSync(join(bin, 'just'), 'mine');
  expect(bootstrap(['--link', bin])).toMatchObject({ code: 1, err: expect.stringContaining(`${bin}/just exists`) });
  expect(readFileSync(join(bin, 'just'), 'utf8')).toBe('mine');
});
