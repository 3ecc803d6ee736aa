// The plan of a release and nothing else (diff, classify, order), as one cold process: plan-program ROOT BASE TARGET plan|first|release|tree|resolve
import { realpathSync } from 'node:fs';
import type { Repository } from '../../host/git/run.ts';
import { diffTree } from '../../host/git/trees.ts';
import { workingTree } from '../../host/git/working-tree.ts';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import { parseReleaseConfig } from '../../manifest/release-config.ts';
import { classify } from '../../plan/classify.ts';
import type { ReleaseFacts, ServiceFacts } from '../../plan/facts.ts';
import { makePlan } from '../../plan/plan.ts';
import { inGroups } from '../../release/in-groups.ts';
import { openFacts } from '../../release/manifest-facts.ts';
import { readManifests } from '../../release/manifests.ts';
import { runtimeOf } from '../../runtimes/registry.ts';
import { ownPeakMb } from './own-memory.ts';

interface Range {
  repo: Repository;
  base: string;
  target: string;
}

/** @param known what an earlier look found counts. */
async function planned(
  { repo, base, target }: Range,
  known: boolean,
): Promise<{ services: number; steps: number; ownMb: number }> {
  const differences = diffTree(repo, base, target);
  const store = known ? { store: openFacts(repo.host, pathsOf(repo)) } : {};
  const manifests = await readManifests(repo, base, target, {}, { changes: differences, ...store });
  const changes = await differences;
  if (manifests.settings.length > 0) throw new Error('the repository has settings, which this program does not read');
  const { config } = parseReleaseConfig(undefined, '.asd/release.yaml');
  const found = classify(changes, manifests.ends, config, 'T1', []);
  const names = [...found.reasons.keys()];
  const before = (await manifests.parse(names, 'before')).manifests;
  const after = (await manifests.parse(names, 'after')).manifests;
  const services = names.map(
    (name): ServiceFacts => ({
      name,
      before: before.get(name),
      after: after.get(name),
      hooks: {},
      images: { before: [], after: [] },
      statefulRecreated: [],
      inherited: false,
      backup: [],
      uncovered: [],
      history: { durationS: undefined, downtimeS: undefined, pauseS: undefined },
      notices: [],
    }),
  );
  const facts: ReleaseFacts = {
    ticket: 'T1',
    branch: 'main',
    baseSha: base,
    targetSha: target,
    headSha: base,
    config,
    cores: repo.host.machine.cores,
    services,
    reasons: Object.fromEntries(found.reasons),
    unclassified: found.unclassified,
    scripts: [],
    notices: [],
    changelogs: [],
    space: { dir: '/', freeBytes: 1, neededBytes: 0 },
    push: { mode: 'main' },
    expectedS: undefined,
  };
  const plan = makePlan(facts);
  return { services: plan.services.length, steps: plan.steps.length, ownMb: ownPeakMb() };
}

/** Of what changed, in the checkout as it stands. */
async function resolved({ repo, base, target }: Range): Promise<{ resolved: number }> {
  const changes = await diffTree(repo, base, target);
  const manifests = await readManifests(repo, base, target, {});
  const names = [...new Set(changes.map(({ path }) => path.split('/')[1] ?? ''))];
  const compose = await runtimeOf('compose');
  const context = { host: repo.host, paths: pathsOf(repo), env: {}, secrets: [], ticket: 'T1', timeoutMs: 60_000 };
  const done = await inGroups([...(await manifests.parse(names, 'after')).manifests.values()], 4, (manifest) =>
    compose.resolve(context, manifest, { root: repo.root, live: true }),
  );
  return { resolved: done.length };
}

/** What the release before, whose target is the base now, leaves behind. */
async function released({ repo, base }: Range): Promise<{ known: number }> {
  const store = openFacts(repo.host, pathsOf(repo));
  await readManifests(repo, base, base, {}, { store });
  return { known: store.read().size };
}

const pathsOf = (repo: Repository) => hostPaths(repo.root, repo.root, '.asd/workspace/backups');

/** @returns the exit code. */
export async function main(folder: string, [base = '', target = '', what = '']: readonly string[]): Promise<number> {
  const range = { repo: { host: openHost(), root: realpathSync(folder) }, base, target };
  const acts: Record<string, () => Promise<object>> = {
    plan: () => planned(range, true),
    first: () => planned(range, false),
    release: () => released(range),
    resolve: () => resolved(range),
    tree: async () => ({ dirty: (await workingTree(range.repo)).dirty.length }),
  };
  console.log(JSON.stringify(await acts[what]?.()));
  return 0;
}
