// The frozen engine: a copy of itself that a release runs from, so that nothing it loads later comes from the tree that it moves.
import { chmodSync, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { copyFile, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { refused } from '../model/error.ts';
import { bundle } from './bundle.ts';
import { engineHash, hookPackages, loadableFiles, playbookFiles } from './engine-files.ts';
import { damage, type FrozenRecord, RECORD } from './frozen-record.ts';
import type { HostPaths } from './paths.ts';
import { randomHex } from './random.ts';
import { errorCode } from './safe-open.ts';

export interface FrozenEngine {
  /** Goes to the state file as ENGINE. */
  hash: string;
  folder: string;
  /** Its own Bun. */
  bun: string;
  /** NODE_PATH for hooks and ticket scripts. */
  nodePath: string;
  /** The whole command line of a verb. */
  command(verb: string, args: readonly string[]): string[];
}

/** @param folder where it lies, whole. */
export function frozenEngine(hash: string, folder: string): FrozenEngine {
  const bun = join(folder, 'bun');
  const options = [
    '--no-env-file',
    '--no-install',
    `--config=${join(folder, 'bunfig.toml')}`,
    '--tsconfig-override=/dev/null',
  ];
  return {
    hash,
    folder,
    bun,
    nodePath: join(folder, 'node_modules'),
    command: (verb, args) => [bun, ...options, join(folder, 'engine.js'), verb, ...args],
  };
}

/** Many at once: flushes that run together share the disk's journal. */
async function inParallel<T>(items: readonly T[], width: number, act: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of queue) await act(item);
    }),
  );
}

async function writeFlushed(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flushFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function placeBun(target: string): Promise<void> {
  try {
    linkSync(process.execPath, target);
  } catch (error) {
    // Another file system, or one without hard links.
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(errorCode(error) ?? '')) throw error;
    await copyFile(process.execPath, target);
    chmodSync(target, 0o755);
    await flushFile(target);
  }
}

async function build(engine: string, hash: string, temp: string): Promise<void> {
  const files = new Map<string, () => Promise<Uint8Array>>();
  const built = bundle(engine, 'scripts/release/main.ts', temp, 'engine.js');
  for (const path of playbookFiles(engine)) files.set(path, () => readFile(join(engine, path)));
  files.set('bunfig.toml', () => readFile(join(engine, 'bunfig.toml')));
  for (const [name, folder] of hookPackages(engine)) {
    for (const path of loadableFiles(folder))
      files.set(join('node_modules', name, path), () => readFile(join(folder, path)));
  }
  const record: FrozenRecord = { hash, files: {}, bun: { size: 0, mtimeMs: 0, sha256: '' } };
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(join(temp, path)), { recursive: true, mode: 0o700 });
    await writeFlushed(join(temp, path), bytes);
    record.files[path] = new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
  };
  await Promise.all([
    inParallel([...files], 16, async ([path, content]) => write(path, await content())),
    built.then((programs) => inParallel([...programs], 16, ([path, bytes]) => write(path, bytes))),
  ]);
  const bun = join(temp, 'bun');
  await placeBun(bun);
  const { size, mtimeMs } = statSync(bun);
  record.bun = { size, mtimeMs, sha256: new Bun.CryptoHasher('sha256').update(await readFile(bun)).digest('hex') };
  await writeFlushed(join(temp, RECORD), new TextEncoder().encode(`${JSON.stringify(record, null, 1)}\n`));
  const folders = new Set(['', ...Object.keys(record.files).flatMap(parents)]);
  await inParallel([...folders], 16, (folder) => flushFile(join(temp, folder)));
}

const parents = (path: string): string[] => (dirname(path) === '.' ? [] : [dirname(path), ...parents(dirname(path))]);

/**
 * The frozen copy of the engine as it is now; made where there is none yet, made anew where it is damaged.
 * @param hash what engineHash says of it. @throws refused where the engine's packages are missing or its source does not build.
 */
export async function freezeEngine(paths: HostPaths, hash: string = engineHash(paths.engine)): Promise<FrozenEngine> {
  const folder = join(paths.engines, hash);
  if (existsSync(folder) && (await damage(folder, hash)) === undefined) return frozenEngine(hash, folder);
  mkdirSync(paths.engines, { recursive: true, mode: 0o700 });
  removeLeftovers(paths.engines);
  const temp = join(paths.engines, `.${hash}.${process.pid}.${randomHex(4)}`);
  mkdirSync(temp, { mode: 0o700 });
  try {
    await build(paths.engine, hash, temp);
    // Whatever is there is damaged, unless another process was faster; the same content either way.
    if (existsSync(folder)) renameSync(folder, `${temp}.old`);
    renameSync(temp, folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
  } finally {
    rmSync(temp, { recursive: true, force: true });
    rmSync(`${temp}.old`, { recursive: true, force: true });
  }
  await flushFile(paths.engines);
  return openFrozen(paths, hash);
}

/** What killed processes left half done. */
function removeLeftovers(engines: string): void {
  for (const name of readdirSync(engines)) {
    const [, pid] = /^\.[0-9a-f]{16}\.(\d+)\./.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(engines, name), { recursive: true, force: true });
  }
}

/** The frozen engine that a record names. @throws refused where it is missing or its files are not what was frozen. */
export async function openFrozen(paths: HostPaths, hash: string): Promise<FrozenEngine> {
  const folder = join(paths.engines, hash);
  const wrong = /^[0-9a-f]{16}$/.test(hash) ? await damage(folder, hash) : 'that is no name of a frozen engine';
  if (wrong === undefined) return frozenEngine(hash, folder);
  throw refused({
    what: `the frozen engine ${hash} cannot be used: ${wrong}`,
    where: folder,
    hint: 'It is the engine that this release was started with. Put the folder back from a copy of the host.',
  });
}
