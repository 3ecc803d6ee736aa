// Runs the steps of a phase: in their order, as many at once as allowed, an event before and after each.
import { ReleaseError } from '../model/error.ts';
import type { Lane, Step } from '../model/step.ts';
import { attempt, type StepRun } from './attempt.ts';

export interface PhaseRun extends StepRun {
  concurrency: Readonly<Record<Lane, number>>;
  /** Fires when somebody asked to stop: no new step begins, interruptible ones end, the others are waited for. */
  stop: AbortSignal;
}

/**
 * @param steps those that are due, of one phase. @param done ids of steps that need not run.
 * @throws what the first failing step threw, after all that were running have ended; `stopped` where a stop left steps undone.
 */
export async function executePhase(steps: readonly Step[], done: ReadonlySet<string>, run: PhaseRun): Promise<void> {
  const due = new Set(steps.map((s) => s.id));
  // What is done again does not count as done for those that need it.
  const finished = new Set([...done].filter((id) => !due.has(id)));
  const waiting = [...steps];
  const running = new Map<string, Promise<void>>();
  const busy: Record<Lane, number> = { wide: 0, swap: 0 };
  const failures: unknown[] = [];
  const halted = new AbortController();
  const interrupt = AbortSignal.any([run.stop, halted.signal]);

  const goesOn = (): boolean => failures.length === 0 && !run.stop.aborted;
  const isReady = (step: Step): boolean => step.needs.every((id) => !due.has(id) || finished.has(id));
  /** The last one would otherwise have a machine for itself that does nothing else. */
  const isLastSwap = (): boolean => waiting.filter((each) => each.lane === 'swap' && isReady(each)).length === 1;
  const hasRoom = (lane: Lane): boolean => {
    if (running.size >= run.concurrency.wide) return false;
    return lane === 'wide' || busy.swap < run.concurrency.swap || (busy.swap === run.concurrency.swap && isLastSwap());
  };

  const begin = (step: Step): void => {
    waiting.splice(waiting.indexOf(step), 1);
    busy[step.lane] += 1;
    const ended = attempt(step, run, interrupt)
      .then(
        () => void finished.add(step.id),
        (error: unknown) => {
          failures.push(error);
          halted.abort();
        },
      )
      .then(() => {
        busy[step.lane] -= 1;
        running.delete(step.id);
      });
    running.set(step.id, ended);
  };

  for (;;) {
    for (const step of [...waiting]) if (goesOn() && isReady(step) && hasRoom(step.lane)) begin(step);
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (failures.length > 0) throw first(failures);
  if (waiting.length > 0) throw stoppedBefore(waiting, run.stop.aborted);
}

/** A step that was interrupted because another failed is not the reason. */
function first(failures: unknown[]): unknown {
  return failures.find((f) => !(f instanceof ReleaseError && f.kind === 'stopped')) ?? failures[0];
}

function stoppedBefore(waiting: readonly Step[], asked: boolean): Error {
  const next = waiting[0]?.id ?? '';
  if (asked) return new ReleaseError('stopped', { what: `Stopped as asked, before ${next}` });
  return new Error(`plan has a cycle or a missing step: ${waiting.map((s) => s.id).join(', ')}`);
}
