// The steps of verify: the checkout, then each service by itself; the deployed ref moves only after all of them.
import type { Step } from '../model/step.ts';
import type { ReleaseFacts } from './facts.ts';
import { changeOf, inOrder } from './order.ts';
import { makeStep } from './steps.ts';

export function verifySteps(facts: ReleaseFacts): Step[] {
  const head = makeStep('head', { targetSha: facts.targetSha }, []);
  const steps: Step[] = [head];
  for (const service of inOrder(facts.services)) {
    const manifest = service.after;
    if (!manifest || changeOf(service) === 'removed') continue;
    const own = { service: service.name, runtime: manifest.runtime };
    const chain: Step[] = [makeStep('image', own, [head.id])];
    const then = (): string[] => chain.slice(-1).map((s) => s.id);
    if (manifest.health) {
      const timeoutMs = manifest.health.timeoutMs + manifest.health.stableForMs + 60_000;
      chain.push(makeStep('health', own, then(), { timeoutMs }));
    }
    if (manifest.health?.versionEndpoint !== undefined) chain.push(makeStep('version', own, then()));
    if (manifest.e2e) chain.push(makeStep('e2e', { ...own, argv: manifest.e2e.command }, then()));
    steps.push(...chain);
  }
  steps.push(
    makeStep(
      'deployed',
      { targetSha: facts.targetSha },
      steps.map((s) => s.id),
    ),
  );
  return steps;
}
