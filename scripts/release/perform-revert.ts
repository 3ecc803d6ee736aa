// Runs the steps of a revert, and says at the end how the host stands.
import { executePhase } from '../engine/execute.ts';
import { revertBranch } from '../host/git/revert-push.ts';
import { EXIT, messageOf, ReleaseError } from '../model/error.ts';
import type { Step } from '../model/step.ts';
import { standingOfRevert } from '../plan/due.ts';
import { type RevertStands, residueLines, revertGitLines } from '../plan/revert-words.ts';
import { makeStep } from '../plan/steps.ts';
import { knownLines } from '../playbooks/known.ts';
import type { RevertObservation } from './observe-revert.ts';
import { knownNow, makeRunners, standsNow } from './perform.ts';
import { type Logger, type Session, saveReceipt } from './session.ts';
import { stillStopping } from './still-stopping.ts';

/** @param cause why, where nobody asked for it. @returns 0 restored and verified, 7 in doubt, 8 stopped, 9 restored but not pushed. */
export async function performRevert(
  session: Session,
  log: Logger,
  work: RevertObservation,
  cause?: string,
): Promise<number> {
  const { context, receipt } = session;
  const { git, facts } = work;
  const now = standingOfRevert(session.journal.events);
  if (!facts.push) receipt.revert = { ...receipt.revert, push: 'none' };
  else if (git && !now.done.has('push'))
    receipt.revert = {
      ...(receipt.revert?.residue === undefined ? {} : { residue: receipt.revert.residue }),
      ...(git.revertSha === undefined ? {} : { sha: git.revertSha }),
      onto: git.originSha,
      push: 'pending',
    };
  saveReceipt(session);
  log('revert', 'start', {
    by: context.host.machine.user,
    base: session.plan.baseSha,
    services: facts.services.map((s) => s.name).join(' '),
    ...(cause === undefined ? {} : { cause }),
  });
  return await running(session, log, EXIT.inDoubt, async (stop) => {
    await execute(session, log, due(work.steps, now.done), stop);
    return await finish(session, log, { newerCount: git?.newerCount ?? 0, skipGit: work.skipGit, noPush: work.noPush });
  });
}

/** The host was put back before; only the remote does not know yet. */
export async function pushAgain(session: Session, log: Logger): Promise<number> {
  return await running(session, log, EXIT.notPushed, async (stop) => {
    await execute(session, log, [makeStep('push', {}, [])], stop);
    return await finish(session, log, { newerCount: 0, skipGit: false, noPush: undefined });
  });
}

/** @param failing the exit code of a failure. */
async function running(
  session: Session,
  log: Logger,
  failing: number,
  act: (stop: AbortSignal) => Promise<number>,
): Promise<number> {
  const { reporter } = session;
  const stop = new AbortController();
  const unlisten = session.context.host.own.onStop((signal, count) => {
    stop.abort();
    const again = `just release-revert ${session.ticket}`;
    reporter.say(
      count === 1
        ? `${signal}: stopping at the next safe point`
        : stillStopping(signal, standingOfRevert(session.journal.events).open, again),
    );
  });
  try {
    return await act(stop.signal);
  } catch (error) {
    const stopped = error instanceof ReleaseError && error.kind === 'stopped';
    const reason = messageOf(error);
    const code = stopped ? EXIT.stopped : failing;
    // Put back it is, whatever the remote says.
    if (failing === EXIT.inDoubt) log('revert', stopped ? 'stopped' : 'failed', { reason: reason.slice(0, 500) });
    const known = stopped ? {} : { known: await knownNow(session, error) };
    reporter.failure(error, { exit: code, ...standsNow(session), ...known });
    return code;
  } finally {
    unlisten();
    reporter.end();
  }
}

async function execute(session: Session, log: Logger, steps: readonly Step[], stop: AbortSignal): Promise<void> {
  const now = standingOfRevert(session.journal.events);
  await executePhase(steps, now.done, {
    host: session.context.host,
    runners: makeRunners(session),
    log,
    open: now.open,
    outputFile: (step) => session.files.output(`revert.${step.id}`),
    persist: () => session.lock.assertHeld(),
    concurrency: session.plan.concurrency,
    stop,
  });
}

/** What was seen before a halt says nothing of now. */
const LOOKS = new Set<Step['kind']>(['head', 'image', 'health', 'healthy', 'compare']);

/** What is proven done is not done again; but a version that never became healthy is started anew, after whatever was mended. */
function due(steps: readonly Step[], done: ReadonlySet<string>): Step[] {
  const verified = done.has('deployed');
  const again = (step: Step): boolean =>
    LOOKS.has(step.kind) || (step.kind === 'up' && !done.has(`healthy:${step.service}`));
  return steps.filter((step) => !done.has(step.id) || (!verified && again(step)));
}

type Git = Pick<RevertObservation, 'skipGit' | 'noPush'> & { newerCount: number };

async function finish(session: Session, log: Logger, git: Git): Promise<number> {
  const { ticket, plan, receipt, reporter } = session;
  const push = receipt.revert?.push ?? 'none';
  log('revert', 'reverted', { push: push === 'pushed' ? 'done' : push, sha: plan.baseSha });
  reporter.say(`Reverted ${ticket}: the host is at ${plan.baseSha.slice(0, 12)} again, restored and verified.`);
  for (const line of residueLines(receipt.revert?.residue)) reporter.say(line);
  for (const line of afterwards(session, git)) reporter.say(line);
  if (push !== 'pending') return EXIT.ok;
  for (const line of knownLines(await knownNow(session, undefined))) reporter.say(line);
  return EXIT.notPushed;
}

/** How it stands with origin, and what git does next time, which surprises everybody once. */
function afterwards(session: Session, git: Git): string[] {
  const { ticket, plan, context } = session;
  if (plan.branch !== context.config.branch)
    return [`Nothing was committed or pushed: ${plan.branch} on origin is as it was.`];
  if (git.skipGit)
    return [
      `Nothing was committed or pushed (--skip-git): ${plan.branch} on origin still has the change.`,
      `Until its revert is there, a target that contains it is refused, unless --ack-reverted=${ticket}.`,
    ];
  const { branch, baseSha, targetSha: mergeSha } = plan;
  return revertGitLines({ ticket, branch, baseSha, mergeSha, newerCount: git.newerCount }, stands(session, git.noPush));
}

function stands({ pushed, receipt, ticket }: Session, noPush: string | undefined): RevertStands {
  if (noPush !== undefined) return { kind: 'none', revertSha: undefined, why: noPush };
  if (pushed) return pushed;
  const { sha: revertSha, push, onto = '' } = receipt.revert ?? {};
  if (push === 'pushed') return { kind: 'pushed', revertSha, originSha: onto };
  if (push === 'pending') return { kind: 'pending', reason: 'It was not pushed', details: [], conflicts: [] };
  return push === 'branch'
    ? { kind: 'branch', name: revertBranch(ticket), remote: 'origin' }
    : { kind: 'none', revertSha };
}
