// Gathers the facts that a plan is made of. Everything that can be refused is refused here, before the first effect.
import { join } from 'node:path';
import { readBlobs } from '../host/git/blobs.ts';
import type { Repository } from '../host/git/run.ts';
import { openStore } from '../host/git/store.ts';
import { readKeyedHash } from '../host/keyed-hash.ts';
import { lastReceipts } from '../journal/baseline.ts';
import { history } from '../journal/history.ts';
import { parseReleaseConfig } from '../manifest/release-config.ts';
import { refused } from '../model/error.ts';
import type { ServiceReceipt } from '../model/receipt.ts';
import type { ReleaseConfig, ServiceManifest } from '../model/service.ts';
import type { Reason } from '../model/step.ts';
import { type Classification, classify } from '../plan/classify.ts';
import type { ReleaseFacts } from '../plan/facts.ts';
import { uncoveredInGroup, withGroups } from '../plan/groups.ts';
import { runtimeOf } from '../runtimes/registry.ts';
import type { ResolvedService, ServiceTree } from '../runtimes/runtime.ts';
import { awayNotices } from './away.ts';
import { readChangelogs } from './changelogs.ts';
import { checkClashes, checkPorts, checkSpace } from './clashes.ts';
import { type Context, runtimeContext } from './context.ts';
import { inGroups } from './in-groups.ts';
import { layOut, type Place } from './lay-out.ts';
import { openFacts } from './manifest-facts.ts';
import { type Manifests, readManifests } from './manifests.ts';
import { type Observed, observeService } from './observe-service.ts';
import { pushPlan } from './push-plan.ts';
import { resolvedKey } from './resolve.ts';
import { ensureStage, linkNamedFiles } from './stage.ts';
import { type Survey, survey } from './survey.ts';
import { scriptFacts } from './ticket-scripts.ts';

export interface Wanted {
  ticket: string;
  /** undefined: the configured one, or with allowNonMain the one that is checked out. */
  branch: string | undefined;
  allowNonMain: boolean;
  /** Whatever is checked out: for a look, not for a release. */
  anyCheckout?: boolean;
  /** Reverted tickets that may come back: --ack-reverted. */
  ackReverted?: readonly string[];
  /** --services. */
  services: readonly string[];
  advanceOnly: boolean;
  /** Tickets that this host has records of. */
  knownTickets: readonly string[];
  /** Instead of what is deployed: where an abandoned or superseded release began, and what it had in hand. */
  inherited?: {
    ticket: string;
    baseSha: string;
    services: readonly string[];
    backups: Readonly<Record<string, string>>;
  };
  /** Instead of fetching: a commit that is here. */
  targetSha?: string;
  /** Changes nothing: objects and trees go to this folder, which the caller removes. */
  dryFolder?: string;
}

export interface Observation {
  facts: ReleaseFacts;
  survey: Survey;
  manifests: Record<'before' | 'after', ReadonlyMap<string, ServiceManifest>>;
  trees: Record<'before' | 'after', ServiceTree>;
  classification: Classification;
  /** By resolvedKey. */
  resolved: ReadonlyMap<string, ResolvedService>;
}

/** @throws refused, nothing or bad-input with everything that stands in the way. */
export async function observe(context: Context, wanted: Wanted): Promise<Observation> {
  const repo =
    wanted.dryFolder === undefined ? context.repo : await openStore(context.repo, join(wanted.dryFolder, 'store'));
  const found = await survey(context, {
    branch: wanted.branch,
    allowNonMain: wanted.allowNonMain,
    anyCheckout: wanted.anyCheckout ?? false,
    ackReverted: wanted.ackReverted ?? [],
    asked: wanted.services.length > 0 || wanted.inherited !== undefined,
    repo,
    ...(wanted.inherited ? { baseSha: wanted.inherited.baseSha } : {}),
    ...(wanted.targetSha === undefined ? {} : { targetSha: wanted.targetSha }),
  });
  const { dryFolder } = wanted;
  if (dryFolder !== undefined) return await observeTarget(context, wanted, repo, found, { dryFolder });
  // Laid out while the manifests are read. Where they are refused, the stage goes with all others, once nobody writes to it.
  const stage = ensureStage(context, wanted.ticket, found.targetSha);
  stage.catch(() => undefined);
  try {
    return await observeTarget(context, wanted, repo, found, { stage });
  } finally {
    await Promise.allSettled([stage]);
  }
}

async function observeTarget(
  context: Context,
  wanted: Wanted,
  repo: Repository,
  found: Survey,
  place: Place,
): Promise<Observation> {
  const store = openFacts(context.host, context.paths);
  const manifests = await readManifests(repo, found.baseSha, found.targetSha, context.env, {
    store,
    changes: found.changes,
  });
  const config = await configIn(repo, manifests.settings);
  const push = pushPlan(context.repo, config, {
    ticket: wanted.ticket,
    branch: found.branch,
    ask: wanted.targetSha === undefined,
  });
  // Awaited below; what goes wrong until then is said first.
  push.catch(() => undefined);
  const changelogs = await readChangelogs(repo, found.changes, config.changelog, {
    base: found.baseSha,
    target: found.targetSha,
  });
  const classification = classify(found.changes, manifests.ends, config, wanted.ticket, wanted.knownTickets);
  const reasons = withGroups(addAsked(classification.reasons, wanted, manifests), manifests.ends);
  const names = [...reasons.keys()];
  const before = await manifests.parse(names, 'before');
  const after = await manifests.parse(names, 'after');
  await checkClashes(context, after.manifests, manifests);

  const runtimesChecked = checkRuntimes(context, wanted.ticket, [
    ...before.manifests.values(),
    ...after.manifests.values(),
  ]);
  // Awaited below; what goes wrong until then is said first.
  runtimesChecked.catch(() => undefined);
  const scripts = await scriptFacts(repo, found.targetSha, classification);
  const trees = await layOut(context, place, repo, found, { ticket: wanted.ticket, names });
  const past = history(context.host, context.paths);
  const last = lastReceipts(context.host, context.paths);
  const observed: Promise<Observed[]> = inGroups(names, context.config.concurrency, (name) =>
    observeService(context, {
      name,
      ticket: wanted.ticket,
      dry: wanted.dryFolder !== undefined,
      before: before.manifests.get(name),
      after: after.manifests.get(name),
      trees,
      history: past.service(name),
      lastProject: last.get(name)?.project,
      inheritedBackup: wanted.inherited?.backups[name],
    }),
  );
  // What fails for want of a runtime is not what is said.
  await Promise.allSettled([observed]);
  await runtimesChecked;
  const services = await observed;
  if (wanted.dryFolder === undefined)
    for (const { resolved } of services) if (resolved.after) linkNamedFiles(context, trees.after.root, resolved.after);
  const uncovered = uncoveredInGroup(
    services.map(({ facts: { name, before, after, uncovered }, covers }) => {
      return { name, group: (after ?? before)?.release.group, covers, uncovered };
    }),
  );
  for (const { facts } of services) facts.uncovered = uncovered.get(facts.name) ?? facts.uncovered;
  checkPorts(services);
  const neededBytes = services.flatMap((s) => s.facts.backup).reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  const space = {
    dir: context.paths.backups,
    freeBytes: context.host.files.freeBytes(context.paths.backups),
    neededBytes,
  };
  checkSpace(space);
  const notices = [
    ...found.notices,
    ...awayNotices(context),
    ...before.notices,
    ...after.notices,
    ...changelogs.notices,
    ...classification.changedScripts.map((path) => `${path} was changed, not added: it is not run`),
    ...classification.otherScripts.map(
      (path) => `${path} is of another ticket: this release does not run it, and no later one will`,
    ),
  ];
  notices.push(...envNotices(context, last, new Set(names)));
  if (classification.engine.length > 0)
    notices.push(`The engine's own files change: ${classification.engine.slice(0, 5).join(', ')}`);
  const facts: ReleaseFacts = {
    ticket: wanted.ticket,
    branch: found.branch,
    baseSha: found.baseSha,
    targetSha: found.targetSha,
    headSha: found.headSha,
    config: context.config,
    cores: context.host.machine.cores,
    services: services.map((s) => s.facts),
    reasons: Object.fromEntries(reasons),
    unclassified: classification.unclassified,
    scripts,
    notices: [...new Set(notices)],
    changelogs: changelogs.files,
    space,
    push: await push,
    expectedS: past.releaseS(services.length),
  };
  return {
    facts,
    survey: found,
    manifests: { before: before.manifests, after: after.manifests },
    trees,
    classification,
    resolved: new Map(
      services.flatMap(({ facts: { name }, resolved }) =>
        (['before', 'after'] as const).flatMap((end) => {
          const found = resolved[end];
          return found ? [[resolvedKey(name, end, trees[end]), found] as const] : [];
        }),
      ),
    ),
  };
}

/** `.env` is not in git: a service whose values changed since its last release is named, and released only where asked for. */
function envNotices(
  context: Context,
  last: ReadonlyMap<string, ServiceReceipt>,
  included: ReadonlySet<string>,
): string[] {
  const hash = readKeyedHash(context.host, context.paths);
  if (!hash) return [];
  return [...last].flatMap(([name, receipt]) => {
    const changed = Object.entries(receipt.env ?? {})
      .filter(([key, then]) => hash(context.env[key] ?? '') !== then)
      .map(([key]) => key);
    if (changed.length === 0) return [];
    const what = `.env: ${changed.join(', ')} changed since the last release of ${name}`;
    return [included.has(name) ? what : `${what}, which is not in this one; to release it, too: --services=${name}`];
  });
}

/** What changes which services is read from the target: a release may bring its own rules. @param settings what lies in `.asd/` there. */
export async function configIn(repo: Repository, settings: Manifests['settings']): Promise<ReleaseConfig> {
  const file = '.asd/release.yaml';
  const entry = settings.find(({ path }) => path === file);
  const text = entry ? (await readBlobs(repo, [entry.blob])).get(entry.blob) : undefined;
  return parseReleaseConfig(text, file).config;
}

function addAsked(found: Map<string, Reason[]>, wanted: Wanted, manifests: Manifests): Map<string, Reason[]> {
  const reasons = new Map(found);
  const add = (name: string, reason: Reason): void => void reasons.set(name, [...(reasons.get(name) ?? []), reason]);
  for (const name of wanted.services) {
    if (!manifests.ends.get(name)?.after?.installed) {
      throw refused({
        what: `--services names ${name}, which is not an installed service at the target`,
        hint: `Installed is what has packages/${name}/manifest.yaml with installation: { status: installed }.`,
      });
    }
    add(name, { kind: 'asked' });
  }
  for (const name of wanted.inherited?.services ?? []) {
    if (manifests.ends.get(name)?.after?.installed || manifests.ends.get(name)?.before?.installed)
      add(name, { kind: 'superseded', ticket: wanted.inherited?.ticket ?? '' });
  }
  return reasons;
}

/** Once for each runtime that the services stand on. */
export async function checkRuntimes(
  context: Context,
  ticket: string,
  manifests: readonly ServiceManifest[],
): Promise<void> {
  const kinds = new Set(manifests.map((manifest) => manifest.runtime));
  await Promise.all([...kinds].map(async (kind) => (await runtimeOf(kind)).check(runtimeContext(context, ticket))));
}
