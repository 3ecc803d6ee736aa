// What a journal proves done, and which steps of a plan are still due. Nothing is skipped that is not proven.
import { refused } from '../model/error.ts';
import type { LoggedEvent } from '../model/event.ts';
import { PHASES, type Phase } from '../model/release.ts';
import type { Plan, Step } from '../model/step.ts';
import { stepId } from './steps.ts';

export interface Standing {
  /** Ids of steps whose last event is step-done. */
  done: Set<string>;
  /** The engine died in them, and no later attempt has ended well. */
  open: Set<string>;
  /** Phases that ended well, or were skipped on purpose. */
  phases: Set<Phase>;
}

/** Where the newest plan of the ticket was made: prepare began, or was skipped. */
const beginsPlan = ({ phase, event, fields }: LoggedEvent): boolean =>
  phase === 'prepare' && (event === 'start' || (event === 'skipped' && fields.target !== undefined));

/** The same of a revert: since it was first begun, over all its tries. */
export const standingOfRevert = (events: readonly LoggedEvent[]): Standing =>
  standing(events.filter((e) => e.phase === 'revert'));

/** Reads the events since the plan was made. */
export function standing(events: readonly LoggedEvent[]): Standing {
  const result: Standing = { done: new Set(), open: new Set(), phases: new Set() };
  const begun = new Set<string>();
  const moving = new Set<string>();
  for (const e of events.slice(Math.max(events.findLastIndex(beginsPlan), 0))) {
    const phase = PHASES.find((p) => p === e.phase);
    if (phase !== undefined) {
      // A verify that was skipped is still owed: the release is unverified.
      const skipped = e.event === 'skipped' && phase !== 'verify';
      if (e.event === 'done' || skipped || e.event === 'skipped-no-script') result.phases.add(phase);
      if (e.event === 'start' || e.event === 'failed' || e.event === 'stopped') result.phases.delete(phase);
    }
    // What verify saw before a halt says nothing of now.
    if (e.event === 'resumed') result.phases.delete('verify');
    if (e.event === 'drift-accepted') redo(result, (e.fields.services ?? '').split(' '));
    const step = e.fields.step;
    if (step === undefined) continue;
    const id = stepId(step, e.fields);
    if (e.event === 'step-part' && e.fields.part === 'moving') moving.add(id);
    if (e.event === 'step-start') {
      if (begun.has(id)) result.open.add(id);
      begun.add(id);
      result.done.delete(id);
    } else if (e.event === 'step-done') {
      begun.delete(id);
      result.open.delete(id);
      result.done.add(id);
    } else if (e.event === 'step-failed' || e.event === 'step-stopped') {
      // A failed attempt to mend what a crash left does not end the doubt, and what began to move the checkout may have moved half of the files.
      if (moving.has(id)) result.open.add(id);
      begun.delete(id);
      result.done.delete(id);
    }
  }
  for (const id of begun) result.open.add(id);
  return result;
}

/** What was there before the release does not change by a mend. */
const LASTING = new Set(['keep-images', 'backup', 'down']);

/** A mend concerns these services: what was made of them before it is made again. */
function redo(now: Standing, services: readonly string[]): void {
  for (const id of now.done) {
    const [name = '', service = ''] = id.split(':');
    if (services.includes(service) && !LASTING.has(name)) now.done.delete(id);
  }
  if (services.some((service) => service !== ''))
    for (const phase of ['migrate', 'verify'] as const) now.phases.delete(phase);
}

/** Where a run begins. `due`: wherever the journal says. A phase: at its first step. */
export type From = { kind: 'due' } | { kind: 'phase'; phase: Phase };

/** The stage is removed when a run ends; and a verification is of one moment. */
const isMadeAgain = (step: Step): boolean => step.kind === 'stage' || step.phase === 'verify';

/**
 * @param skip phases that are left out on purpose.
 * @throws refused where an earlier phase has not ended well.
 */
export function dueSteps(plan: Plan, now: Standing, from: From, skip: ReadonlySet<Phase>): Step[] {
  const start = from.kind === 'phase' ? PHASES.indexOf(from.phase) : 0;
  for (const phase of PHASES.slice(0, start)) {
    if (now.phases.has(phase) || skip.has(phase)) continue;
    throw refused({
      what: `--from=${PHASES[start]} needs ${phase} to be done, and it is not`,
      hint: `Begin where it stopped: just release-run ${plan.ticket} --resume`,
    });
  }
  return plan.steps.filter((step) => {
    const at = PHASES.indexOf(step.phase);
    if (at < start || skip.has(step.phase)) return false;
    if (from.kind === 'phase' && step.phase === from.phase) return true;
    if (now.phases.has(step.phase)) return false;
    return !now.done.has(step.id) || isMadeAgain(step);
  });
}
