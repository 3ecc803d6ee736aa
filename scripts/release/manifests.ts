// The manifests of two commits: a look at each that nobody looked at before, a full reading only of those that matter.
import { readInTrees } from '../host/git/blobs.ts';
import type { Repository } from '../host/git/run.ts';
import { diffTree, listFolders, listTree, type TreeEntry } from '../host/git/trees.ts';
import { claimsOf } from '../manifest/claims.ts';
import { glance } from '../manifest/glance.ts';
import { checkManifest, parseManifests } from '../manifest/parse.ts';
import { withVariables } from '../manifest/variables.ts';
import type { ChangedPath } from '../model/checkout.ts';
import type { ServiceManifest } from '../model/service.ts';
import type { ServiceEnds } from '../plan/classify.ts';
import type { FactStore, ManifestFacts } from './manifest-facts.ts';

type End = 'before' | 'after';

export interface Manifests {
  /** What lies in `.asd/` at the target. */
  settings: readonly TreeEntry[];
  ends: Map<string, ServiceEnds>;
  /**
   * Full readings of the named services at one end; those without a manifest there, or not installed, are left out.
   * @throws refused with every problem of every file.
   */
  parse(names: readonly string[], end: End): Promise<{ manifests: Map<string, ServiceManifest>; notices: string[] }>;
  /** The named services at the target, each as far as it can be read: problems are not this caller's. */
  readable(names: readonly string[]): Promise<Map<string, ServiceManifest>>;
  /** For every installed service at the target, the text that says its ports and its compose project. */
  claims(): Map<string, string>;
}

const FOLDER = 'packages';
const FILE = 'manifest.yaml';
/** Listed in the same look. */
const SETTINGS_FOLDER = '.asd';
/** Fewer packages are read as quickly as what is known of them. */
const MANY = 200;
const AT_ONCE = 1000;
/** The facts are written anew where at least this share of them was not known: until then, a look at a few costs less. */
const WORTH_WRITING = 0.1;

export interface Known {
  /** What earlier looks found; without it everything is looked at. */
  store?: FactStore;
  /** The tree difference of the two, where it is known or asked for already. */
  changes?: readonly ChangedPath[] | Promise<readonly ChangedPath[]>;
}

/**
 * @param env the host's `.env`, for the variables in manifests.
 * @throws refused where a manifest is not UTF-8 text.
 */
export async function readManifests(
  repo: Repository,
  baseSha: string,
  targetSha: string,
  env: Readonly<Record<string, string>>,
  { store, changes = baseSha === targetSha ? [] : diffTree(repo, baseSha, targetSha) }: Known = {},
): Promise<Manifests> {
  const asked = Promise.all([listTree(repo, targetSha, [FOLDER, SETTINGS_FOLDER]), changes]);
  // While git runs.
  const known = store?.read() ?? new Map<string, ManifestFacts>();
  const [listed, differences] = await asked;
  const after = new Map<string, string>();
  for (const { type, path, blob } of listed)
    if (type === 'tree' && path.startsWith(`${FOLDER}/`)) after.set(path.slice(FOLDER.length + 1), blob);
  const differing = foldersOf(differences);
  const before = await treesBefore(repo, baseSha, after, differing);
  const trees: Record<End, ReadonlyMap<string, string>> = { before, after };
  const names = new Set([...before.keys(), ...after.keys()]);

  const texts = new Map<string, string>();
  const read = async (wanted: readonly string[]): Promise<void> => {
    for (let at = 0; at < wanted.length; at += AT_ONCE)
      for (const [tree, text] of await readInTrees(repo, wanted.slice(at, at + AT_ONCE), FILE)) texts.set(tree, text);
  };
  const unknown = [...after.values()].filter((tree) => !known.has(tree));
  // What differs will be read in full.
  const ofDiffering = [...differing].flatMap((name) => [before.get(name) ?? [], after.get(name) ?? []].flat());
  await read([...new Set([...unknown, ...ofDiffering])]);
  const seen = new Map([...texts].map(([tree, text]) => [tree, look(text)]));
  const at = (name: string, end: End): ManifestFacts | undefined => {
    const tree = trees[end].get(name) ?? '';
    return seen.get(tree) ?? known.get(tree);
  };
  const ends = new Map<string, ServiceEnds>();
  for (const name of names) {
    const both = { before: at(name, 'before'), after: at(name, 'after') };
    if (both.before !== undefined || both.after !== undefined) ends.set(name, both);
  }
  if (names.size >= MANY && unknown.length >= names.size * WORTH_WRITING)
    store?.write(
      [...after].flatMap(([name, tree]) => {
        const facts = at(name, 'after');
        return facts === undefined ? [] : [[tree, facts] as const];
      }),
    );

  const installed = (names: Iterable<string>, end: End): string[] =>
    [...names].filter((name) => at(name, end)?.installed === true);
  const entriesOf = async (names: readonly string[], end: End) => {
    const wanted = installed(names, end).map((name) => ({ name, tree: trees[end].get(name) ?? '' }));
    await read(wanted.map(({ tree }) => tree).filter((tree) => !texts.has(tree)));
    return wanted.map(({ name, tree }) => ({ text: texts.get(tree) ?? '', where: placeOf(name) }));
  };
  const byName = (manifests: readonly ServiceManifest[]) =>
    new Map(manifests.map((m) => [m.name, withVariables(m, env)]));
  const asFarAsReadable = async (names: readonly string[], end: End) =>
    byName((await entriesOf(names, end)).map((e) => checkManifest(e.text, e.where).manifest));
  return {
    settings: listed.filter(({ path }) => path.startsWith(`${SETTINGS_FOLDER}/`)),
    ends,
    async parse(names, end) {
      // What is deployed already cannot be mended any more: it is read as far as it can be.
      if (end === 'before') return { manifests: await asFarAsReadable(names, end), notices: [] };
      const { manifests, notices } = parseManifests(await entriesOf(names, end));
      return { manifests: byName(manifests), notices };
    },
    readable: (names) => asFarAsReadable(names, 'after'),
    claims: () => new Map(installed(after.keys(), 'after').map((name) => [name, at(name, 'after')?.claims ?? ''])),
  };
}

/** The folders of packages that something changed in. */
function foldersOf(changes: readonly ChangedPath[]): Set<string> {
  const folders = new Set<string>();
  for (const { path } of changes) {
    const [top, name] = path.split('/', 2);
    if (top === FOLDER && name !== undefined) folders.add(name);
  }
  return folders;
}

/** What git calls the packages' trees at the base, by name: that of the target where nothing differs. Some may not be there. */
async function treesBefore(
  repo: Repository,
  baseSha: string,
  after: ReadonlyMap<string, string>,
  differing: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  // A blank would end what git takes for the name.
  if ([...differing].some((name) => /\s/.test(name))) return await listFolders(repo, baseSha, FOLDER);
  const names = [...after.keys(), ...[...differing].filter((name) => !after.has(name))];
  if (names.length > after.size) names.sort();
  return new Map(
    names.map((name) => [name, differing.has(name) ? `${baseSha}:${FOLDER}/${name}` : (after.get(name) ?? '')]),
  );
}

const placeOf = (name: string) => ({ file: `packages/${name}/${FILE}`, folder: name });

function look(text: string): ManifestFacts {
  const seen = glance(text);
  if (seen !== undefined) return { ...asked(seen), installed: seen.status === 'installed', claims: claimsOf(text) };
  // Nothing of these follows from the folder's name.
  const { manifest } = checkManifest(text, placeOf(''));
  // One that cannot be read counts as installed: where it changed, it is read in full and refused.
  return { ...asked(manifest.release), installed: manifest.installation === 'installed', claims: text };
}

const asked = ({ watch, group }: { watch: string[]; group?: string }) => ({
  watch,
  ...(group === undefined ? {} : { group }),
});
