// Where a revert could go, asked of the remote while the release is planned: that there is no access is not news for 3 a.m.
import { canPush } from '../host/git/push.ts';
import { revertBranch } from '../host/git/revert-push.ts';
import type { Repository } from '../host/git/run.ts';
import type { ReleaseConfig } from '../model/service.ts';
import type { PushPlan } from '../model/step.ts';

/** The plan waits for it. */
const TIMEOUT_MS = 20_000;

/** @param release.branch the one that is released. @param release.ask false: nobody is asked, the configuration is believed. */
export async function pushPlan(
  repo: Repository,
  config: ReleaseConfig,
  release: { ticket: string; branch: string; ask: boolean },
): Promise<PushPlan> {
  const { ticket, branch, ask } = release;
  const { push } = config.revert;
  // A hotfix is taken back on this host; what becomes of its branch is its author's.
  if (branch !== config.branch || push === 'none') return { mode: 'none' };
  if (!ask) return { mode: push };
  const to = push === 'main' ? branch : revertBranch(ticket);
  const answer = await canPush(repo, to, { timeoutMs: TIMEOUT_MS });
  return answer === 'yes' ? { mode: push } : { mode: 'none', refused: { to, why: answer.no, details: answer.details } };
}
