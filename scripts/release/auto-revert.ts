// A release that goes back by itself: --auto-revert, or on_failure: revert. Same run, same lock; a revert is never reverted by itself.
import { join } from 'node:path';
import { decide, readGuard } from '../journal/guard.ts';
import { EXIT, messageOf } from '../model/error.ts';
import { observeRevert } from './observe-revert.ts';
import { type Course, perform, standsNow } from './perform.ts';
import { performRevert } from './perform-revert.ts';
import { baseTree } from './revert-session.ts';
import type { Logger, Session } from './session.ts';

/** @param asked by flag; else the configuration decides. @returns as perform; 6 where it failed and was put back and verified, 7 in doubt. */
export async function performOrRevert(session: Session, log: Logger, course: Course, asked: boolean): Promise<number> {
  const code = await perform(session, log, course);
  const { plan, receipt, context } = session;
  const wanted = asked || context.config.onFailure === 'revert';
  // Before its Advance nothing live was changed; without a prepare there is nothing to go back to.
  const advanced = receipt.mergeSha === plan.targetSha && plan.steps.some((step) => step.kind === 'advance');
  if (code !== EXIT.halted || !wanted || !advanced) return code;
  return await goBack(session, log, asked ? '--auto-revert' : 'on_failure: revert');
}

async function goBack(session: Session, log: Logger, cause: string): Promise<number> {
  const { context, ticket, plan, reporter } = session;
  reporter.say('');
  reporter.say(`${cause}: ${ticket} is put back now`);
  const { host, paths } = context;
  if (readGuard(host, paths, ticket))
    decide(host, paths, ticket, { kind: 'revert', cause, by: host.machine.user, manual: false });
  let observed: Awaited<ReturnType<typeof observeRevert>>;
  try {
    const { root } = context.paths;
    session.trees = {
      before: await baseTree(context, join(context.paths.stage, `${ticket}.base`), plan.baseSha),
      after: { root, live: true, commit: plan.targetSha, repository: root },
    };
    session.resolved.clear();
    const wish = { skipGit: false, skipData: false, acceptLoss: false };
    const folder = join(context.paths.stage, `${ticket}.revert`);
    observed = await observeRevert(session, wish, { folder, dry: false });
  } catch (error) {
    const reason = messageOf(error);
    log('revert', 'failed', { reason: reason.slice(0, 500), cause });
    reporter.failure(error, { exit: EXIT.inDoubt, ...standsNow(session) });
    return EXIT.inDoubt;
  }
  const code = await performRevert(session, log, observed, cause);
  return code === EXIT.ok || code === EXIT.notPushed ? EXIT.putBack : code;
}
