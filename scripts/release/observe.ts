// Gathers the facts that a plan is made of. Everything that can be refused is refused here, before the first effect.
import { join } from 'node:path';
import { readBlobs } from '../host/git/blobs.ts';
import type { Repository } from '../host/git/run.ts';
import { exportTree } from '../host/git/stage.ts';
import { openStore } from '../host/git/store.ts';
import { listTree } from '../host/git/trees.ts';
import { readKeyedHash, sha256 } from '../host/keyed-hash.ts';
import { lastReceipts } from '../journal/baseline.ts';
import { history } from '../journal/history.ts';
import { crossRules } from '../manifest/cross.ts';
import { parseReleaseConfig } from '../manifest/release-config.ts';
import { refused } from '../model/error.ts';
import type { ReleaseConfig, ServiceManifest } from '../model/service.ts';
import type { Reason } from '../model/step.ts';
import { type Classification, classify } from '../plan/classify.ts';
import type { ReleaseFacts } from '../plan/facts.ts';
import { runtimeOf } from '../runtimes/registry.ts';
import type { ServiceTree } from '../runtimes/runtime.ts';
import { type Context, runtimeContext } from './context.ts';
import { inGroups } from './in-groups.ts';
import { type Manifests, readManifests } from './manifests.ts';
import { type Observed, observeService } from './observe-service.ts';
import { ensureStage, linkNamedFiles } from './stage.ts';
import { type Survey, survey } from './survey.ts';

export interface Wanted {
  ticket: string;
  branch: string;
  allowNonMain: boolean;
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
}

/** @throws refused, nothing or bad-input with everything that stands in the way. */
export async function observe(context: Context, wanted: Wanted): Promise<Observation> {
  const repo =
    wanted.dryFolder === undefined ? context.repo : await openStore(context.repo, join(wanted.dryFolder, 'store'));
  const found = await survey(context, {
    branch: wanted.branch,
    allowNonMain: wanted.allowNonMain,
    asked: wanted.services.length > 0 || wanted.inherited !== undefined,
    repo,
    ...(wanted.inherited ? { baseSha: wanted.inherited.baseSha } : {}),
    ...(wanted.targetSha === undefined ? {} : { targetSha: wanted.targetSha }),
  });
  const manifests = await readManifests(repo, found.baseSha, found.targetSha, context.env);
  const config = await configAt(repo, found.targetSha);
  const classification = classify(found.changes, manifests.ends, config, wanted.ticket, wanted.knownTickets);
  const reasons = addAsked(classification.reasons, wanted, manifests);
  const names = [...reasons.keys()];
  const before = manifests.parse(names, 'before');
  const after = manifests.parse(names, 'after');
  checkClashes(context, after.manifests, manifests);

  const scripts = await scriptFacts(repo, found.targetSha, classification);
  const trees = await layOut(context, wanted, repo, found, names);
  const past = history(context.host, context.paths);
  await checkRuntimes(context, wanted.ticket, [...before.manifests.values(), ...after.manifests.values()]);
  const services: Observed[] = await inGroups(names, context.config.concurrency, (name) =>
    observeService(context, {
      name,
      ticket: wanted.ticket,
      dry: wanted.dryFolder !== undefined,
      before: before.manifests.get(name),
      after: after.manifests.get(name),
      trees,
      history: past.service(name),
      inheritedBackup: wanted.inherited?.backups[name],
    }),
  );
  if (wanted.dryFolder === undefined)
    for (const s of services) if (s.resolved) linkNamedFiles(context, trees.after.root, s.resolved);
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
    ...before.notices,
    ...after.notices,
    ...classification.changedScripts.map((path) => `${path} was changed, not added: it is not run`),
  ];
  notices.push(...envNotices(context, new Set(names)));
  if (classification.engine.length > 0)
    notices.push(`The engine's own files change: ${classification.engine.slice(0, 5).join(', ')}`);
  const facts: ReleaseFacts = {
    ticket: wanted.ticket,
    branch: wanted.branch,
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
    space,
    expectedS: past.releaseS(services.length),
  };
  return {
    facts,
    survey: found,
    manifests: { before: before.manifests, after: after.manifests },
    trees,
    classification,
  };
}

/** `.env` is not in git: a service whose values changed since its last release is named, and released only where asked for. */
function envNotices(context: Context, included: ReadonlySet<string>): string[] {
  const hash = readKeyedHash(context.host, context.paths);
  if (!hash) return [];
  return [...lastReceipts(context.host, context.paths)].flatMap(([name, receipt]) => {
    const changed = Object.entries(receipt.env ?? {})
      .filter(([key, then]) => hash(context.env[key] ?? '') !== then)
      .map(([key]) => key);
    if (changed.length === 0) return [];
    const what = `.env: ${changed.join(', ')} changed since the last release of ${name}`;
    return [included.has(name) ? what : `${what}, which is not in this one; to release it, too: --services=${name}`];
  });
}

/** What changes which services is read from the target: a release may bring its own rules. */
async function configAt(repo: Repository, sha: string): Promise<ReleaseConfig> {
  const file = '.asd/release.yaml';
  const [entry] = (await listTree(repo, sha, '.asd')).filter((e) => e.path === file);
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

/** Two services on one port or project. Manifests that cannot clash, by a look at their text, are not read in full. */
function checkClashes(context: Context, changed: ReadonlyMap<string, ServiceManifest>, manifests: Manifests): void {
  const needles = [...changed.values()].flatMap((m) => [
    ...m.ports.flatMap((p) => [p.env, context.env[p.env] ?? String(p.default)]),
    ...(m.compose.project === undefined ? [] : [m.compose.project]),
  ]);
  if (needles.length === 0) return;
  const pattern = new RegExp(
    `(?<![A-Za-z0-9_])(?:${needles.map((n) => n.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})(?![A-Za-z0-9_])`,
  );
  const suspects = [...manifests.texts()]
    .filter(([name, text]) => !changed.has(name) && pattern.test(text))
    .map(([name]) => name);
  // A manifest that this release does not change is not refused for what is wrong elsewhere in it.
  const all = [...changed.values(), ...manifests.parse(suspects, 'after').manifests.values()];
  const problems = crossRules(all, context.env);
  if (problems.length > 0) throw refused({ what: "Services at the target are in each other's way", details: problems });
}

function checkPorts(services: readonly Observed[]): void {
  const owners = new Map<string, string>();
  const problems: string[] = [];
  for (const { facts, resolved } of services) {
    for (const component of resolved?.components ?? []) {
      for (const { hostIp, port, protocol } of component.ports) {
        const key = `${hostIp}:${port}/${protocol}`;
        const other = owners.get(key);
        if (other !== undefined && other !== facts.name)
          problems.push(`${other} and ${facts.name} both publish ${key}`);
        owners.set(key, facts.name);
      }
    }
  }
  if (problems.length > 0)
    throw refused({
      what: 'Two services publish one port',
      details: problems,
      hint: 'Give one of them another port in its compose file or in .env.',
    });
}

function checkSpace(space: ReleaseFacts['space']): void {
  if (space.neededBytes <= space.freeBytes) return;
  throw refused({
    what: `Too little disk for the backups: ${Math.ceil(space.neededBytes / 1e6)} MB may be needed, ${Math.floor(space.freeBytes / 1e6)} MB are free`,
    where: space.dir,
    hint: 'Make room there, or name another place as backup.dir in .asd/release.yaml.',
  });
}

async function scriptFacts(repo: Repository, sha: string, found: Classification): Promise<ReleaseFacts['scripts']> {
  if (found.scripts.length === 0) return [];
  const entries = await listTree(repo, sha, 'releases');
  const all = new Map(entries.map((e) => [e.path, e]));
  const texts = await readBlobs(
    repo,
    found.scripts.map((path) => all.get(path)?.blob ?? ''),
  );
  return found.scripts.map((path) => {
    const entry = all.get(path);
    if (!entry?.mode.startsWith('100'))
      throw refused({ what: `${path} is not a regular file`, hint: 'A ticket script is a file, no link.' });
    const stem = path.replace(/\.(sh|ts)$/, '');
    const revert = [`${stem}.revert.sh`, `${stem}.revert.ts`].find((p) => all.has(p));
    return { path, sha256: sha256(texts.get(entry.blob) ?? ''), revert };
  });
}

/** Where each end is read from. BASE is what lies in the live tree, unless somebody pulled by hand. */
async function layOut(
  context: Context,
  wanted: Wanted,
  repo: Repository,
  found: Survey,
  names: readonly string[],
): Promise<Observation['trees']> {
  const live: ServiceTree = {
    root: context.paths.root,
    live: true,
    commit: found.headSha,
    repository: context.paths.root,
  };
  const packages = names.map((name) => `packages/${name}`);
  const beside = async (sha: string, folder: string): Promise<ServiceTree> => {
    const store =
      'store' in repo && repo.store !== undefined
        ? { ...repo, store: repo.store }
        : await openStore(context.repo, `${folder}.store`);
    context.host.files.mkdir(folder);
    await exportTree(store, sha, folder, packages);
    return { root: folder, live: false, commit: sha, repository: context.paths.root, store: store.store };
  };
  const scratch = wanted.dryFolder ?? join(context.paths.stage, `${wanted.ticket}.base`);
  if (wanted.dryFolder === undefined) context.host.files.remove(scratch);
  const before = found.headSha === found.baseSha ? live : await beside(found.baseSha, join(scratch, 'base'));
  if (wanted.dryFolder !== undefined)
    return { before, after: await beside(found.targetSha, join(wanted.dryFolder, 'target')) };
  const root = await ensureStage(context, wanted.ticket, found.targetSha);
  return { before, after: { root, live: false, commit: found.targetSha, repository: context.paths.root } };
}
