// What release-run does once its release is verified: it waits, with the lock free, until the release is final, one way or the other.
import { ticketPaths } from '../../host/paths.ts';
import { momentNow, readGuard } from '../../journal/guard.ts';
import { readHolder } from '../../journal/lock.ts';
import { readLog } from '../../journal/log.ts';
import { readRelease } from '../../journal/records.ts';
import { leftMs } from '../../model/deadline.ts';
import { EXIT, messageOf } from '../../model/error.ts';
import type { ReleaseState } from '../../model/release.ts';
import { nextSteps } from '../../plan/next.ts';
import { locked } from '../locked.ts';
import { openRecords } from '../records-context.ts';
import { endingLines, openReporter } from '../reporter.ts';
import type { World } from '../world.ts';
import { failedTries, RETRIES } from './settle.ts';

const LOOK_EVERY_MS = 300;
/** The watchdog is given so long before we do its work ourselves. */
const GRACE_MS = 5_000;

/** @returns 0 confirmed, 6 put back, 7 in doubt, 10 where this process was told to stop waiting. */
export async function awaitVerdict(world: World, ticket: string, json: boolean): Promise<number> {
  const { host, terminal } = world;
  const paths = await openRecords(world);
  const files = ticketPaths(paths, ticket);
  const reporter = openReporter(host, terminal, { json });
  const stop = new AbortController();
  const unlisten = host.own.onStop(() => stop.abort());
  let shown = readLog(host, files.log).events.length;
  let size = 0;
  let lateSince: number | undefined;
  try {
    for (;;) {
      const now = host.files.stat(files.log)?.size ?? 0;
      if (now !== size) {
        const { events } = readLog(host, files.log);
        for (const event of events.slice(shown)) reporter.event(event);
        [shown, size] = [events.length, now];
      }
      const { state } = readRelease(host, files, ticket);
      const guard = readGuard(host, paths, ticket);
      const code = state && ended(state, guard === undefined, failedTries(readLog(host, files.log).events));
      if (code !== undefined) {
        reporter.end();
        if (state) reporter.say(lastWord(state));
        return code;
      }
      if (stop.signal.aborted) {
        reporter.end();
        reporter.say(`Not waiting any more; ${ticket} still is, and its watchdog stays.`);
        for (const line of endingLines([], state ? nextSteps(state) : [])) reporter.say(line);
        return EXIT.awaiting;
      }
      const late = guard && (!guard.armed || guard.verdict || leftMs(guard.armed, momentNow(host)) <= 0);
      if (!late || readHolder(host, paths)) lateSince = undefined;
      else lateSince ??= host.clock.monotonicMs();
      if (lateSince !== undefined && host.clock.monotonicMs() - lateSince > GRACE_MS) {
        lateSince = undefined;
        // Its beginning does the work.
        await locked(world, '', `release-sweep ${ticket}`, async () => undefined).catch((error: unknown) =>
          terminal.warn(messageOf(error)),
        );
      }
      await host.clock.sleep(LOOK_EVERY_MS, stop.signal);
    }
  } finally {
    unlisten();
    reporter.end();
  }
}

function ended(state: ReleaseState, disarmed: boolean, failed: number): number | undefined {
  if (state.releaseStatus === 'released' && disarmed) return EXIT.ok;
  if (state.releaseStatus === 'reverted') return EXIT.putBack;
  if (state.releaseStatus === 'abandoned') return EXIT.stopped;
  // A person's revert that failed or was stopped is not gone on with by itself.
  if (state.releaseStatus === 'in-doubt' && (failed > RETRIES || disarmed)) return EXIT.inDoubt;
  return undefined;
}

const lastWord = ({ ticket, releaseStatus, baseSha }: ReleaseState): string =>
  ({
    released: `Released ${ticket}: it was confirmed.`,
    reverted: `Reverted ${ticket}: it was not confirmed, and the host is at ${baseSha.slice(0, 12)} again.`,
  })[releaseStatus as string] ?? `${ticket} is ${releaseStatus}. See: just release-state ${ticket}`;
