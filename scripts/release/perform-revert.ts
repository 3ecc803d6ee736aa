// Runs the steps of a revert, and says at the end how the host stands.
import { join } from 'node:path';
import { executePhase } from '../engine/execute.ts';
import { onStopSignal } from '../host/signals.ts';
import { EXIT, ReleaseError } from '../model/error.ts';
import type { ReleaseState } from '../model/release.ts';
import type { Step } from '../model/step.ts';
import { standingOfRevert } from '../plan/due.ts';
import type { RevertObservation } from './observe-revert.ts';
import { makeRunners, standsNow } from './perform.ts';
import { type Logger, type Session, saveReceipt } from './session.ts';

export interface RevertWork {
  steps: Step[];
  observed: RevertObservation;
  state: ReleaseState;
}

/** @returns 0 restored and verified, 7 in doubt, 8 stopped, 9 restored but not pushed. */
export async function performRevert(session: Session, log: Logger, work: RevertWork): Promise<number> {
  const { reporter, context } = session;
  const stop = new AbortController();
  const unlisten = onStopSignal((signal) => {
    stop.abort();
    reporter.say(`${signal}: stopping at the next safe point`);
  });
  try {
    const { git } = work.observed;
    if (git)
      session.receipt.revert = {
        ...(git.revertSha === undefined ? {} : { sha: git.revertSha }),
        onto: git.originSha,
        push: 'pending',
      };
    saveReceipt(session);
    const now = standingOfRevert(session.journal.events);
    log('revert', 'start', {
      by: context.host.machine.user,
      base: session.plan.baseSha,
      services: work.observed.facts.services.map((s) => s.name).join(' '),
    });
    await executePhase(due(work.steps, now.done), now.done, {
      host: context.host,
      runners: makeRunners(session),
      log,
      open: now.open,
      outputFile: (step) => session.files.output(`revert.${step.id}`),
      persist: () => session.lock.assertHeld(),
      concurrency: session.plan.concurrency,
      stop: stop.signal,
    });
    return finish(session, log);
  } catch (error) {
    return failed(session, log, error);
  } finally {
    unlisten();
    reporter.end();
  }
}

/** What was seen before a halt says nothing of now; everything else that is proven done is not done again. */
const LOOKS = new Set<Step['kind']>(['head', 'image', 'health', 'healthy', 'push']);

const due = (steps: readonly Step[], done: ReadonlySet<string>): Step[] =>
  steps.filter((step) => !done.has(step.id) || LOOKS.has(step.kind));

function finish(session: Session, log: Logger): number {
  const push = session.receipt.revert?.push;
  const state = push === 'pushed' ? 'done' : (push ?? 'none');
  log('revert', 'reverted', { push: state, sha: session.plan.baseSha });
  session.reporter.say(
    `Reverted ${session.ticket}: the host is at ${session.plan.baseSha.slice(0, 12)} again, restored and verified.`,
  );
  for (const line of afterwards(session, state)) session.reporter.say(line);
  return state === 'pending' ? EXIT.notPushed : EXIT.ok;
}

/** What git does next time, which surprises everybody once. */
function afterwards({ ticket, plan, receipt }: Session, push: string): string[] {
  const sha = receipt.revert?.sha;
  const again =
    sha === undefined
      ? []
      : [`Merging the same branch again will not bring the change back. This will: git revert ${sha.slice(0, 12)}`];
  if (push === 'pending')
    return [`The revert is not on the remote yet. The same command pushes it: just release-revert ${ticket}`, ...again];
  if (push === 'none')
    return [
      `Nothing was pushed: ${plan.branch} on the remote still has the change, and the next release would bring it again.`,
    ];
  return again;
}

function failed(session: Session, log: Logger, error: unknown): number {
  const stopped = error instanceof ReleaseError && error.kind === 'stopped';
  const reason = error instanceof Error ? error.message : String(error);
  const code = stopped ? EXIT.stopped : EXIT.inDoubt;
  log('revert', stopped ? 'stopped' : 'failed', { reason: reason.slice(0, 500) });
  session.reporter.failure(error, { exit: code, ...standsNow(session) });
  return code;
}

/** The host was put back before; only the remote does not know yet. */
export async function pushAgain(session: Session, log: Logger): Promise<number> {
  const runner = makeRunners(session).push;
  const step = {
    id: 'push',
    kind: 'push',
    phase: 'revert',
    needs: [],
    onStop: 'interruptible',
    lane: 'wide',
    timeoutMs: 600_000,
  } as const;
  const { clock } = session.context.host;
  try {
    await runner(
      { ...step, needs: [] },
      {
        signal: clock.deadline(step.timeoutMs),
        again: true,
        note: () => undefined,
        outputFile: join(session.files.records, 'revert.push.out'),
      },
    );
    return finish(session, log);
  } finally {
    session.reporter.end();
  }
}
