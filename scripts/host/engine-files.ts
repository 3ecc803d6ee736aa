// What the engine consists of: its own source, and the packages that hooks may import.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refused } from '../model/error.ts';

/** What hooks can import; they find them by NODE_PATH. */
const HOOK_PACKAGES = ['zx', 'yaml', 'dotenv', 'undici', 'p-retry'];

/** Names the engine's code: 16 hex digits of SHA-256 over its source, its pinned packages and the Bun that runs it. */
export function engineHash(engine: string): string {
  return hashOf(engine, ['scripts/**/*.ts', 'recovery/playbooks/*.yaml']).slice(0, 16);
}

/** SHA-256 in hex. @param globs of source files. */
function hashOf(engine: string, globs: readonly string[]): string {
  const sources = globs
    .flatMap((glob) => [...new Bun.Glob(glob).scanSync({ cwd: engine })])
    .filter((path) => !path.endsWith('.test.ts') && !path.startsWith('scripts/dev/'))
    .sort();
  const hasher = new Bun.CryptoHasher('sha256');
  hasher.update(`bun ${Bun.version} ${Bun.revision}\n`);
  for (const path of [...sources, 'package.json', 'bun.lock', 'bunfig.toml']) {
    const file = join(engine, path);
    // A packed engine comes without a lock file.
    if (path === 'bun.lock' && !existsSync(file)) continue;
    const content = readFileSync(file);
    hasher.update(`${path} ${content.length}\n`);
    hasher.update(content);
  }
  return hasher.digest('hex');
}

/** Names what makes a manifest mean what it does: the reader's source, and the packages that it reads with. */
export function readerHash(engine: string): string {
  return hashOf(engine, ['scripts/manifest/*.ts', 'scripts/release/manifests.ts']);
}

/** What is known of failures, which a release has to find while the engine's own tree moves. */
export const playbookFiles = (engine: string): string[] =>
  [...new Bun.Glob('recovery/playbooks/*.yaml').scanSync({ cwd: engine })].sort();

/** Folders of the packages for hooks, with all that they depend on, by name. @throws refused where one is missing. */
export function hookPackages(engine: string): Map<string, string> {
  const found = new Map<string, string>();
  const add = (name: string, from: string) => {
    if (found.has(name)) return;
    // As somebody's dependency, the engine's packages may lie beside it.
    const folder = [
      join(from, 'node_modules', name),
      join(engine, 'node_modules', name),
      join(engine, '..', name),
    ].find((at) => existsSync(join(at, 'package.json')));
    if (folder === undefined) {
      throw refused({
        what: `the engine's package ${name} is not installed`,
        where: engine,
        hint: `Run ${join(engine, 'bootstrap')}`,
      });
    }
    found.set(name, folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(dependencies)) add(dependency, folder);
  };
  for (const name of HOOK_PACKAGES) add(name, engine);
  return found;
}

/** The files of a package that a program can load. */
export function loadableFiles(folder: string): string[] {
  return [...new Bun.Glob('**/*.{js,cjs,mjs,json,wasm}').scanSync({ cwd: folder, dot: false })]
    .filter((path) => !/^(docs|types|man|browser|node_modules)\//.test(path))
    .sort();
}
