// What a deadline looks like from outside. Reads only.
import type { HostPaths } from '../../host/paths.ts';
import type { Host } from '../../host/port.ts';
import { guardFiles, momentNow, readGuard } from '../../journal/guard.ts';
import { readHolder } from '../../journal/lock.ts';
import type { ReleaseEntry } from '../../journal/records.ts';
import { utcSeconds } from '../../journal/time.ts';
import { elapsedMs } from '../../model/deadline.ts';
import { inWords } from './words.ts';

export interface DeadlineView {
  stage: 'provisional' | 'window' | 'decided' | 'passed' | 'unreadable';
  /** By the wall clock as it goes now, UTC. */
  at?: string;
  leftS?: number;
  /** How far it can still be extended. */
  capLeftS?: number;
  watch?: 'notice' | 'revert';
  /** A watchdog runs. */
  watched: boolean;
  said: string;
}

/** undefined where nothing is armed. */
export function deadlineOf(host: Host, paths: HostPaths, { ticket, state }: ReleaseEntry): DeadlineView | undefined {
  const guard = readGuard(host, paths, ticket);
  if (!guard && state?.releaseStatus !== 'awaiting-confirm') return undefined;
  const watched = readHolder(host, { lock: guardFiles(paths, ticket).watch }) !== undefined;
  const unwatched = watched ? '' : '; nobody watches over it now: just release-sweep';
  if (guard?.verdict) {
    const { kind, by, cause } = guard.verdict;
    const who = by === '' ? '' : ` by ${by}`;
    const said = kind === 'confirm' ? `confirmed${who}` : `it goes back (${cause}${who})`;
    return { stage: 'decided', watched, said: `${said}${unwatched}` };
  }
  if (!guard?.armed)
    return {
      stage: 'unreadable',
      watched,
      said: `cannot be read, and counts as passed (${guard?.problem ?? 'it is gone'})${unwatched}`,
    };
  const { armed } = guard;
  const now = momentNow(host);
  const passedMs = elapsedMs(armed.at, now);
  const left = armed.leftMs - passedMs;
  const at = utcSeconds(new Date(now.wallMs + left));
  if (left <= 0)
    return { stage: 'passed', at, leftS: 0, watch: armed.watch, watched, said: `has passed at ${at}${unwatched}` };
  const capLeft = armed.capLeftMs - passedMs;
  const view = { stage: armed.stage, at, leftS: Math.floor(left / 1000), watch: armed.watch, watched };
  if (armed.stage === 'provisional')
    return {
      ...view,
      said: `put back at ${at} (in ${inWords(left)}) whatever becomes of it, unless it is ended before${unwatched}`,
    };
  return {
    ...view,
    capLeftS: Math.floor(capLeft / 1000),
    said: `put back at ${at} (in ${inWords(left)}) unless it is confirmed; it can be extended by ${inWords(capLeft - left)}${unwatched}`,
  };
}
