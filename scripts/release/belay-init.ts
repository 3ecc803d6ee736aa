// just belay-init: what a repository needs to be released from, made where it is missing. Nothing that is there is written over.
import { join } from 'node:path';
import { toplevel } from '../host/git/repository.ts';
import { tryGit } from '../host/git/run.ts';
import { ignoreItems } from './init/ignored.ts';
import { type Item, isThere, make } from './init/item.ts';
import { justfileItem } from './init/justfile.ts';
import { settingsText } from './init/settings.ts';
import { enter, type Verb } from './verb.ts';
import type { World } from './world.ts';

export const verb: Verb = {
  usage: {
    verb: 'belay-init',
    words: [],
    what: 'Makes what a repository needs to be released from: the line in its justfile, .asd/, entries of .gitignore, releases/. What is there stays as it is. Where the recipes are not known yet: /path/to/belay/bootstrap belay-init',
    flags: {
      'dry-run': { type: 'boolean', what: 'say what is missing, and write nothing' },
      json: { type: 'boolean', what: 'as JSON' },
    },
  },
  mutating: false,
  async run(given, world) {
    const { host, terminal } = world;
    const root = await toplevel(host, host.machine.env.ASD_ROOT ?? host.machine.cwd);
    const { items, notices } = await plan(world, root);
    const dry = given.has('dry-run');
    if (!dry) make(host.files, root, items);
    if (given.has('json')) {
      const told = items.map(({ path, what, how }) => ({ path, what, made: how !== 'there' }));
      terminal.say(JSON.stringify({ root, dryRun: dry, items: told, notices, next: next(world, items, dry) }));
      return 0;
    }
    for (const item of items) terminal.say(told(item, dry));
    for (const notice of notices) terminal.say(`Notice: ${notice}`);
    for (const line of next(world, items, dry)) terminal.say(line);
    return 0;
  },
};

/** Everything is looked at before the first thing is written. */
async function plan(world: World, root: string): Promise<{ items: Item[]; notices: string[] }> {
  const { host, engine } = world;
  const { files } = host;
  const justfile = await justfileItem(world, root);
  const ignore = await ignoreItems(host, root, engine.startsWith(`${files.realpath(root)}/node_modules/`));
  const settings = '.asd/release.yaml';
  isThere(files, root, '.asd', 'folder');
  const example = files.readText(join(engine, 'scripts/manifest/release.example.yaml')) ?? '';
  const folder = { path: 'releases', what: 'the folder of ticket scripts' };
  const items: Item[] = [
    ...ignore.items,
    isThere(files, root, settings, 'file')
      ? { path: settings, what: 'settings', how: 'there' }
      : {
          path: settings,
          what: 'settings, each with its default',
          how: 'make',
          text: settingsText(example, await branch(world, root)),
        },
    isThere(files, root, 'releases', 'folder')
      ? { ...folder, how: 'there' }
      : // git keeps no empty folder.
        { ...folder, path: 'releases/.gitkeep', how: 'make', text: '' },
    // Last: with it, a repository has the recipes.
    justfile.item,
  ];
  return { items, notices: [...justfile.notices, ...ignore.notices] };
}

async function branch({ host }: World, root: string): Promise<string | undefined> {
  const { code, stdout } = await tryGit({ host, root }, ['symbolic-ref', '--quiet', '--short', 'HEAD']);
  return code === 0 ? stdout.trim() : undefined;
}

function told({ path, what, how }: Item, dry: boolean): string {
  if (how === 'there') return `there     ${path}: ${what}`;
  return `${dry ? 'missing ' : how === 'append' ? 'added   ' : 'made    '}  ${path}: ${what}`;
}

function next({ host, engine }: World, items: readonly Item[], dry: boolean): string[] {
  const missing = [...new Set(items.flatMap(({ path, how }) => (how === 'there' ? [] : [path])))];
  if (dry && missing.length > 0) return ['Nothing was written.'];
  const link = host.exec.which('just') === undefined ? [`${engine}/bootstrap --link   # just is not on PATH`] : [];
  if (missing.length === 0) return ['Nothing is missing.', ...link.map((line) => `Next: ${line}`)];
  return [
    'Next:',
    ...link,
    `git add ${missing.join(' ')} && git commit -m 'Belay'`,
    'just release-adopt --draft   # writes down what runs',
  ].map((line, at) => (at === 0 ? line : `  ${line}`));
}

if (import.meta.main) void enter(verb);
