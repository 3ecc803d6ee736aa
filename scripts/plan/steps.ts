// How a step is named, and what a step of each kind is like to its executor. One table, so that a new kind cannot be forgotten.
import type { Phase } from '../model/release.ts';
import type { HookName, Lane, OnStop, Step, StepKind, StepOf } from '../model/step.ts';

const TEN_MINUTES = 600_000;

interface Manner {
  phase: Phase | Phase[];
  onStop: OnStop;
  lane: Lane;
  timeoutMs: number;
}

const MANNERS: Record<StepKind, Manner> = {
  stage: { phase: 'prepare', onStop: 'finish', lane: 'wide', timeoutMs: TEN_MINUTES },
  'freeze-scripts': { phase: 'prepare', onStop: 'finish', lane: 'wide', timeoutMs: TEN_MINUTES },
  hook: { phase: ['prepare', 'migrate'], onStop: 'finish', lane: 'wide', timeoutMs: TEN_MINUTES },
  images: { phase: 'prepare', onStop: 'interruptible', lane: 'wide', timeoutMs: 3 * TEN_MINUTES },
  'keep-images': { phase: 'prepare', onStop: 'finish', lane: 'wide', timeoutMs: TEN_MINUTES },
  backup: { phase: 'prepare', onStop: 'interruptible', lane: 'wide', timeoutMs: 12 * TEN_MINUTES },
  advance: { phase: 'prepare', onStop: 'probe', lane: 'wide', timeoutMs: TEN_MINUTES },
  down: { phase: 'migrate', onStop: 'probe', lane: 'swap', timeoutMs: TEN_MINUTES },
  install: { phase: 'migrate', onStop: 'finish', lane: 'wide', timeoutMs: TEN_MINUTES },
  up: { phase: 'migrate', onStop: 'probe', lane: 'swap', timeoutMs: TEN_MINUTES },
  healthy: { phase: 'migrate', onStop: 'interruptible', lane: 'wide', timeoutMs: TEN_MINUTES },
  script: { phase: 'ticket', onStop: 'finish', lane: 'wide', timeoutMs: 6 * TEN_MINUTES },
  head: { phase: 'verify', onStop: 'interruptible', lane: 'wide', timeoutMs: TEN_MINUTES },
  image: { phase: 'verify', onStop: 'interruptible', lane: 'wide', timeoutMs: TEN_MINUTES },
  version: { phase: 'verify', onStop: 'interruptible', lane: 'wide', timeoutMs: TEN_MINUTES },
  health: { phase: 'verify', onStop: 'interruptible', lane: 'wide', timeoutMs: TEN_MINUTES },
  e2e: { phase: 'verify', onStop: 'interruptible', lane: 'wide', timeoutMs: 2 * TEN_MINUTES },
  'restore-data': { phase: 'revert', onStop: 'probe', lane: 'wide', timeoutMs: 24 * TEN_MINUTES },
  stop: { phase: 'revert', onStop: 'finish', lane: 'wide', timeoutMs: TEN_MINUTES },
  'restore-config': { phase: 'revert', onStop: 'probe', lane: 'wide', timeoutMs: TEN_MINUTES },
  'settle-data': { phase: 'revert', onStop: 'finish', lane: 'wide', timeoutMs: TEN_MINUTES },
  compare: { phase: 'revert', onStop: 'interruptible', lane: 'wide', timeoutMs: TEN_MINUTES },
  'go-back': { phase: 'revert', onStop: 'probe', lane: 'wide', timeoutMs: TEN_MINUTES },
  push: { phase: 'revert', onStop: 'interruptible', lane: 'wide', timeoutMs: TEN_MINUTES },
  deployed: { phase: 'verify', onStop: 'probe', lane: 'wide', timeoutMs: TEN_MINUTES },
};

type Own<K extends StepKind> = Omit<StepOf<K>, 'id' | 'phase' | 'needs' | 'onStop' | 'lane' | 'timeoutMs' | 'kind'>;

/**
 * Makes one step with its id and manner.
 * @param needs ids of steps that come before. @param manner what differs from the kind's own manner.
 */
export function makeStep<K extends StepKind>(
  kind: K,
  own: Own<K>,
  needs: readonly string[],
  manner: Partial<{ phase: Phase; timeoutMs: number }> = {},
): StepOf<K> {
  const { phase, ...rest } = MANNERS[kind];
  const step = {
    ...rest,
    ...own,
    phase: manner.phase ?? (Array.isArray(phase) ? (phase[0] ?? 'prepare') : phase),
    timeoutMs: manner.timeoutMs ?? rest.timeoutMs,
    kind,
    needs: [...needs],
  } as unknown as StepOf<K>;
  step.id = stepId(stepName(step), own as { service?: string; path?: string });
  return step;
}

/** The word that the log has for a step: its kind, or the hook's own name. */
export const stepName = (step: Step): string => (step.kind === 'hook' ? hookStepName(step.hook) : step.kind);

const hookStepName = (hook: HookName): string => hook.replaceAll('_', '-');

/** Ids are made of what the log says, so that events can be matched to steps. */
export function stepId(name: string, of: { service?: string; path?: string }): string {
  const detail = name === 'script' ? of.path : undefined;
  return [name, of.service, detail].filter((part) => part !== undefined).join(':');
}

/** The fields that identify a step in the log. */
export function stepFields(step: Step): Record<string, string> {
  const fields: Record<string, string> = { step: stepName(step) };
  if ('service' in step) fields.service = step.service;
  if (step.kind === 'script') fields.path = step.path;
  return fields;
}
