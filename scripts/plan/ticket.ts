// The steps of the ticket phase: its own scripts, in the order of their names.
import type { Step } from '../model/step.ts';
import type { ReleaseFacts } from './facts.ts';
import { makeStep } from './steps.ts';

export function ticketSteps(facts: ReleaseFacts): Step[] {
  const steps: Step[] = [];
  for (const { path, sha256 } of facts.scripts) {
    steps.push(
      makeStep(
        'script',
        { path, sha256 },
        steps.slice(-1).map((s) => s.id),
      ),
    );
  }
  return steps;
}
