// For the tests of the executor: steps without a host behind them, and a journal in memory.
import type { Host } from '../host/port.ts';
import type { EventName } from '../model/event.ts';
import type { Lane, OnStop, Step, StepKind } from '../model/step.ts';
import { stepFields } from '../plan/steps.ts';
import type { Runner, Runners } from './attempt.ts';
import type { PhaseRun } from './execute.ts';

/** A step of the given id: `up:<id>` in the log. */
export function step(
  id: string,
  more: { needs?: string[]; lane?: Lane; onStop?: OnStop; timeoutMs?: number } = {},
): Step {
  return {
    id,
    kind: 'up',
    phase: 'migrate',
    service: id,
    runtime: 'pm2',
    needs: [],
    lane: 'wide',
    onStop: 'finish',
    timeoutMs: 60_000,
    ...more,
  };
}

export interface Entry {
  event: EventName;
  id: string;
  fields: Record<string, string>;
}

/** Every kind of step is run by the one runner. */
export const runners = (runner: Runner<StepKind>): Runners =>
  new Proxy({}, { get: () => runner }) as unknown as Runners;

/** @param late milliseconds until a deadline fires, whatever was asked for; undefined: none does. */
export function phaseRun(
  runner: Runner<StepKind>,
  more: Partial<PhaseRun> & { late?: number } = {},
): PhaseRun & { entries: Entry[] } {
  const { late, ...rest } = more;
  const entries: Entry[] = [];
  let now = 0;
  const clock = {
    monotonicMs: () => (now += 10),
    deadline: () => (late === undefined ? new AbortController().signal : AbortSignal.timeout(late)),
  };
  return {
    host: { clock } as unknown as Host,
    runners: runners(runner),
    log: (_phase, event, given) => {
      const fields: Record<string, string> = { ...given };
      entries.push({ event, id: fields.service ?? '', fields });
    },
    open: new Set(),
    outputFile: (one) => `/out/${stepFields(one).service}`,
    persist: () => undefined,
    concurrency: { wide: 4, swap: 2 },
    stop: new AbortController().signal,
    entries,
    ...rest,
  };
}
