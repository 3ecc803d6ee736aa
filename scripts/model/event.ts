// What a log line says. Fields beyond the fixed ones are the event's own; the log prints them in the order given.
import type { Phase } from './release.ts';

export type EventName =
  | 'start'
  | 'done'
  | 'failed'
  | 'stopped'
  | 'halted'
  | 'skipped'
  | 'skipped-no-script'
  | 'resumed'
  | 'step-start'
  | 'step-done'
  | 'step-failed'
  | 'step-stopped'
  | 'step-skipped'
  | 'step-retry'
  | 'step-part'
  | 'paused'
  | 'unpaused'
  | 'released'
  | 'reverted'
  | 'unverified'
  | 'abandoned'
  | 'accepted'
  | 'superseded'
  | 'drift-accepted'
  | 'reverted-acknowledged'
  | 'notice'
  | 'armed'
  | 'extended'
  | 'unhealthy'
  | 'healthy'
  | 'going-back'
  | 'try-failed'
  | 'torn-tail'
  | 'rebuilt';

export interface JournalEvent {
  /** UTC, whole seconds: 2026-05-18T15:29:00Z. */
  time: string;
  ticket: string;
  phase: Phase | 'adopt' | 'backup' | 'restore';
  event: EventName;
  /** The event's own fields, in order. Numbers are printed as they are, durations as `72s`. */
  fields: Record<string, string>;
}

/** One event with its place in the chain, as read back. */
export interface LoggedEvent extends JournalEvent {
  line: number;
  sum: string;
}
