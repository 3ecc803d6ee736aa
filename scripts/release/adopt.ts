// just release-adopt: what runs now becomes the baseline, where it is what the commit says; --draft writes down what runs.
import { join } from 'node:path';
import { resolveCommit } from '../host/git/commits.ts';
import { fields, git } from '../host/git/run.ts';
import { exportTree } from '../host/git/stage.ts';
import { openStore } from '../host/git/store.ts';
import { workingTree } from '../host/git/working-tree.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import { badInput, refused } from '../model/error.ts';
import type { ServiceTree } from '../runtimes/runtime.ts';
import { setBaseline } from './adopt/baseline.ts';
import { draft } from './adopt/draft.ts';
import { type Found, manifestsAt, manifestsOnDisk } from './adopt/found.ts';
import { BASELINE, type Look, linesOf, lookAt } from './adopt/look.ts';
import type { Given } from './arguments.ts';
import { type Context, openContext } from './context.ts';
import { resolveHelper } from './helper-image.ts';
import { locked } from './locked.ts';
import { checkRuntimes } from './observe.ts';
import { saying } from './said.ts';
import { checkUnblocked, readRecords } from './standing-records.ts';
import { enter, type Verb } from './verb.ts';
import type { World } from './world.ts';

const HEALTHY_WITHIN_MS = 60_000;
/** A dry run is a look: what is not well in this time is said to be unwell. */
const HEALTHY_IN_DRY_RUN_MS = 3_000;

export const verb: Verb = {
  usage: {
    verb: 'release-adopt',
    words: ['[PROJECT...]'],
    what: 'Compares what runs with a commit and, where they are the same, backs it up and marks it as deployed.',
    flags: {
      draft: { type: 'boolean', what: 'write packages/ from the Compose projects that run (default: all of them)' },
      'with-secrets': { type: 'boolean', what: 'with --draft: copy compose files that hold secrets, too' },
      at: { type: 'string', what: 'the commit that runs (default: HEAD; for a dry run, the files as they are)' },
      'dry-run': { type: 'boolean', what: 'compare only' },
      json: { type: 'boolean', what: 'what it found and did, as JSON' },
      'no-backup': { type: 'boolean', what: 'do not take a first backup' },
    },
  },
  mutating: true,
  // Nothing is written but packages/: not even a copy of the engine.
  looks: (given) => given.has('dry-run') || given.has('draft'),
  check(given) {
    if (given.words.length > 0 && !given.has('draft'))
      throw badInput({ what: `${given.words[0]?.slice(0, 80)}: projects are named with --draft only` });
  },
  run: async (given, world) =>
    await saying(world, given.has('json'), async (aside) => {
      if (given.has('draft')) {
        const projects = given.words;
        return await draft(aside, { projects, withSecrets: given.has('with-secrets'), dry: given.has('dry-run') });
      }
      if (given.has('dry-run')) return await adopt(aside, await openContext(aside), given);
      return await locked(aside, '', 'release-adopt', (context, lock) => adopt(aside, context, given, lock));
    }),
};

/** @param lock undefined: a dry run. */
async function adopt(world: World, context: Context, given: Given, lock?: ReleaseLock): Promise<number> {
  checkUnblocked(readRecords(context, BASELINE), undefined);
  const { repo } = context;
  const { say } = world.terminal;
  const at = given.value('at');
  const tree = await workingTree(repo);
  const sha = at === undefined ? tree.head : await resolveCommit(repo, at);
  if (sha === undefined) throw badInput({ what: `--at=${at?.slice(0, 80)} is no commit of this repository` });
  const asItLies = lock === undefined && at === undefined;
  if (tree.dirty.length > 0 && !asItLies) {
    throw refused({
      what: 'Tracked files were changed by hand',
      details: tree.dirty.slice(0, 20).map((d) => `${d.status} ${d.path}`),
      hint: 'Commit them, or put them back: git checkout -- FILE',
    });
  }
  await resolveHelper(context, BASELINE);
  const found = asItLies ? await manifestsOnDisk(context) : await manifestsAt(repo, sha, context.env);
  for (const notice of found.notices) say(`Notice: ${notice}`);
  await checkRuntimes(context, BASELINE, found.manifests);
  const looks = await inTree(context, { head: tree.head, sha }, found, (where) =>
    lookAt(context, found.manifests, where, lock === undefined ? HEALTHY_IN_DRY_RUN_MS : HEALTHY_WITHIN_MS),
  );
  const says = asItLies ? 'its files say' : `${sha.slice(0, 12)} says`;
  show(world, looks, found, says);
  if (lock === undefined) {
    if (asItLies) for (const line of await uncommitted(context)) say(line);
    return 0;
  }
  await setBaseline(context, lock, sha, looks, !given.has('no-backup'));
  const count = `${looks.length} service${looks.length === 1 ? '' : 's'}`;
  say(`${sha.slice(0, 12)} is the baseline: ${count}. Next: just release-check, then just release-run TICKET`);
  return 0;
}

/** Where the files of the commit are: the live checkout, or a copy that goes again. */
async function inTree<T>(
  { repo, host, paths }: Context,
  at: { head: string; sha: string },
  { manifests }: Found,
  act: (where: ServiceTree) => Promise<T>,
): Promise<T> {
  const { root } = paths;
  if (at.head === at.sha) return await act({ root, live: true, commit: at.sha, repository: root });
  host.files.mkdir(paths.cache);
  const scratch = host.files.tempFolder(paths.cache, 'adopt-');
  try {
    const folder = join(scratch, 'tree');
    const store = await openStore(repo, join(scratch, 'store'));
    const packages = manifests.map(({ name }) => `packages/${name}`);
    await exportTree(store, at.sha, folder, packages);
    return await act({ root: folder, live: false, commit: at.sha, repository: root });
  } finally {
    host.files.remove(scratch);
  }
}

/** A line a service, then the notices. @throws refused with every difference, and what mends it. */
function show({ terminal }: World, looks: readonly Look[], { problems }: Found, says: string): void {
  for (const look of looks) {
    const differs = look.differences.some(({ notice }) => notice === undefined);
    terminal.say(`${look.manifest.name}: ${differs ? 'differs' : `as ${says}`}`);
  }
  for (const { name } of problems) terminal.say(`${name}: its manifest cannot be read`);
  for (const line of looks.flatMap((look) => linesOf(look, 'notices'))) terminal.say(line);
  const details = [...problems.flatMap(({ lines }) => lines), ...looks.flatMap((look) => linesOf(look, 'refuses'))];
  if (details.length === 0) return;
  throw refused({
    what: `What runs is not what ${says}`,
    details,
    hint: 'Mend the manifests as the lines say (or start the services as they say), then try again.',
  });
}

/** Packages that the next release would not know: they are not in git. */
async function uncommitted({ repo }: Context): Promise<string[]> {
  const status = await git(repo, [
    'status',
    '--porcelain=v1',
    '-z',
    '--untracked-files=all',
    '--no-renames',
    '--',
    'packages',
  ]);
  const names = fields(status).map((line) => line.slice(3).split('/').slice(0, 2).join('/'));
  if (names.length === 0) return [];
  return [
    `Not committed yet: ${[...new Set(names)].join(', ')}`,
    "Next: git add packages && git commit -m 'What runs here', then just release-adopt",
  ];
}

if (import.meta.main) void enter(verb);
