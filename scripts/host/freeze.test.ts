import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freezeEngine, openFrozen } from './freeze.ts';
import { CHECKED, runFrozen } from './front.ts';
import { openOwnProcess } from './own-process.ts';
import { type HostPaths, hostPaths } from './paths.ts';

const checkout = join(import.meta.dir, '..', '..');
let folder: string;
let paths: HostPaths;
let main: string;

let shared: string;

/** An engine's folder with what `main.ts` of the fixture needs. */
function layOut(at: string): HostPaths {
  const engine = join(at, 'engine');
  cpSync(join(checkout, 'tests', 'fixtures', 'engine'), engine, { recursive: true });
  for (const file of ['package.json', 'bun.lock', 'bunfig.toml']) cpSync(join(checkout, file), join(engine, file));
  symlinkSync(join(checkout, 'node_modules'), join(engine, 'node_modules'));
  mkdirSync(join(at, 'host'));
  return hostPaths(join(at, 'host'), engine, 'backups');
}

beforeAll(async () => {
  shared = mkdtempSync(join(tmpdir(), 'belay-freeze-'));
  await freezeEngine(layOut(shared));
});

afterAll(() => rmSync(shared, { recursive: true, force: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belay-freeze-'));
  paths = layOut(folder);
  main = join(paths.engine, 'scripts', 'release', 'main.ts');
});

/** The engine is frozen already: made once, here by hard links. */
function frozenBefore(): void {
  const from = hostPaths(join(shared, 'host'), join(shared, 'engine'), 'backups').engines;
  mkdirSync(join(paths.engines, '..'), { recursive: true });
  expect(Bun.spawnSync(['cp', '-al', from, paths.engines]).exitCode).toBe(0);
}

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const env = { PATH: '/usr/bin:/bin' };
const until = async (true_: () => boolean) => {
  while (!true_()) await Bun.sleep(5);
};

test('a frozen engine runs without the engine that it was made from, and passes the exit code', async () => {
  const frozen = await freezeEngine(paths);
  renameSync(paths.engine, `${paths.engine}.gone`);
  expect(await runFrozen(frozen, 'exit', ['7'], env)).toBe(7);
  expect(await runFrozen(await openFrozen(paths, frozen.hash), 'exit', ['0'], env)).toBe(0);
});

test('an engine that was found whole just before it was started is not read again, and any other is', async () => {
  frozenBefore();
  const { hash, folder } = await freezeEngine(paths);
  rmSync(join(folder, 'bunfig.toml'));
  const own = openOwnProcess();
  await expect(own.openEngine(paths, hash)).rejects.toMatchObject({ kind: 'refused' });
  process.env[CHECKED] = hash;
  try {
    expect((await own.openEngine(paths, hash)).folder).toBe(folder);
    process.env[CHECKED] = '0123456789abcdef';
    await expect(own.openEngine(paths, hash)).rejects.toMatchObject({ kind: 'refused' });
  } finally {
    delete process.env[CHECKED];
  }
});

test('the name follows the source, and nothing else in the folder', async () => {
  const first = await freezeEngine(paths);
  writeFileSync(join(paths.engine, 'scripts', 'release', 'main.test.ts'), 'no part of it');
  expect((await freezeEngine(paths)).hash).toBe(first.hash);
  appendFileSync(main, '// changed\n');
  const second = await freezeEngine(paths);
  expect(second.hash).not.toBe(first.hash);
  expect(readdirSync(paths.engines).sort()).toEqual([first.hash, second.hash].sort());
});

test('hooks find the packages by NODE_PATH, and the real undici by its file', async () => {
  frozenBefore();
  const { bun, nodePath } = await freezeEngine(paths);
  const hook = join(folder, 'hook.ts');
  writeFileSync(
    hook,
    `import { $ } from 'zx'; import { parse } from 'yaml'; import pRetry from 'p-retry'; import { config } from 'dotenv';
     import { Agent } from 'undici/index.js';
     console.log([$, parse, pRetry, config, Agent.prototype.dispatch].map((it) => typeof it).join());`,
  );
  const ran = Bun.spawnSync([bun, '--no-install', hook], { env: { ...env, NODE_PATH: nodePath }, cwd: folder });
  expect(ran.stderr.toString()).toBe('');
  expect(ran.stdout.toString().trim()).toBe('function,function,function,function,function');
});

test('a damaged copy is refused by name, and made anew while the source is still the same', async () => {
  const frozen = await freezeEngine(paths);
  const script = join(frozen.folder, 'engine.js');
  const good = readFileSync(script, 'utf8');
  writeFileSync(script, good.replace('finished', 'Finished'));
  await expect(openFrozen(paths, frozen.hash)).rejects.toThrow('engine.js was changed');
  await freezeEngine(paths);
  expect(readFileSync(script, 'utf8')).toBe(good);
  rmSync(join(frozen.folder, 'node_modules', 'zx'), { recursive: true });
  await expect(openFrozen(paths, frozen.hash)).rejects.toThrow('cannot be read (ENOENT)');
});

test('a Bun with another time is read again: the same content is accepted, another one is not', async () => {
  frozenBefore();
  const frozen = await freezeEngine(paths);
  rmSync(frozen.bun);
  cpSync(process.execPath, frozen.bun);
  utimesSync(frozen.bun, 1, 1);
  await openFrozen(paths, frozen.hash);
  appendFileSync(frozen.bun, 'x');
  await expect(openFrozen(paths, frozen.hash)).rejects.toThrow('its Bun was changed');
});

test('a name from a record is never a path', async () => {
  await expect(openFrozen(paths, '../../engine')).rejects.toThrow('no name of a frozen engine');
});

test('two that freeze at once get the same engine, and what a killed one left is removed', async () => {
  mkdirSync(join(paths.engines, '.0123456789abcdef.4194399.aa'), { recursive: true });
  const [one, two] = await Promise.all([freezeEngine(paths), freezeEngine(paths)]);
  expect(one.hash).toBe(two.hash);
  expect(readdirSync(paths.engines)).toEqual([one.hash]);
});

for (const signal of ['SIGHUP', 'SIGKILL'] as const) {
  test(`the release goes on after ${signal} to the process in front`, async () => {
    const { told, go, front } = startFront();
    await until(() => existsSync(told));
    front.kill(signal);
    await front.exited;
    writeFileSync(go, '');
    await until(() => readFileSync(told, 'utf8').endsWith('finished\n'));
    expect(readFileSync(told, 'utf8')).not.toContain('SIG');
  });
}

test('INT and TERM are passed on, and the exit code comes back', async () => {
  const { told, go, front } = startFront();
  await until(() => existsSync(told));
  front.kill('SIGINT');
  await until(() => readFileSync(told, 'utf8').includes('SIGINT'));
  front.kill('SIGTERM');
  await until(() => readFileSync(told, 'utf8').includes('SIGTERM'));
  writeFileSync(go, '');
  expect(await front.exited).toBe(9);
});

test('the work has a session of its own', async () => {
  const { told, go, front } = startFront();
  await until(() => existsSync(told) && readFileSync(told, 'utf8').endsWith('\n'));
  const pid = readFileSync(told, 'utf8').replace(/\D/g, '');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  writeFileSync(go, '');
  await front.exited;
  const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  expect(session).toBe(pid);
});

function startFront() {
  frozenBefore();
  const told = join(folder, 'told');
  const go = join(folder, 'go');
  const front = Bun.spawn(
    [
      process.execPath,
      join(checkout, 'tests', 'fixtures', 'engine', 'front.ts'),
      paths.root,
      paths.engine,
      'wait',
      told,
      go,
    ],
    {
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
    },
  );
  return { told, go, front };
}
