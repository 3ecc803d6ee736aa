// All guarded releases of the host, once: what was decided or has expired is done, and what still waits has its watchdog.
import { guardedTickets, readGuard } from '../../journal/guard.ts';
import type { ReleaseLock } from '../../journal/lock.ts';
import { listReleases } from '../../journal/records.ts';
import type { Context } from '../context.ts';
import { hands } from './hands.ts';
import { settleGuard } from './settle.ts';
import { ensureWatchdog } from './start.ts';

/**
 * Under the lock.
 * @param unswept is only settled where it was confirmed: going back is its verb's own business. @returns whether anything of the host may have changed.
 */
export async function sweepGuards(context: Context, lock: ReleaseLock, unswept?: string): Promise<boolean> {
  const { host, paths } = context;
  // What it says is not what the verb was asked for.
  const aside: Context = { ...context, terminal: { ...context.terminal, isTty: false, say: context.terminal.warn } };
  const awaiting = listReleases(host, paths).filter((entry) => entry.state?.releaseStatus === 'awaiting-confirm');
  let changed = false;
  for (const ticket of new Set([...guardedTickets(host, paths), ...awaiting.map((entry) => entry.ticket)])) {
    if (ticket === unswept && readGuard(host, paths, ticket)?.verdict?.kind !== 'confirm') continue;
    const settled = await settleGuard(aside, lock, ticket, hands);
    if (settled === 'open' || settled === 'failed') await ensureWatchdog(aside, ticket);
    changed ||= settled !== 'open';
  }
  return changed;
}
