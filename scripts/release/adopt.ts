// just release-adopt: what runs now becomes the baseline, where it is what the commit says.
import { join } from 'node:path';
import { readRef, resolveCommit, updateRef } from '../host/git/commits.ts';
import { exportTree } from '../host/git/stage.ts';
import { openStore } from '../host/git/store.ts';
import { workingTree } from '../host/git/working-tree.ts';
import { type KeyedHash, openKeyedHash } from '../host/keyed-hash.ts';
import { baselinePath } from '../journal/baseline.ts';
import { writeReceipt } from '../journal/receipt.ts';
import { badInput, ReleaseError, refused } from '../model/error.ts';
import type { Receipt, ServiceReceipt } from '../model/receipt.ts';
import { SCHEMA } from '../model/release.ts';
import type { ServiceManifest } from '../model/service.ts';
import { awaitHealthy } from '../runtimes/health.ts';
import { runtimeOf } from '../runtimes/registry.ts';
import type { ServiceTree } from '../runtimes/runtime.ts';
import { type Context, openContext, runtimeContext } from './context.ts';
import { inGroups } from './in-groups.ts';
import { locked } from './locked.ts';
import { readManifests } from './manifests.ts';
import { checkRuntimes } from './observe.ts';
import { checkUnblocked, readRecords } from './standing-records.ts';
import { DEPLOYED_REF } from './survey.ts';
import { enter, type Verb } from './verb.ts';
import type { World } from './world.ts';

const HEALTHY_WITHIN_MS = 60_000;
/** No release is called so: it is what the records are read with, to see whether one is in the way. */
const NO_TICKET = 'ADOPT';

export const verb: Verb = {
  usage: {
    verb: 'release-adopt',
    words: [],
    what: 'Compares what runs with a commit and, where they are the same, marks it as deployed.',
    flags: {
      at: { type: 'string', what: 'the commit that runs (default: HEAD)' },
      'dry-run': { type: 'boolean', what: 'compare only' },
    },
  },
  mutating: true,
  run: async (given, world) =>
    given.has('dry-run')
      ? await adopt(world, await openContext(world), given.value('at'), true)
      : await locked(world, '', 'release-adopt', (context) => adopt(world, context, given.value('at'), false)),
};

async function adopt(world: World, context: Context, at: string | undefined, dry: boolean): Promise<number> {
  checkUnblocked(readRecords(context, NO_TICKET), undefined);
  const { repo, paths, host } = context;
  const tree = await workingTree(repo);
  const sha = at === undefined ? tree.head : await resolveCommit(repo, at);
  if (sha === undefined) throw badInput({ what: `--at=${at?.slice(0, 80)} is no commit of this repository` });
  if (tree.dirty.length > 0) {
    throw refused({
      what: 'Tracked files were changed by hand',
      details: tree.dirty.slice(0, 20).map((d) => `${d.status} ${d.path}`),
      hint: 'Commit them, or put them back: git checkout -- FILE',
    });
  }
  const read = await readManifests(repo, sha, sha, context.env);
  const names = [...read.ends]
    .filter(([, ends]) => ends.after?.installed)
    .map(([name]) => name)
    .toSorted();
  const { manifests, notices } = await read.parse(names, 'after');
  for (const notice of notices) world.terminal.say(`Notice: ${notice}`);
  const scratch = host.files.tempFolder(paths.cache, 'adopt-');
  try {
    const where = await treeAt(context, { head: tree.head, sha, scratch, names });
    await checkRuntimes(context, NO_TICKET, [...manifests.values()]);
    const keyedHash: KeyedHash = dry ? () => '' : openKeyedHash(host, paths);
    const compared = await inGroups([...manifests.values()], context.config.concurrency, (m) =>
      compare(context, m, where, keyedHash),
    );
    for (const { name, differences } of compared)
      world.terminal.say(differences.length === 0 ? `${name}: as ${sha.slice(0, 12)} says` : `${name}: differs`);
    const differences = compared.flatMap((c) => c.differences);
    if (differences.length > 0) {
      throw refused({
        what: `What runs is not what ${sha.slice(0, 12)} says`,
        details: differences,
        hint: 'Start the services as the commit says (or commit what they are), then adopt again.',
      });
    }
    if (dry) return 0;
    const now = await readRef(repo, DEPLOYED_REF);
    if (now !== sha) await updateRef(repo, DEPLOYED_REF, sha, now);
    writeReceipt(
      host,
      baselinePath(paths),
      baseline(context, sha, keyedHash, Object.fromEntries(compared.map((c) => [c.name, c.receipt]))),
    );
    world.terminal.say(
      `${sha.slice(0, 12)} is the baseline: ${names.length} service${names.length === 1 ? '' : 's'}. Next: just release-check, then just release-run TICKET`,
    );
    return 0;
  } finally {
    host.files.remove(scratch);
  }
}

async function treeAt(
  context: Context,
  at: { head: string; sha: string; scratch: string; names: readonly string[] },
): Promise<ServiceTree> {
  const { root } = context.paths;
  if (at.head === at.sha) return { root, live: true, commit: at.sha, repository: root };
  const store = await openStore(context.repo, join(at.scratch, 'store'));
  const folder = join(at.scratch, 'tree');
  await exportTree(
    store,
    at.sha,
    folder,
    at.names.map((name) => `packages/${name}`),
  );
  return { root: folder, live: false, commit: at.sha, repository: root };
}

interface Compared {
  name: string;
  differences: string[];
  receipt: ServiceReceipt;
}

async function compare(
  context: Context,
  manifest: ServiceManifest,
  tree: ServiceTree,
  keyedHash: KeyedHash,
): Promise<Compared> {
  const runtime = await runtimeOf(manifest.runtime);
  const at = runtimeContext(context, NO_TICKET);
  const resolved = await runtime.resolve(at, manifest, tree);
  const differences: string[] = [];
  try {
    const timeoutMs = Math.min(manifest.health?.timeoutMs ?? HEALTHY_WITHIN_MS, HEALTHY_WITHIN_MS);
    await awaitHealthy(at, runtime, manifest, resolved.project, { timeoutMs, stableForMs: 0 });
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    differences.push(error.facts.what);
  }
  const running = await runtime.running(at, manifest, resolved.project);
  differences.push(...(await runtime.compare(at, manifest, resolved, tree)).map((d) => `${manifest.name}: ${d}`));
  const env = resolved.variables.filter((name) => context.env[name] !== undefined);
  return {
    name: manifest.name,
    differences,
    receipt: {
      runtime: manifest.runtime,
      project: resolved.project,
      after: running.map((c) => ({ component: c.name, ref: c.imageRef, id: c.imageId })),
      configAfter: keyedHash(resolved.document),
      env: Object.fromEntries(env.map((name) => [name, keyedHash(context.env[name] ?? '')])),
    },
  };
}

function baseline(context: Context, sha: string, keyedHash: KeyedHash, services: Receipt['services']): Receipt {
  return {
    schema: SCHEMA,
    ticket: '',
    kind: 'baseline',
    complete: true,
    baseSha: sha,
    targetSha: sha,
    mergeSha: sha,
    engine: '',
    host: context.host.machine.hostname,
    env: Object.fromEntries(Object.entries(context.env).map(([name, value]) => [name, keyedHash(value)])),
    services,
    scripts: {},
  };
}

if (import.meta.main) void enter(verb);
