// State file against log: the log is the truth, and a state file that somebody edited is named, never overwritten unseen.
import type { ReleaseState } from '../model/release.ts';
import type { LogReading } from './log.ts';
import { project } from './project.ts';
import { stateEntries } from './state.ts';

/**
 * `same`: file and log agree (or both are missing). `rebuilt`: the file is missing or older, the state is the log's.
 * `edited`: the file says what the log never said; the state is the log's. `log-only`: there is no file, and no event of
 * the log begins a release. `file-only`: the log is missing or broken before the file's place in it; the state is the file's.
 */
export type Verdict = 'same' | 'rebuilt' | 'edited' | 'log-only' | 'file-only';

export interface Reconciled {
  state: ReleaseState | undefined;
  verdict: Verdict;
  /** `KEY: file says X, log says Y` */
  differences: string[];
}

/** Pure. A broken log counts up to its break; the caller sees `log.broken`. */
export function reconcile(fromFile: ReleaseState | undefined, log: LogReading): Reconciled {
  const fromLog = project(log.events);
  if (!fromFile) {
    if (fromLog) return { state: fromLog, verdict: 'rebuilt', differences: [] };
    return { state: undefined, verdict: log.events.length > 0 ? 'log-only' : 'same', differences: [] };
  }
  const place = log.events.findLastIndex((event) => event.sum === fromFile.logSum);
  const then = place < 0 ? undefined : project(log.events.slice(0, place + 1));
  if (!then) {
    if (log.broken) {
      const { line, why } = log.broken;
      return { state: fromFile, verdict: 'file-only', differences: [`the log is broken at line ${line}: ${why}`] };
    }
    if (!fromLog)
      return { state: fromFile, verdict: 'file-only', differences: ['the log says nothing of this release'] };
    return { state: fromLog, verdict: 'edited', differences: differ(fromFile, fromLog) };
  }
  const differences = differ(fromFile, then);
  if (differences.length > 0) return { state: fromLog, verdict: 'edited', differences };
  return { state: fromLog, verdict: place === log.events.length - 1 ? 'same' : 'rebuilt', differences: [] };
}

function differ(file: ReleaseState, log: ReleaseState): string[] {
  const [fileSays, logSays] = [new Map(stateEntries(file)), new Map(stateEntries(log))];
  const keys = new Set([...logSays.keys(), ...fileSays.keys()]);
  return [...keys]
    .filter((key) => (fileSays.get(key) ?? '') !== (logSays.get(key) ?? ''))
    .map((key) => `${key}: file says ${say(fileSays.get(key))}, log says ${say(logSays.get(key))}`);
}

const say = (value: string | undefined): string => (value === undefined || value === '' ? 'nothing' : value);
