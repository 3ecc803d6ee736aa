// Runs a session's phases in their order, and says at the end how it stands and what to type next.
import type { Runners } from '../engine/attempt.ts';
import { executePhase } from '../engine/execute.ts';
import { project } from '../journal/project.ts';
import { EXIT, messageOf, ReleaseError } from '../model/error.ts';
import { PHASES, type Phase } from '../model/release.ts';
import type { Step } from '../model/step.ts';
import { dueSteps, type From, standing } from '../plan/due.ts';
import { nextSteps } from '../plan/next.ts';
import type { Known } from '../playbooks/known.ts';
import { openWindow } from './guard/window.ts';
import { keepWords, knownOf } from './known-failures.ts';
import { pruneAfterwards } from './prune-afterwards.ts';
import { renderError } from './render.ts';
import { type Ending, endingLines } from './reporter.ts';
import { type Logger, recordEnvLeft, type Session } from './session.ts';
import { hookRunners } from './steps/hooks.ts';
import { migrateRunners } from './steps/migrate.ts';
import { prepareRunners } from './steps/prepare.ts';
import { revertRunners } from './steps/revert.ts';
import { verifyRunners } from './steps/verify.ts';
import { stillStopping } from './still-stopping.ts';

export interface Course {
  from: From;
  /** Left out on purpose, with the reason that was given. */
  skip: ReadonlySet<Phase>;
  reason: string;
  /** Only this phase. */
  only?: Phase;
}

/** @returns the exit code: 0 released, 1 halted, 8 stopped or unverified, 10 verified and waiting for its confirmation. */
export async function perform(session: Session, log: Logger, course: Course): Promise<number> {
  const stop = new AbortController();
  const { reporter } = session;
  const unlisten = session.context.host.own.onStop((signal, count) => {
    stop.abort();
    reporter.say(
      count === 1
        ? `${signal}: stopping at the next safe point`
        : stillStopping(signal, standing(session.journal.events).open, `just release-run ${session.ticket} --resume`),
    );
  });
  let phase: Phase = 'prepare';
  try {
    const before = standing(session.journal.events);
    const due = dueSteps(session.plan, before, course.from, course.skip);
    const runners = makeRunners(session);
    for (phase of PHASES) {
      if (course.only !== undefined && phase !== course.only) continue;
      await runPhase(session, log, course, phase, {
        due: due.filter((s) => s.phase === phase),
        before,
        runners,
        stop: stop.signal,
      });
    }
    const code = await finish(session, log, course);
    // While it waits, everything that it may go back to is kept.
    if (session.receipt.complete && code !== EXIT.awaiting) await pruneAfterwards(session.context, reporter.say);
    return code;
  } catch (error) {
    return await halt(session, log, phase, error);
  } finally {
    unlisten();
    reporter.end();
  }
}

export function makeRunners(session: Session): Runners {
  return {
    ...prepareRunners(session),
    ...migrateRunners(session),
    ...hookRunners(session),
    ...verifyRunners(session),
    ...revertRunners(session),
  };
}

interface PhaseWork {
  due: Step[];
  before: ReturnType<typeof standing>;
  runners: Runners;
  stop: AbortSignal;
}

async function runPhase(session: Session, log: Logger, course: Course, phase: Phase, work: PhaseWork): Promise<void> {
  const { host } = session.context;
  const at = course.from.kind === 'phase' ? PHASES.indexOf(course.from.phase) : 0;
  if (PHASES.indexOf(phase) < at) return;
  if (course.skip.has(phase)) {
    if (phase !== 'prepare') log(phase, 'skipped', { reason: course.reason, by: host.machine.user });
    return;
  }
  const again = course.from.kind === 'phase' && course.from.phase === phase;
  if (work.before.phases.has(phase) && !again) return;
  if (phase === 'ticket' && session.plan.scripts.length === 0) {
    log(phase, 'skipped-no-script');
    return;
  }
  const began = host.clock.monotonicMs();
  // The start of prepare says what the release is of: begin.ts wrote it, and a prepare that is gone on with has no other.
  if (phase !== 'prepare')
    log(phase, 'start', {
      by: host.machine.user,
      ...(phase === 'migrate' ? { services: session.plan.services.map((s) => s.name).join(' ') } : {}),
    });
  await executePhase(work.due, work.before.done, {
    host,
    runners: work.runners,
    log,
    open: work.before.open,
    outputFile: (step) => session.files.output(step.id),
    persist: () => session.lock.assertHeld(),
    concurrency: session.plan.concurrency,
    stop: work.stop,
  });
  log(phase, 'done', { duration: `${Math.round((host.clock.monotonicMs() - began) / 10) / 100}s` });
}

async function finish(session: Session, log: Logger, course: Course): Promise<number> {
  const { host } = session.context;
  if (course.only !== undefined && course.only !== 'verify') {
    log(course.only, 'halted', { reason: `only ${course.only} was asked for` });
    sayNext(session);
    return EXIT.ok;
  }
  if (course.skip.has('verify')) {
    log('verify', 'unverified', { reason: course.reason, by: host.machine.user });
    sayNext(session);
    return EXIT.stopped;
  }
  const { phases } = standing(session.journal.events);
  const owed = PHASES.filter((phase) => !phases.has(phase));
  if (owed.length > 0) throw new Error(`the journal does not prove ${owed.join(', ')} done`);
  session.receipt.complete = true;
  recordEnvLeft(session);
  if (session.guard) {
    await openWindow(session, log, session.guard);
    sayNext(session);
    return EXIT.awaiting;
  }
  log('verify', 'released', { sha: session.plan.targetSha });
  session.reporter.say(`Released ${session.ticket}: ${session.plan.targetSha.slice(0, 12)} is deployed and verified.`);
  return EXIT.ok;
}

async function halt(session: Session, log: Logger, phase: Phase, error: unknown): Promise<number> {
  const stopped = error instanceof ReleaseError && error.kind === 'stopped';
  const reason = messageOf(error);
  const rc = error instanceof ReleaseError && error.facts.rc !== undefined ? String(error.facts.rc) : '1';
  const code = stopped ? EXIT.stopped : EXIT.halted;
  try {
    recordEnvLeft(session);
    if (stopped) log(phase, 'stopped', { reason });
    else log(phase, 'failed', { rc, reason: reason.slice(0, 500) });
  } catch (unwritten) {
    // The log itself may be what failed: what came before it is still said.
    if (unwritten !== error) session.reporter.failure(error, { exit: code, stands: [], next: [] });
    throw unwritten;
  }
  const known = stopped ? {} : { known: await knownNow(session, error) };
  session.reporter.failure(error, { exit: code, ...standsNow(session), ...known });
  return code;
}

/** What the playbooks know of it. The failure's own words are kept for a later look: the log has only its first sentence. */
export async function knownNow(session: Session, error: unknown): Promise<Known> {
  const { context, ticket, files, journal, believed } = session;
  const { host, paths } = context;
  const state = project(journal.events, believed);
  const kept = error === undefined ? [] : keepWords(host, files, renderError(error));
  const place = { host, engine: paths.engine, root: paths.root };
  const known = await knownOf(place, error, { ticket, ...(state ? { state } : {}) });
  return { ...known, notices: [...known.notices, ...kept] };
}

export function standsNow({ ticket, journal, believed }: Session): Pick<Ending, 'stands' | 'next'> {
  const state = project(journal.events, believed);
  if (!state) return { stands: [], next: [] };
  return {
    stands: [`${ticket} is ${state.releaseStatus} in ${state.phase}. What comes next:`],
    next: nextSteps(state),
  };
}

function sayNext(session: Session): void {
  const { stands, next } = standsNow(session);
  for (const line of endingLines(stands, next)) session.reporter.say(line);
}
