// What is left of a deadline. Within a boot only the clock of the boot counts; the wall clock bridges the time that the host was off.
import { durationMs, MAX_DURATION_MS } from './duration.ts';

/** A moment, by both clocks. */
export interface Moment {
  /** The boot's id. */
  boot: string;
  /** Milliseconds since that boot, time asleep included. */
  bootMs: number;
  wallMs: number;
}

export interface Deadline {
  /** When the rest was written down. */
  at: Moment;
  /** What was left then, in milliseconds. */
  leftMs: number;
}

/** A wall clock that went so much ahead of or behind the boot's was set by somebody. */
const STEP_MS = 2_000;

/**
 * How long ago a moment was. In another boot it is at least as long as the host has been up, whatever the wall clock says: one that
 * starts in 1970 makes nothing early, and cannot keep a deadline from coming.
 */
export function elapsedMs(at: Moment, now: Moment): number {
  if (at.boot === now.boot) return Math.max(0, now.bootMs - at.bootMs);
  return Math.max(now.wallMs - at.wallMs, now.bootMs);
}

/** Negative where it has passed. */
export const leftMs = (deadline: Deadline, now: Moment): number => deadline.leftMs - elapsedMs(deadline.at, now);

/** The wall clock was set, or the host was started anew, since the deadline was written down: it should be written again. */
export const hasStepped = ({ at }: Deadline, now: Moment): boolean =>
  at.boot !== now.boot || Math.abs(now.wallMs - at.wallMs - (now.bootMs - at.bootMs)) > STEP_MS;

/** `10m`, `2h`, `90s` or `250ms`, as settings have it, in milliseconds; undefined where it is no time of more than 0 and at most a week. */
export function parseDuration(text: string): number | undefined {
  const ms = durationMs(text) ?? 0;
  return ms > 0 && ms <= MAX_DURATION_MS ? ms : undefined;
}
