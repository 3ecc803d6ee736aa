// One step with its journal: the intent is on disk before the effect, the end only after the effect was checked.
import type { Host } from '../host/port.ts';
import { messageOf, ReleaseError } from '../model/error.ts';
import type { EventName, FieldsOf } from '../model/event.ts';
import type { Phase } from '../model/release.ts';
import type { Step, StepKind, StepOf } from '../model/step.ts';
import { stepFields } from '../plan/steps.ts';

/** What a runner adds to the step's `step-done`, in the order given. */
export type StepFields = FieldsOf<'step-done'>;

export interface StepContext {
  /** Fires at the step's time-out, and, for interruptible steps, at a stop. */
  signal: AbortSignal;
  /** The journal says that this step was begun before and never ended: probe before doing it again. */
  again: boolean;
  /** Further events of the step: retries, pauses. */
  note<E extends EventName>(event: E, fields: FieldsOf<E>): void;
  /** Where its captured output goes. */
  outputFile: string;
}

export type Runner<K extends StepKind> = (step: StepOf<K>, context: StepContext) => Promise<StepFields | undefined>;
/** A missing kind is a compile error. */
export type Runners = { [K in StepKind]: Runner<K> };

export interface StepRun {
  host: Host;
  runners: Runners;
  /** Writes one event, fsynced, before it returns. */
  log<E extends EventName>(phase: Phase, event: E, fields: FieldsOf<E>): void;
  /** Ids of steps that were begun and never ended in an earlier run. */
  open: ReadonlySet<string>;
  outputFile(step: Step): string;
  /** Called after the runner, before `step-done` is written: what it learned goes to disk first. */
  persist(step: Step, fields: StepFields): void;
}

/**
 * @param interrupt fires when the phase stops or halts.
 * @throws the runner's error; `stopped` where it was interrupted.
 */
export async function attempt(step: Step, run: StepRun, interrupt: AbortSignal): Promise<void> {
  const names = stepFields(step);
  const deadline = run.host.clock.deadline(step.timeoutMs);
  const signal = step.onStop === 'interruptible' ? AbortSignal.any([deadline, interrupt]) : deadline;
  const began = run.host.clock.monotonicMs();
  const duration = (): StepFields => ({ duration: `${seconds(run.host.clock.monotonicMs() - began)}s` });
  const note = <E extends EventName>(event: E, fields: FieldsOf<E>): void =>
    run.log(step.phase, event, { ...names, ...fields });

  note('step-start', {});
  try {
    const runner = run.runners[step.kind] as Runner<StepKind>;
    const context: StepContext = { signal, again: run.open.has(step.id), note, outputFile: run.outputFile(step) };
    const fields = (await runner(step, context)) ?? {};
    run.persist(step, fields);
    note('step-done', { ...duration(), ...fields });
  } catch (error) {
    const stopped = interrupt.aborted && !deadline.aborted && step.onStop === 'interruptible';
    const reason = deadline.aborted ? `took longer than ${seconds(step.timeoutMs)} s` : reasonOf(error);
    const rc = error instanceof ReleaseError && error.facts.rc !== undefined ? { rc: String(error.facts.rc) } : {};
    note(stopped ? 'step-stopped' : 'step-failed', { ...rc, ...duration(), reason });
    if (stopped) throw new ReleaseError('stopped', { what: `Stopped in the middle of ${step.id}` }, error);
    throw located(error, step, deadline.aborted ? reason : undefined);
  }
}

/** The runner says so itself. */
const TOO_LONG = 124;

const seconds = (ms: number): string => String(Math.round(ms / 10) / 100);

const reasonOf = (error: unknown): string => messageOf(error).slice(0, 500);

/** Adds where it happened to an error that does not say so. */
function located(error: unknown, step: Step, tookTooLong: string | undefined): ReleaseError {
  const where = [
    'service' in step ? `service ${step.service}` : '',
    `phase ${step.phase}`,
    `step ${stepFields(step).step}`,
  ]
    .filter(Boolean)
    .join(', ');
  if (error instanceof ReleaseError) {
    const { facts } = error;
    const what = tookTooLong === undefined || facts.rc === TOO_LONG ? facts.what : `${facts.what}: ${tookTooLong}`;
    return new ReleaseError(
      'step-failed',
      { ...facts, what, where: facts.where === undefined ? where : `${where}; ${facts.where}` },
      error,
    );
  }
  return new ReleaseError('step-failed', { what: tookTooLong ?? reasonOf(error), where }, error);
}
