// The line that brings the recipes into a repository's justfile, and what stands in its way. just itself says which names are there.
import { dirname, join, relative, resolve } from 'node:path';
import { cleanEnvironment } from '../../host/environment.ts';
import { ownProgram } from '../../host/own-program.ts';
import type { Files } from '../../host/port.ts';
import { refused } from '../../model/error.ts';
import type { World } from '../world.ts';
import { type Item, isThere } from './item.ts';

interface Dump {
  recipes: Record<string, { body: unknown }>;
  aliases: Record<string, unknown>;
  modules: Record<string, unknown>;
  settings: { allow_duplicate_recipes?: boolean };
}

const IMPORT = /^import\??[ \t]+(['"])(.+?)\1/gm;
const DEEPEST = 8;
const DUMP_MS = 20_000;

/** @returns the item, and notices about it. @throws refused for a justfile that just cannot read, or whose names would clash. */
export async function justfileItem(world: World, root: string): Promise<{ item: Item; notices: string[] }> {
  const { files } = world.host;
  const line = `import '${importPath(files, root, world.engine)}'`;
  const own = join(world.engine, 'justfile');
  const found = files.list(root).filter((name) => /^\.?justfile$/i.test(name));
  const [name = 'justfile', second] = found;
  if (second !== undefined)
    throw refused({
      what: `There are ${found.join(' and ')}, and just takes neither`,
      where: root,
      hint: 'Keep one of them.',
    });
  const item = { path: name, what: `the line ${line}` };
  if (!isThere(files, root, name, 'file'))
    return { item: { ...item, how: 'make', text: `# Belay's recipes: just --list\n${line}\n` }, notices: [] };
  const path = join(root, name);
  if (isSame(files, path, own)) return { item: { ...item, what: "Belay's own recipes", how: 'there' }, notices: [] };
  const imported = importsOf(files, path);
  if (imported.some((each) => isSame(files, each, own)))
    return { item: { ...item, what: "the import of Belay's recipes", how: 'there' }, notices: [] };

  const [theirs, ours] = [await dump(world, path), await dump(world, own)];
  const other = JSON.stringify(theirs.recipes['release-run']?.body ?? '').includes('/scripts/launch release/run');
  if (other) throw anotherEngine(imported, path, line);
  const notices = clashes(path, theirs, ours, own);
  const text = files.readText(path) ?? '';
  const gap = text === '' || text.endsWith('\n\n') ? '' : text.endsWith('\n') ? '\n' : '\n\n';
  return { item: { ...item, how: 'append', text: `${gap}${line}\n` }, notices };
}

/** As the justfile names it: from the repository where the engine lies in there, else absolute. */
function importPath(files: Files, root: string, engine: string): string {
  const asPackage = join(root, 'node_modules', 'belay');
  if (isSame(files, asPackage, engine)) return 'node_modules/belay/justfile';
  const below = relative(root, engine);
  const path = join(below.startsWith('..') ? engine : below, 'justfile');
  if (/['\n]/.test(path))
    throw refused({
      what: `The engine's folder ${JSON.stringify(engine)} has a name that no justfile can import`,
      hint: 'Move the engine to a folder without quotes and line breaks in its name.',
    });
  return path;
}

function isSame(files: Files, a: string, b: string): boolean {
  if (a === b) return true;
  return files.stat(a) !== undefined && files.stat(b) !== undefined && files.realpath(a) === files.realpath(b);
}

/** Files that a justfile imports, directly or through others. */
function importsOf(files: Files, path: string, depth = 0): string[] {
  if (depth > DEEPEST || files.stat(path) === undefined) return [];
  const text = files.readText(path, { follow: true }) ?? '';
  const direct = [...text.matchAll(IMPORT)].map(([, , target = '']) => resolve(dirname(path), target));
  return direct.flatMap((each) => [each, ...importsOf(files, each, depth + 1)]);
}

async function dump({ host, engine }: World, path: string): Promise<Dump> {
  const just = ownProgram(host, engine, 'just');
  if (just === undefined)
    throw refused({ what: `The engine in ${engine} has no just of its own`, hint: `Run: ${engine}/bootstrap` });
  const argv = [just, '--justfile', path, '--working-directory', dirname(path), '--dump', '--dump-format', 'json'];
  // Not from the engine's own top folder: there, its recipes for developing would be among them.
  const result = await host.exec.run(argv, {
    cwd: '/',
    env: cleanEnvironment(host.machine.env),
    timeoutMs: DUMP_MS,
    maxStdoutBytes: 16 * 1024 * 1024,
  });
  if (result.code !== 0)
    throw refused({
      what: `just cannot read ${path}; nothing was changed`,
      details: result.tail.slice(-6),
      hint: 'Mend the justfile, then repeat.',
    });
  return JSON.parse(result.stdout) as Dump;
}

function anotherEngine(imported: readonly string[], path: string, line: string) {
  const other = imported.find((each) => /(?:^|\/)justfile$/i.test(each)) ?? 'a file that it imports';
  return refused({
    what: `The justfile has the recipes of another Belay already, from ${other}; nothing was changed`,
    where: path,
    hint: `One host has one engine. To change over to this one, put in place of that import: ${line}`,
  });
}

/** @returns notices about names of the host that hide ours. @throws refused where just would not take the file any more. */
function clashes(path: string, theirs: Dump, ours: Dump, own: string): string[] {
  const names = Object.keys(ours.recipes);
  const recipes = names.filter((name) => name in theirs.recipes);
  const others = names.filter((name) => name in theirs.aliases || name in theirs.modules);
  const hides = theirs.settings.allow_duplicate_recipes === true;
  const clash = [...others, ...(hides ? [] : recipes)];
  if (clash.length > 0)
    throw refused({
      what: `The justfile has names that Belay's recipes have, too: ${clash.join(', ')}; nothing was changed`,
      where: path,
      details: ['just refuses a file in which two have one name.'],
      hint: [
        others.length > 0
          ? `Give ${others.join(', ')} of yours (an alias or module) another name, then repeat.`
          : 'Give yours another name; or keep it in place of ours with this line on top of the justfile:',
        ...(others.length > 0 ? [] : ['set allow-duplicate-recipes']),
      ],
    });
  return recipes.map(
    (name) =>
      `${name} of this justfile stays what is called so; Belay's is: just --justfile ${own} --working-directory . ${name}`,
  );
}
