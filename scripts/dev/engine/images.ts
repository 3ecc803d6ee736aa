// Images for tests without any download: a static busybox and a few files, imported as one layer.
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SYSTEM_PATH } from './packages.ts';
import type { TestEngine } from './test-engine.ts';

const APPLETS = [
  'cat',
  'cp',
  'echo',
  'find',
  'httpd',
  'ls',
  'mkdir',
  'mv',
  'nc',
  'rm',
  'sh',
  'sleep',
  'tar',
  'test',
  'touch',
  'true',
  'wget',
];

/** Makes a folder the root of an image: busybox with its applets, and the files (path -> content). */
export function fixtureTree(folder: string, files: Record<string, string>): void {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  mkdirSync(join(folder, 'tmp'), { mode: 0o1777 });
  copyFileSync('/bin/busybox', join(folder, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(folder, 'bin', applet));
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    if (!existsSync(dirname(file))) mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** @param ref `name:tag` to be. @param files path -> content. @param command CMD. @returns the image id. @throws Error where the engine refuses it. */
export async function importImage(
  engine: TestEngine,
  ref: string,
  files: Record<string, string>,
  command: string[],
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'belay-image-'));
  try {
    fixtureTree(folder, files);
    const script = 'dir=$1; shift; tar -C "$dir" --owner=0 --group=0 -cf - . | docker import "$@"';
    const changes = ['--change', 'ENV PATH=/bin', '--change', `CMD ${JSON.stringify(command)}`];
    const child = spawn('sh', ['-c', script, 'sh', folder, ...changes, '-', ref], {
      env: { PATH: SYSTEM_PATH, HOME: folder, ...engine.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let id = '';
    child.stdout.on('data', (chunk) => {
      id += String(chunk);
    });
    const code = await new Promise<number | null>((done) => child.once('close', done));
    if (code !== 0) throw new Error(`docker import of ${ref} ended with ${code}`);
    return id.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a version of the fixture's web service serves on port 8080: `/health` and `/version`. Run it with `init: true`: it does not mind TERM. */
export const WEB_COMMAND = ['httpd', '-f', '-p', '8080', '-h', '/www'];

/**
 * `<prefix>/web:<version>` for each version (answers /health with ok and /version with the version), and `<prefix>/db:1`, which only sleeps.
 * @param prefix `belay` unless several tests share one engine. @returns ids by reference.
 */
export async function buildFixtureImages(
  engine: TestEngine,
  options: { prefix?: string; versions?: string[] } = {},
): Promise<Record<string, string>> {
  const { prefix = 'belay', versions = ['1', '2'] } = options;
  const ids: Record<string, string> = {};
  const make = async (ref: string, files: Record<string, string>, command: string[]) => {
    ids[ref] = await importImage(engine, ref, files, command);
  };
  await Promise.all([
    ...versions.map((version) =>
      make(`${prefix}/web:${version}`, { 'www/health': 'ok\n', 'www/version': `${version}\n` }, WEB_COMMAND),
    ),
    make(`${prefix}/db:1`, { 'etc/db': `${prefix}\n` }, ['sleep', '1000000']),
  ]);
  return ids;
}
