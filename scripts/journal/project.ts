// The state as a pure fold over the log: what the events of one release add up to.
import type { EventName, JournalEvent, LoggedEvent } from '../model/event.ts';
import { PHASES, type Phase, type ReleaseState, SCHEMA } from '../model/release.ts';

/** Events that say how the whole release ended. */
const ENDS: Partial<Record<EventName, ReleaseState['releaseStatus']>> = {
  released: 'released',
  accepted: 'released',
  unverified: 'unverified',
  abandoned: 'abandoned',
  superseded: 'abandoned',
};

export const isPhase = (word: string | undefined): word is Phase => PHASES.some((phase) => phase === word);

/**
 * @param from what is known from elsewhere of the time before the events.
 * @returns undefined where no event begins a release. Events that are not known change nothing but `logSum`.
 */
export function project(events: readonly LoggedEvent[], from?: ReleaseState): ReleaseState | undefined {
  let state = from && structuredClone(from);
  for (const event of events) {
    // A skipped prepare begins a release too, where it says of what.
    if (event.phase === 'prepare' && (event.event === 'start' || (event.event === 'skipped' && event.fields.target))) {
      state = begin(state, event);
    }
    if (!state) continue;
    apply(state, event);
    state.logSum = event.sum;
  }
  return state;
}

/** The words of a list field. */
export const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');

/** `redmine=20260518_153012 wikijs=20260518_153015` */
export function parseBackups(text: string | undefined): Record<string, string> {
  const pairs = words(text).map((word): [string, string] => {
    const at = word.indexOf('=');
    return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

export const formatBackups = (backups: Record<string, string>): string =>
  Object.entries(backups)
    .map(([service, stamp]) => `${service}=${stamp}`)
    .join(' ');

function begin(before: ReleaseState | undefined, { ticket, fields, sum }: LoggedEvent): ReleaseState {
  // Once the live checkout was advanced, a second prepare cannot unsay it: that release still blocks others, and
  // going back still means the backups from before the Advance.
  const mergeSha = fields.merge ?? before?.mergeSha ?? '';
  const backups = mergeSha === '' ? {} : { ...before?.backups, ...parseBackups(fields.backups) };
  return {
    schema: SCHEMA,
    ticket,
    branch: fields.branch ?? '',
    baseSha: fields.base ?? '',
    targetSha: fields.target ?? '',
    mergeSha,
    phase: 'prepare',
    phaseStatus: 'running',
    releaseStatus: 'running',
    services: words(fields.services),
    added: words(fields.added),
    removed: words(fields.removed),
    backups,
    engine: fields.engine ?? '',
    supersedes: fields.supersedes ?? before?.supersedes ?? '',
    timestamps: {},
    logSum: sum,
  };
}

function apply(state: ReleaseState, { time, phase, event, fields }: JournalEvent): void {
  const enter = (where: Phase, status: ReleaseState['phaseStatus'], release: ReleaseState['releaseStatus']): void => {
    state.phase = where;
    state.phaseStatus = status;
    state.releaseStatus = release;
  };
  const stamp = (what: 'START' | 'DONE' | 'FAILED'): void => {
    state.timestamps[`${phase.toUpperCase()}_${what}`] = time;
  };
  if (event === 'armed') state.deadline = fields.deadline ?? '';
  else if (phase === 'revert') applyRevert(state, event, fields, enter, stamp);
  else if (phase === 'confirm') applyConfirm(state, event, fields, enter, stamp);
  else if (event === 'step-done') applyStep(state, fields);
  else if (event === 'resumed') {
    const from = isPhase(fields.from) ? fields.from : phase;
    if (isPhase(from)) {
      enter(from, 'running', 'running');
      delete state.timestamps[`${from.toUpperCase()}_FAILED`];
    }
  } else if (Object.hasOwn(ENDS, event)) {
    state.releaseStatus = ENDS[event] ?? state.releaseStatus;
    if (event !== 'unverified') delete state.deadline;
  } else if (isPhase(phase)) {
    if (event === 'start') {
      enter(phase, 'running', 'running');
      // The times are those of the phase's last attempt.
      delete state.timestamps[`${phase.toUpperCase()}_DONE`];
      delete state.timestamps[`${phase.toUpperCase()}_FAILED`];
      stamp('START');
    } else if (event === 'done') {
      enter(phase, 'done', 'running');
      stamp('DONE');
    } else if (event === 'failed') {
      enter(phase, 'failed', 'halted');
      stamp('FAILED');
    } else if (event === 'stopped') enter(phase, 'stopped', 'halted');
    else if (event === 'skipped' || event === 'skipped-no-script') enter(phase, 'done', 'running');
    // A phase that was run by itself: it is done, and the next one was not asked for.
    else if (event === 'halted') enter(phase, 'done', 'halted');
  }
}

function applyConfirm(
  state: ReleaseState,
  event: JournalEvent['event'],
  { deadline }: Record<string, string>,
  enter: Enter,
  stamp: (what: 'START' | 'DONE' | 'FAILED') => void,
): void {
  if (event === 'start') {
    enter('confirm', 'running', 'awaiting-confirm');
    stamp('START');
  } else if (event === 'released') {
    enter('confirm', 'done', 'released');
    stamp('DONE');
  } else if (event === 'going-back') {
    enter('confirm', 'failed', 'reverting');
    stamp('FAILED');
  }
  if (event === 'released' || event === 'going-back') delete state.deadline;
  else if (deadline !== undefined) state.deadline = deadline;
}

type Enter = (where: Phase, status: ReleaseState['phaseStatus'], release: ReleaseState['releaseStatus']) => void;

function applyRevert(
  state: ReleaseState,
  event: JournalEvent['event'],
  fields: Record<string, string>,
  enter: Enter,
  stamp: (what: 'START' | 'DONE' | 'FAILED') => void,
): void {
  if (event === 'start') {
    enter('revert', 'running', 'reverting');
    delete state.deadline;
    delete state.timestamps.REVERT_DONE;
    delete state.timestamps.REVERT_FAILED;
    stamp('START');
  } else if (event === 'failed') {
    // Part of it may be back and part not: nobody can say how the host stands until the same command has ended well.
    enter('revert', 'failed', 'in-doubt');
    stamp('FAILED');
  } else if (event === 'stopped') enter('revert', 'stopped', 'reverting');
  else if (event === 'reverted') {
    enter('revert', 'done', 'reverted');
    const push = (['pending', 'done', 'branch', 'none'] as const).find((each) => each === fields.push);
    if (push !== undefined) state.push = push;
    stamp('DONE');
  }
}

function applyStep(state: ReleaseState, { step, service, stamp, sha }: Record<string, string>): void {
  if (step === 'advance' && sha) state.mergeSha = sha;
  if (step !== 'backup' || !service || !stamp) return;
  // After the Advance a further backup holds the new version's data: the first one stays the way back.
  if (state.mergeSha === '' || !Object.hasOwn(state.backups, service)) {
    state.backups = { ...state.backups, [service]: stamp };
  }
}
