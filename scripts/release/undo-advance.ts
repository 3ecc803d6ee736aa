// A release that was cut off in the middle of its Advance: nothing but the checkout was touched, and that goes back to where it was.
import { look } from '../host/git/advance.ts';
import { recoverMove } from '../host/git/recover.ts';
import { messageOf } from '../model/error.ts';
import type { Logger, Session } from './session.ts';

/** Can be repeated. @returns the exit code. @throws refused where something in the checkout is neither end's; nothing was changed then. */
export async function undoAdvance(session: Session, log: Logger): Promise<number> {
  const { context, plan, ticket, reporter } = session;
  const { repo, host, config } = context;
  log('revert', 'start', { by: host.machine.user, base: plan.headSha, what: 'an Advance that was cut off' });
  try {
    const now = await look(repo);
    // A hotfix leaves the branch that the host is on otherwise.
    const home = now.branch === plan.branch ? config.branch : (now.branch ?? config.branch);
    const before = { branch: plan.branch === config.branch ? plan.branch : home, sha: plan.headSha };
    await recoverMove(repo, { from: { branch: plan.branch, sha: plan.targetSha }, to: before });
    log('revert', 'reverted', { sha: plan.headSha, push: 'none' });
    reporter.say(
      `${ticket} was cut off while it moved the checkout: that is at ${plan.headSha.slice(0, 12)} again, and nothing else was touched.`,
    );
    return 0;
  } catch (error) {
    log('revert', 'failed', { reason: messageOf(error).slice(0, 500) });
    throw error;
  } finally {
    reporter.end();
  }
}
