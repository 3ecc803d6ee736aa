// The root of an image made of Debian's packages, kept as an archive in the checkout's cache: no registry is asked.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, debianMirror, mustRun, SYSTEM_PATH } from './packages.ts';
import type { TestEngine } from './test-engine.ts';

export interface DebianRoot {
  name: string;
  /** Raise it when the root is made differently. */
  version: number;
  packages: readonly string[];
  /** A script of sh: `$1` is the root; then `words`. */
  finish: string;
  words?: readonly string[];
}

/** @throws Error with the end of what it said. */
async function shell(env: Record<string, string>, script: string, ...words: string[]): Promise<void> {
  const child = spawn('sh', ['-euc', script, 'sh', ...words], {
    env: { PATH: SYSTEM_PATH, HOME: '/nonexistent', LC_ALL: 'C', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      tail = `${tail}${chunk}`.slice(-500);
    });
  }
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) throw new Error(`${script.trim().split('\n')[0]} ended with ${code}: ${tail.trim()}`);
}

/** Made once, which takes about a minute. @throws Error where a package cannot be had. */
async function archiveOf({ name, version, packages, finish, words = [] }: DebianRoot): Promise<string> {
  const suite = mustRun(['sh', '-c', '. /etc/os-release && printf %s "$VERSION_CODENAME"']);
  const archive = join(CACHE, `${name}-${suite}-${version}.tar.zst`);
  if (existsSync(archive)) return archive;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, `${name}-`));
  try {
    const root = join(work, 'root');
    const bootstrap = 'debootstrap --variant=minbase "--include=$1" "$2" "$3" "$4"';
    await shell({}, bootstrap, packages.join(','), suite, root, debianMirror());
    await shell({}, finish, root, ...words);
    await shell({}, 'tar -C "$1" --numeric-owner -cf - . | zstd -T0 -3 -q -o "$2"', root, join(work, 'archive'));
    renameSync(join(work, 'archive'), archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return archive;
}

/**
 * Makes an image known to the engine; quick where it is already.
 * @param changes lines of a Dockerfile. @throws Error where it cannot be made.
 */
export async function importDebian(
  engine: Pick<TestEngine, 'env'>,
  ref: string,
  root: DebianRoot,
  changes: readonly string[],
): Promise<void> {
  const found = await fetch(`http://localhost/images/${ref}/json`, {
    unix: engine.env.DOCKER_HOST.replace(/^unix:\/\//, ''),
  });
  if (found.ok) return;
  const script = 'archive=$1; shift; zstd -dcq -- "$archive" | docker import "$@"';
  const flags = changes.flatMap((change) => ['--change', change]);
  await shell(engine.env, script, await archiveOf(root), ...flags, '-', ref);
}
