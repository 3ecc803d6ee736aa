// The plan of a release and nothing else (diff, classify, order), as one cold process: plan-program.ts ROOT BASE TARGET plan|tree|resolve
import { realpathSync } from 'node:fs';
import { diffTree, listTree } from '../../host/git/trees.ts';
import { workingTree } from '../../host/git/working-tree.ts';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import { parseReleaseConfig } from '../../manifest/release-config.ts';
import { classify } from '../../plan/classify.ts';
import type { ReleaseFacts, ServiceFacts } from '../../plan/facts.ts';
import { makePlan } from '../../plan/plan.ts';
import { inGroups } from '../../release/in-groups.ts';
import { readManifests } from '../../release/manifests.ts';
import { runtimeOf } from '../../runtimes/registry.ts';
import { ownPeakMb } from './own-memory.ts';

const [folder = '', base = '', target = '', what = ''] = process.argv.slice(2);
const host = openHost();
const repo = { host, root: realpathSync(folder) };

async function planned(): Promise<{ services: number; steps: number; ownMb: number }> {
  const [changes, manifests, settings] = await Promise.all([
    diffTree(repo, base, target),
    readManifests(repo, base, target, {}),
    listTree(repo, target, '.asd'),
  ]);
  if (settings.length > 0) throw new Error('the repository has settings, which this program does not read');
  const { config } = parseReleaseConfig(undefined, '.asd/release.yaml');
  const found = classify(changes, manifests.ends, config, 'T1', []);
  const names = [...found.reasons.keys()];
  const before = manifests.parse(names, 'before').manifests;
  const after = manifests.parse(names, 'after').manifests;
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
    cores: host.machine.cores,
    services,
    reasons: Object.fromEntries(found.reasons),
    unclassified: found.unclassified,
    scripts: [],
    notices: [],
    space: { dir: '/', freeBytes: 1, neededBytes: 0 },
    expectedS: undefined,
  };
  const plan = makePlan(facts);
  return { services: plan.services.length, steps: plan.steps.length, ownMb: ownPeakMb() };
}

/** Of what changed, in the checkout as it stands. */
async function resolved(): Promise<{ resolved: number }> {
  const changes = await diffTree(repo, base, target);
  const manifests = await readManifests(repo, base, target, {});
  const names = [...new Set(changes.map(({ path }) => path.split('/')[1] ?? ''))];
  const compose = await runtimeOf('compose');
  const paths = hostPaths(repo.root, repo.root, '.asd/workspace/backups');
  const context = { host, paths, env: {}, secrets: [], ticket: 'T1', timeoutMs: 60_000 };
  const done = await inGroups([...manifests.parse(names, 'after').manifests.values()], 4, (manifest) =>
    compose.resolve(context, manifest, { root: repo.root, live: true }),
  );
  return { resolved: done.length };
}

if (what === 'resolve') console.log(JSON.stringify(await resolved()));
else if (what === 'plan') console.log(JSON.stringify(await planned()));
else console.log(JSON.stringify({ dirty: (await workingTree(repo)).dirty.length }));
