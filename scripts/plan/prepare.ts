// The steps of prepare: everything is fetched, checked and saved beside the live tree; Advance comes last and needs all of it.
import type { Step } from '../model/step.ts';
import type { ReleaseFacts } from './facts.ts';
import { changeOf, inOrder } from './order.ts';
import { makeStep } from './steps.ts';

export function prepareSteps(facts: ReleaseFacts): Step[] {
  const stage = makeStep('stage', { targetSha: facts.targetSha }, []);
  const steps: Step[] = [stage];
  const scripts = facts.scripts.flatMap((s) => [s.path, ...(s.revert === undefined ? [] : [s.revert])]);
  if (scripts.length > 0) steps.push(makeStep('freeze-scripts', { paths: scripts }, [stage.id]));

  for (const service of inOrder(facts.services)) {
    const change = changeOf(service);
    const manifest = service.after ?? service.before;
    if (!manifest) continue;
    const own = { service: service.name, runtime: manifest.runtime };
    let proven = [stage.id];
    if (change !== 'removed') {
      const path = service.hooks.preflight;
      const hook =
        path === undefined
          ? []
          : [makeStep('hook', { ...own, hook: 'preflight', path }, proven, { timeoutMs: manifest.release.timeoutMs })];
      const images = makeStep('images', own, hook.length > 0 ? hook.map((h) => h.id) : proven);
      steps.push(...hook, images);
      proven = [images.id];
    }
    if (change !== 'added' && service.before && !service.inherited) {
      const before = { service: service.name, runtime: service.before.runtime };
      steps.push(makeStep('keep-images', before, [stage.id]));
      if (service.backup.length > 0) {
        const estimatedBytes = service.backup.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
        steps.push(makeStep('backup', { ...before, types: service.before.backup.types, estimatedBytes }, proven));
      }
    }
  }
  steps.push(
    makeStep(
      'advance',
      { fromSha: facts.headSha, targetSha: facts.targetSha },
      steps.map((s) => s.id),
    ),
  );
  return steps;
}
