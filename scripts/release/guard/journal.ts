// The log of a guarded release, for whoever holds the lock and is not the release itself.
import { ticketPaths } from '../../host/paths.ts';
import type { ReleaseLock } from '../../journal/lock.ts';
import { openLog } from '../../journal/log.ts';
import type { LoggedEvent } from '../../model/event.ts';
import type { ReleaseState } from '../../model/release.ts';
import type { Context } from '../context.ts';
import { openReporter } from '../reporter.ts';
import { type Logger, makeLogger } from '../session.ts';

export interface GuardLog {
  log: Logger;
  events: readonly LoggedEvent[];
}

/** A broken link in it keeps nobody from going back. @param believed the state, where the log is broken. */
export function openGuardLog(
  context: Context,
  lock: Pick<ReleaseLock, 'assertHeld'>,
  ticket: string,
  believed: ReleaseState | undefined,
): GuardLog {
  const { host, paths, terminal } = context;
  const files = ticketPaths(paths, ticket);
  const journal = openLog(host, files.log, ticket, { assertHeld: () => lock.assertHeld(), tolerateBroken: true });
  if (believed) journal.events.splice(0);
  const reporter = openReporter(host, terminal, { json: false });
  const log = makeLogger(context, files, journal, reporter, believed);
  return {
    log: (phase, event, fields) => {
      const logged = log(phase, event, fields);
      reporter.end();
      return logged;
    },
    events: journal.events,
  };
}
