// One run of one ticket under the lock: its plan, its journal, what it learned so far. Made by begin.ts or resume.ts, used by the steps.
import { parse } from 'dotenv';
import type { FrozenEngine } from '../host/freeze.ts';
import type { Pushed } from '../host/git/revert-push.ts';
import type { KeyedHash } from '../host/keyed-hash.ts';
import type { TicketPaths } from '../host/paths.ts';
import type { Armed } from '../journal/guard.ts';
import type { ReleaseLock } from '../journal/lock.ts';
import type { JournalLog } from '../journal/log.ts';
import { project } from '../journal/project.ts';
import { writeReceipt } from '../journal/receipt.ts';
import { formatState, writeState } from '../journal/state.ts';
import type { EventName, FieldsOf, LoggedEvent } from '../model/event.ts';
import type { Receipt, ServiceReceipt } from '../model/receipt.ts';
import type { Phase, ReleaseState } from '../model/release.ts';
import type { RuntimeKind, ServiceManifest } from '../model/service.ts';
import type { Plan } from '../model/step.ts';
import type { ResolvedService, ServiceTree } from '../runtimes/runtime.ts';
import { tell } from './announce.ts';
import type { Context } from './context.ts';
import type { Reporter } from './reporter.ts';

export interface Session {
  context: Context;
  ticket: string;
  files: TicketPaths;
  lock: Pick<ReleaseLock, 'assertHeld'>;
  journal: JournalLog;
  /** Where the log is broken: the state from the file, and the journal's events are only those since. */
  believed?: ReleaseState;
  plan: Plan;
  receipt: Receipt;
  /** Before: at BASE_SHA. After: at the target (or as mended in the live tree, where that drift was accepted). */
  manifests: Record<'before' | 'after', ReadonlyMap<string, ServiceManifest>>;
  engine: FrozenEngine;
  keyedHash: KeyedHash;
  reporter: Reporter;
  /** Where each end is read from: the stage or a copy of BASE until Advance, the live tree after it. */
  trees: Record<'before' | 'after', ServiceTree>;
  /** What pushing the revert answered. */
  pushed?: Pushed;
  /** Resolved once a run. */
  resolved: Map<string, Promise<ResolvedService>>;
  /** It goes back unless it is confirmed; undefined where it is final once it is verified. */
  guard?: Armed;
  /** Tracked files whose drift was accepted. */
  acceptedDrift: ReadonlySet<string>;
}

/** Keys of the state that a step of every few milliseconds does not change: the file is replaced only when one of the others does. */
const essence = (state: ReleaseState): string => formatState({ ...state, logSum: '00000000' });

/** Writes an event, and the state file where the event changed what it says. Every event of a session goes through here. */
export function makeLogger(
  context: Context,
  files: TicketPaths,
  journal: JournalLog,
  reporter: Reporter,
  believed?: ReleaseState,
) {
  let written = '';
  const log = <E extends EventName>(phase: Phase, event: E, fields?: FieldsOf<E>): LoggedEvent => {
    const logged = journal.append(phase, event, fields);
    const state = project(journal.events, believed);
    if (state && essence(state) !== written) {
      writeState(context.host, files.state, state);
      written = essence(state);
    }
    reporter.event(logged);
    tell(context, journal.events, state, log);
    return logged;
  };
  return log;
}

export type Logger = ReturnType<typeof makeLogger>;

/** Changes what the receipt says of a service, and writes it. */
export function recordService(session: Session, service: string, change: Partial<ServiceReceipt>): void {
  const known = session.receipt.services[service] ?? { runtime: change.runtime ?? '', project: change.project ?? '' };
  session.receipt.services[service] = { ...known, ...change };
  saveReceipt(session);
}

/** What a service's next start is made of, for the receipt: values only as keyed hashes. */
export function madeOf(session: Session, runtime: RuntimeKind, what: ResolvedService): ServiceReceipt {
  const { keyedHash, context } = session;
  const used = what.variables.filter((name) => context.env[name] !== undefined);
  return {
    runtime,
    project: what.project,
    configAfter: keyedHash(what.document),
    volumesAfter: ownVolumes(what),
    env: Object.fromEntries(used.map((name) => [name, keyedHash(context.env[name] ?? '')])),
  };
}

/** Real names of the volumes that come and go with a service. */
export const ownVolumes = (what: ResolvedService): string[] => [
  ...new Set(
    what.components
      .flatMap(({ mounts }) => mounts)
      .filter((mount) => mount.kind === 'volume' && !mount.external)
      .map((mount) => mount.source),
  ),
];

/** What `.env` is now, as keyed hashes: a revert takes back what the release changed in it, and nothing that was changed later. */
export function recordEnvLeft(session: Session): void {
  const { host, paths } = session.context;
  const now = parse(host.files.readText(paths.envFile, { follow: true }) ?? '');
  session.receipt.envLeft = Object.fromEntries(
    Object.entries(now).map(([name, value]) => [name, session.keyedHash(value)]),
  );
  saveReceipt(session);
}

/** What a restore takes for the release's own: a key of `.env` that still has this value was not changed since. */
export const leftBy = ({ receipt, keyedHash }: Session) => ({
  env: receipt.envLeft ?? receipt.env,
  hash: keyedHash,
  files: {},
});

/** What this process last wrote, by its receipt: a step that learned nothing new writes nothing. */
const written = new WeakMap<Receipt, string>();

export function saveReceipt(session: Session): void {
  const now = JSON.stringify(session.receipt);
  if (written.get(session.receipt) === now) return;
  writeReceipt(session.context.host, session.files.receipt, session.receipt);
  written.set(session.receipt, now);
}
