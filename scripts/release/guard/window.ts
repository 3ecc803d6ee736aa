// From the provisional deadline to the window: the release is verified, and somebody has to say that it stays.
import { type Armed, anchored, momentNow, writeArmed } from '../../journal/guard.ts';
import { utcSeconds } from '../../journal/time.ts';
import { announce } from '../announce.ts';
import type { Logger, Session } from '../session.ts';
import { ensureWatchdog } from './start.ts';
import { inWords } from './words.ts';

/** People have been told when the time begins to run. A crash in between leaves the provisional deadline, or a window that the next sweep says to be open. */
export async function openWindow(session: Session, log: Logger, armed: Armed): Promise<void> {
  const { host, paths } = session.context;
  const capMs = armed.capMs;
  await announce(session.context, log, 'verify', 'notice', {
    what: `verified; it is put back unless it is confirmed within ${inWords(armed.withinMs)}`,
    within: inWords(armed.withinMs),
  });
  const now = momentNow(host);
  writeArmed(host, paths, { ...anchored(armed, now, armed.withinMs, capMs), stage: 'window' });
  const deadline = utcSeconds(new Date(now.wallMs + armed.withinMs));
  log('confirm', 'start', { deadline, within: inWords(armed.withinMs), cap: inWords(capMs), by: host.machine.user });
  // It runs since the beginning, unless something ended it meanwhile.
  await ensureWatchdog(session.context, session.ticket);
  session.reporter.say(
    `Verified ${session.ticket}: it is put back at ${deadline} (in ${inWords(armed.withinMs)}), unless it is confirmed.`,
  );
}
