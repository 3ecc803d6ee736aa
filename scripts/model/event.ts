// What a log line says: every event and its fields, in the one table that the code is held to and docs/events.md is written from.
import type { Phase } from './release.ts';

const BY = 'who, by the name of their user';
const REASON = 'why, in words';
const DURATION = 'how long it took: `72s`';
const SERVICES = 'names of services, separated by spaces, in their order';
const SHA = 'a commit, 40 hex digits';
const DEADLINE = 'when it is put back unless it is confirmed, UTC in whole seconds';
const WITHIN = 'how long it waits for its confirmation';
const CAP = 'how far it can be extended, counted from the end of verify';
const STAMP = 'a backup: `20260518_153012`';

/** Which step it is: with `path`, the script of that path. */
const OF_STEP = {
  step: 'the kind of step, or the name of the hook or part',
  service: 'the service that it is of',
  path: 'the script that it runs; for a restore, what it reads from',
  n: 'which of the commands of after_confirm, from 1',
  stamp: STAMP,
};

/** Event -> what it says, and its fields with what each holds. Every field may be missing. */
export const EVENTS = {
  start: {
    what: 'A phase begins; in `confirm` the window opens; of a backup or restore by hand, that begins.',
    fields: {
      by: BY,
      branch: 'the branch that is released',
      base: `what is deployed, or what a revert goes back to: ${SHA}`,
      target: `what is released: ${SHA}`,
      head: `where the checkout stood: ${SHA}`,
      merge: `what the checkout was advanced to by a release that is taken over: ${SHA}`,
      services: SERVICES,
      service: 'the service that is restored',
      stamp: STAMP,
      undo: '`yes`: an unfinished restore is taken back',
      added: 'services that are new on this host',
      removed: 'services that leave this host',
      engine: 'the frozen engine',
      observed: 'how long looking and planning took',
      supersedes: 'the ticket that is taken over',
      backups: '`service=stamp`, separated by spaces',
      deadline: DEADLINE,
      within: WITHIN,
      cap: CAP,
      cause: 'why it goes back, where nobody asked for it',
      what: 'what is put back, where it is not the whole release',
      reason: REASON,
    },
  },
  done: {
    what: 'A phase is over, and all of it is done.',
    fields: {
      duration: DURATION,
      services: SERVICES,
      service: 'the service that was restored',
      stamp: STAMP,
      outcome: 'how a restore ended',
      before: 'the backup of what a restore replaced, or `none`',
    },
  },
  failed: {
    what: 'A phase failed: the release is halted, or, in `revert`, in doubt.',
    fields: {
      rc: 'the exit code of what failed',
      reason: REASON,
      cause: 'why it went back',
      service: 'the service that was restored',
      stamp: STAMP,
    },
  },
  stopped: { what: 'A phase stopped at a safe point, as it was asked to.', fields: { reason: REASON } },
  halted: { what: 'A phase that was run by itself is over.', fields: { reason: REASON } },
  skipped: {
    what: 'A phase was left out on purpose. That of prepare says what its `start` would.',
    fields: {
      reason: REASON,
      by: BY,
      branch: 'the branch that is released',
      base: SHA,
      target: SHA,
      head: SHA,
      merge: SHA,
      services: SERVICES,
      added: SERVICES,
      removed: SERVICES,
      engine: 'the frozen engine',
      observed: 'how long looking and planning took',
      supersedes: 'the ticket that is taken over',
      backups: '`service=stamp`, separated by spaces',
    },
  },
  'skipped-no-script': { what: 'The release brings no script of this ticket.', fields: {} },
  resumed: { what: 'A halted release is gone on with.', fields: { from: 'the phase', by: BY } },
  'step-start': { what: 'A step begins.', fields: { ...OF_STEP, command: 'the command of after_confirm' } },
  'step-done': {
    what: 'A step is done, and what it did was checked.',
    fields: {
      ...OF_STEP,
      duration: DURATION,
      images: 'image ids by component; in verify, how many were compared',
      kept: 'how many images were kept',
      scripts: 'how many ticket scripts were kept',
      replaced: 'components that were started anew, separated by commas',
      untouched: 'components that were left running',
      restarted: 'components that had ended before a resume, and were started again, separated by commas',
      downtime: 'how long the service did not run',
      project: 'the project that was stopped',
      bytes: 'how large the backup is, as stored',
      paused: 'how long the service was held still for it',
      label: 'what kind of backup it is',
      away: 'the snapshot of the copy in the second home',
      sha: SHA,
      branch: 'the branch that is checked out, or that was pushed',
      residue: 'how many things are not as they were before the release',
      before: 'the backup of what a restore replaced',
      push: 'how pushing the revert went: pushed, pending, branch or none',
      reason: 'why it is not pushed',
    },
  },
  'step-failed': {
    what: 'A step failed.',
    fields: { ...OF_STEP, rc: 'the exit code of what failed', duration: DURATION, reason: REASON },
  },
  'step-stopped': {
    what: 'A step was ended in its middle, as it may be.',
    fields: { ...OF_STEP, rc: 'the exit code of what was ended', duration: DURATION, reason: REASON },
  },
  'step-retry': { what: 'A hook said "not yet" (exit 75).', fields: { ...OF_STEP, tries: 'how often it was tried' } },
  'step-part': {
    what: 'A part of a step that can be cut off in it: a restore, a move of the checkout.',
    fields: { ...OF_STEP, part: 'the part', begins: 'the part, where it begins; missing where it is over' },
  },
  paused: {
    what: 'A service is held still for its backup.',
    fields: { ...OF_STEP, how: '`pause` or `stop`', max: 'the longest that it may be' },
  },
  unpaused: {
    what: 'It runs again.',
    fields: { ...OF_STEP, how: '`pause` or `stop`', paused: 'how long it was held still' },
  },
  released: { what: 'The release is final.', fields: { sha: SHA, by: BY } },
  reverted: {
    what: 'The host is back at what was there before, and that was verified.',
    fields: { push: 'how it stands with the remote: done, pending, branch or none', sha: SHA },
  },
  unverified: { what: 'The release ended without verify.', fields: { reason: REASON, by: BY } },
  abandoned: { what: 'A halted release was given up.', fields: { by: BY, reason: REASON } },
  accepted: { what: 'An unverified release was called released.', fields: { by: BY, reason: REASON } },
  superseded: {
    what: 'Another ticket took this release over.',
    fields: { by: BY, successor: 'that ticket', reason: REASON },
  },
  'drift-accepted': {
    what: 'A halted release is gone on with although something changed meanwhile.',
    fields: {
      what: 'what changed; of `.env` only the names',
      by: BY,
      reason: REASON,
      services: 'services whose steps are done again',
    },
  },
  'reverted-acknowledged': {
    what: 'What was reverted on this host may come again.',
    fields: { by: BY, reverted: 'the ticket that brought it', reason: REASON },
  },
  'breaking-acknowledged': {
    what: 'The release goes on although a changelog says that something breaks.',
    fields: { by: BY, count: 'how many entries say so', lines: 'these entries', reason: REASON },
  },
  notice: {
    what: 'Something that people should know, and that fails nothing.',
    fields: {
      ...OF_STEP,
      reason: REASON,
      what: 'what is to be known',
      within: WITHIN,
      away: 'the snapshot of the copy in the second home',
      held: 'a backup that is kept whatever retention says: `service/stamp`',
      unheld: 'one that is not any more',
      pruned: 'a backup that retention removed',
    },
  },
  'notice-failed': {
    what: 'A webhook could not be told. The release goes on.',
    fields: { webhook: 'which one', notice: 'what it was to be told', reason: REASON },
  },
  armed: {
    what: 'The release is put back at the deadline, whatever becomes of it; or the deadline was written down anew.',
    fields: { deadline: DEADLINE, within: WITHIN, cap: CAP, watch: '`notice` or `revert`', reason: REASON },
  },
  extended: { what: 'It waits longer.', fields: { deadline: DEADLINE, by: BY, more: 'by how much' } },
  unhealthy: {
    what: 'While the release waits, three probes of a service in a row failed.',
    fields: { service: 'the service', reason: REASON },
  },
  healthy: { what: 'The service answers again.', fields: { service: 'the service' } },
  'going-back': { what: 'It was not confirmed: it is put back.', fields: { cause: 'why', by: BY } },
  'try-failed': { what: 'Putting it back failed.', fields: { try: 'how often it was tried', reason: REASON } },
  'torn-tail': {
    what: 'The last line of the log had been cut off by a crash; it was dropped.',
    fields: { dropped: 'what was there of it' },
  },
} as const satisfies Record<string, { what: string; fields: Record<string, string> }>;

export type EventName = keyof typeof EVENTS;

/** The fields that an event may have; another one is a compile error. */
export type FieldsOf<E extends EventName> = E extends EventName
  ? { [K in keyof (typeof EVENTS)[E]['fields']]?: string }
  : never;

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
