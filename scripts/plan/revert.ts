// The steps of a revert: data back, checkout back, the old versions up and verified, and only then is anything of the new one let go.
import type { ServiceManifest } from '../model/service.ts';
import type { Step } from '../model/step.ts';
import { makeStep } from './steps.ts';

export interface RevertService {
  name: string;
  change: 'changed' | 'added' | 'removed';
  /** As it was before the release; undefined for added ones. */
  before: ServiceManifest | undefined;
  /** As it is now; undefined for removed ones. */
  after: ServiceManifest | undefined;
  /** The backup that it comes back from; undefined: none was taken. */
  stamp: string | undefined;
}

export interface RevertFacts {
  baseSha: string;
  /** Where HEAD stands: MERGE_SHA, or a commit with the same files. */
  fromSha: string;
  services: readonly RevertService[];
  /** Frozen revert scripts, in the order in which they run: newest first. */
  scripts: ReadonlyArray<{ path: string; sha256: string }>;
  /** Only what the release changed in configuration comes back. */
  skipData: boolean;
  /** false with --skip-git: the checkout goes back, nothing is committed or pushed. */
  push: boolean;
}

const PHASE = { phase: 'revert' } as const;
const MINUTE = 60_000;

export function revertSteps(facts: RevertFacts): Step[] {
  const steps: Step[] = [];
  for (const service of facts.services) {
    const runtime = (service.before ?? service.after)?.runtime;
    if (runtime === undefined) continue;
    const own = { service: service.name, runtime };
    const stops = facts.skipData ? [] : stopsOf(facts.services, service, steps);
    if (service.change === 'added') steps.push(makeStep('down', { ...own, end: 'after' }, [], PHASE));
    else if (service.stamp !== undefined)
      steps.push(
        makeStep(facts.skipData ? 'restore-config' : 'restore-data', { ...own, stamp: service.stamp }, stops, PHASE),
      );
  }
  const back = makeStep(
    'go-back',
    { fromSha: facts.fromSha, toSha: facts.baseSha },
    steps.map((s) => s.id),
    PHASE,
  );
  steps.push(back);
  let before = [back.id];
  for (const wave of wavesOf(facts.services)) {
    const ends: string[] = [];
    for (const { service, manifest } of wave) {
      const own = upAgain(service.name, manifest, before);
      steps.push(...own);
      ends.push(...own.slice(-1).map((s) => s.id));
    }
    before = ends;
  }
  for (const { path, sha256 } of facts.scripts) {
    const script = makeStep('script', { path, sha256, frozen: true }, before, PHASE);
    steps.push(script);
    before = [script.id];
  }
  steps.push(...proof(facts, before));
  return steps;
}

const groupOf = ({ before, after }: RevertService): string | undefined => (before ?? after)?.release.group;

/** The data of a group is swapped while none of it runs. @param steps get the stops of the group, once. @returns their ids. */
function stopsOf(services: readonly RevertService[], service: RevertService, steps: Step[]): string[] {
  const group = groupOf(service);
  const members = services.filter((each) => group !== undefined && groupOf(each) === group && each.after !== undefined);
  if (service.stamp === undefined || members.length < 2) return [];
  return members.map(({ name, after }) => {
    const known = steps.find((step) => step.kind === 'stop' && step.service === name);
    if (known !== undefined) return known.id;
    const stop = makeStep('stop', { service: name, runtime: after?.runtime ?? 'compose', end: 'after' }, [], PHASE);
    steps.push(stop);
    return stop.id;
  });
}

interface Old {
  service: RevertService;
  manifest: ServiceManifest;
}

/** Services that were there before, the same priority together, lowest first. */
function wavesOf(services: readonly RevertService[]): Old[][] {
  const old = services.flatMap((service) => (service.before ? [{ service, manifest: service.before }] : []));
  const byPriority = Map.groupBy(
    old.toSorted((a, b) => a.manifest.priority - b.manifest.priority),
    (each) => each.manifest.priority,
  );
  return [...byPriority.values()];
}

function upAgain(name: string, manifest: ServiceManifest, needs: readonly string[]): Step[] {
  const own = { service: name, runtime: manifest.runtime, end: 'before' } as const;
  const manner = { ...PHASE, timeoutMs: manifest.release.timeoutMs };
  const steps: Step[] = [];
  const then = (): readonly string[] => (steps.length === 0 ? needs : steps.slice(-1).map((s) => s.id));
  if (manifest.install) steps.push(makeStep('install', { ...own, argv: manifest.install }, then(), manner));
  steps.push(makeStep('up', own, then(), PHASE));
  steps.push(
    makeStep('healthy', own, then(), { ...PHASE, timeoutMs: (manifest.health?.timeoutMs ?? 2 * MINUTE) + MINUTE }),
  );
  return steps;
}

/** The old version runs, steadily; then the content that the release left goes, the ref moves, and the remote is told. */
function proof(facts: RevertFacts, needs: readonly string[]): Step[] {
  const head = makeStep('head', { targetSha: facts.baseSha }, needs, PHASE);
  const steps: Step[] = [head];
  for (const { name, before: manifest } of facts.services) {
    if (!manifest) continue;
    const own = { service: name, runtime: manifest.runtime, end: 'before' } as const;
    const image = makeStep('image', own, [head.id], PHASE);
    steps.push(image);
    const health = manifest.health;
    if (health)
      steps.push(
        makeStep('health', own, [image.id], { ...PHASE, timeoutMs: health.timeoutMs + health.stableForMs + MINUTE }),
      );
  }
  const seen = steps.map((s) => s.id);
  for (const { name, before: manifest, stamp } of facts.services) {
    if (manifest && stamp !== undefined)
      steps.push(makeStep('settle-data', { service: name, runtime: manifest.runtime, stamp }, seen, PHASE));
  }
  const compare = makeStep(
    'compare',
    {},
    steps.map((s) => s.id),
    PHASE,
  );
  steps.push(compare);
  const deployed = makeStep('deployed', { targetSha: facts.baseSha }, [compare.id], PHASE);
  steps.push(deployed);
  if (facts.push) steps.push(makeStep('push', {}, [deployed.id], PHASE));
  return steps;
}
