// The steps of migrate: removed services go first, then each service comes up in the order of priorities.
import type { HookName, Step } from '../model/step.ts';
import type { ReleaseFacts, ServiceFacts } from './facts.ts';
import { changeOf, inOrder, waves } from './order.ts';
import { makeStep } from './steps.ts';

export function migrateSteps(facts: ReleaseFacts): Step[] {
  const steps: Step[] = [];
  let before: string[] = [];
  for (const service of inOrder(facts.services.filter((s) => changeOf(s) === 'removed'))) {
    if (service.before) steps.push(makeStep('down', { service: service.name, runtime: service.before.runtime }, []));
  }
  before = steps.map((s) => s.id);
  for (const wave of waves(facts.services.filter((s) => changeOf(s) !== 'removed'))) {
    const ends: string[] = [];
    for (const service of wave) {
      const own = serviceSteps(service, before);
      steps.push(...own);
      ends.push(...own.slice(-1).map((s) => s.id));
    }
    before = ends;
  }
  return steps;
}

/** One service's steps, each needing the one before. */
function serviceSteps(service: ServiceFacts, needs: readonly string[]): Step[] {
  const manifest = service.after;
  if (!manifest) return [];
  const own = { service: service.name, runtime: manifest.runtime };
  const timeoutMs = manifest.release.timeoutMs;
  const steps: Step[] = [];
  const after = (): readonly string[] => steps.slice(-1).map((s) => s.id);
  const next = (): readonly string[] => (steps.length === 0 ? needs : after());
  const hook = (name: HookName): void => {
    const path = service.hooks[name];
    if (path !== undefined)
      steps.push(makeStep('hook', { ...own, hook: name, path }, next(), { phase: 'migrate', timeoutMs }));
  };
  if (manifest.install) steps.push(makeStep('install', { ...own, argv: manifest.install }, next(), { timeoutMs }));
  hook('pre_start_init');
  steps.push(makeStep('up', own, next()));
  steps.push(makeStep('healthy', own, next(), { timeoutMs: (manifest.health?.timeoutMs ?? 120_000) + 60_000 }));
  hook('post_start_init');
  hook('ensure-config');
  return steps;
}
