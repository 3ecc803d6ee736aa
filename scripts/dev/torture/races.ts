// Operators, a watchdog and a page at once on one waiting release, in every order that a scheduler thinks of: one of them decides, one writes.
import fc from 'fast-check';
import { decide, momentNow, readGuard } from '../../journal/guard.ts';
import { type ReleaseLock, readHolder, takeLock } from '../../journal/lock.ts';
import { readLog } from '../../journal/log.ts';
import { readRelease } from '../../journal/records.ts';
import { leftMs } from '../../model/deadline.ts';
import { EXIT, ReleaseError } from '../../model/error.ts';
import { decideNow } from '../../release/confirm.ts';
import { type Hands, isLeftToPeople, settleGuard } from '../../release/guard/settle.ts';
import { isDue } from '../../release/guard/watchdog.ts';
import { takeOver } from '../../release/revert-now.ts';
import type { Disk } from '../simulation/disk.ts';
import { type LongForm, randomAt, tryAll } from './long-form.ts';
import {
  contextOn,
  FILES,
  logOf,
  OLD_VERSION,
  PATHS,
  processHost,
  type RaceWorld,
  raceWorld,
  TICKET,
  WITHIN_MS,
  waitingDisk,
  write,
} from './race-world.ts';

/** What somebody was told. */
type Told = 'released' | 'reverted' | undefined;
/** Where others may go on. */
type Pause = (label: string) => Promise<void>;

interface Race extends RaceWorld {
  pause: Pause;
  told: Told[];
}

const TRIES = 12;

/** A revert that is three lines of log and one file, each after a pause; the fence is before each line, as in the engine. */
const handsOf = (race: Race, host: ReturnType<typeof processHost>): Hands => ({
  async revert(_context, lock) {
    const line = (...entry: Parameters<typeof write>[2][]) => write(host, () => lock.assertHeld(), ...entry);
    line(['revert', 'start']);
    await race.pause('in the revert');
    line(['revert', 'step-start', { step: 'go-back' }]);
    host.files.replace(OLD_VERSION, 'old');
    await race.pause('put back');
    line(['revert', 'reverted', { push: 'none' }]);
    return EXIT.ok;
  },
  afterConfirm: () => race.pause('after the confirmation'),
});

async function underLock(race: Race, pid: number, act: (lock: ReleaseLock) => Promise<unknown>): Promise<boolean> {
  const host = processHost(race, pid);
  for (let tries = 0; tries < TRIES; tries += 1) {
    let lock: ReleaseLock;
    try {
      lock = takeLock(host, PATHS, { ticket: TICKET, command: `process ${pid}` });
    } catch (error) {
      if (!(error instanceof ReleaseError) || error.kind !== 'locked') throw error;
      await race.pause(`${pid} waits for the lock`);
      continue;
    }
    try {
      await race.pause(`${pid} has the lock`);
      await act(lock);
    } catch (error) {
      // Its lock was taken away while it was stopped: it gives up, having written nothing.
      if (!(error instanceof ReleaseError) || error.kind !== 'in-doubt') throw error;
    } finally {
      lock.release();
    }
    return true;
  }
  return false;
}

const settle = (race: Race, pid: number) =>
  underLock(race, pid, async (lock) => {
    const host = processHost(race, pid);
    await settleGuard(contextOn(host), lock, TICKET, handsOf(race, host));
  });

/** Somebody decides; what is refused with a sentence is an answer, too. */
function decideAs(race: Race, pid: number, kind: 'confirm' | 'revert'): void {
  const host = processHost(race, pid);
  try {
    const { armed } = readGuard(host, PATHS, TICKET) ?? {};
    // What is over already is not decided by this: how it ended is told after the lock.
    const open = armed !== undefined && leftMs(armed, momentNow(host)) > 0;
    if (decideNow(host, PATHS, TICKET, kind) && open) race.told.push(kind === 'confirm' ? 'released' : 'reverted');
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
  }
}

/** The same by somebody who looked before, when it was still open. */
function decideAfterLook(race: Race, pid: number, kind: 'confirm' | 'revert'): void {
  const host = processHost(race, pid);
  try {
    const { verdict } = decide(host, PATHS, TICKET, { kind, cause: 'asked', by: `operator-${pid}`, manual: false });
    race.told.push(verdict.kind === 'confirm' ? 'released' : 'reverted');
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
  }
}

type Actor = (race: Race, pid: number) => Promise<void>;

const decider =
  (kind: 'confirm' | 'revert'): Actor =>
  async (race, pid) => {
    await race.pause(`${pid} is asked to ${kind}`);
    decideAs(race, pid, kind);
    await race.pause(`${pid} said ${kind}`);
    await settle(race, pid);
  };

/** As the watchdog looks: nothing while somebody is at work, and then under the lock. */
const watchdog: Actor = async (race, pid) => {
  const host = processHost(race, pid);
  for (let looks = 0; looks < 4; looks += 1) {
    await race.pause(`${pid} looks`);
    const guard = readGuard(host, PATHS, TICKET);
    if (!guard) return;
    if (readHolder(host, PATHS)) continue;
    const { state } = readRelease(host, FILES, TICKET);
    if (guard.verdict && state && isLeftToPeople(guard.verdict, state, readLog(host, FILES.log).events)) return;
    await race.pause(`${pid} has looked`);
    if (isDue(guard, state, momentNow(host))) await settle(race, pid);
  }
};

/** release-revert by hand. */
const byHand: Actor = async (race, pid) => {
  await race.pause(`${pid} reverts by hand`);
  await underLock(race, pid, async (lock) => {
    const host = processHost(race, pid);
    const { state } = readRelease(host, FILES, TICKET);
    if (state?.releaseStatus !== 'awaiting-confirm') return;
    try {
      takeOver(contextOn(host), TICKET, { skipGit: false, skipData: false, acceptLoss: true });
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
      return;
    }
    race.told.push('reverted');
    await settleGuard(contextOn(host), lock, TICKET, handsOf(race, host));
  });
};

/** Time passes the deadline. */
const time: Actor = async (race) => {
  await race.pause('time');
  race.clock.wallMs += WITHIN_MS;
  race.clock.bootMs += WITHIN_MS;
};

/** Somebody takes the lock file away from under its holder, who may be stopped. */
const vandal: Actor = async (race) => {
  await race.pause('the lock file goes');
  race.world.disk.find(PATHS.lock) && race.world.disk.unlink(PATHS.lock);
};

const ACTORS: readonly Actor[] = [decider('confirm'), decider('revert'), watchdog, byHand, time, watchdog, vandal];

/** Whoever is left to do it, with all the time in the world. */
async function lastSweeps(race: Race): Promise<void> {
  race.pause = async () => undefined;
  race.meanwhile = undefined;
  race.clock.wallMs += 10 * WITHIN_MS;
  race.clock.bootMs += 10 * WITHIN_MS;
  for (let sweep = 0; sweep < 3; sweep += 1) await settle(race, 90 + sweep);
}

/** @returns what is wrong with how it ended. */
function judge(race: Race): string | undefined {
  const events = logOf(race);
  const host = processHost(race, 1);
  const count = (name: string) => events.filter(({ event }) => event === name).length;
  const [released, reverted] = [count('released'), count('reverted')];
  const ended = released > 0 ? 'released' : 'reverted';
  const { state, verdict, broken } = readRelease(host, FILES, TICKET);
  const put = host.files.stat(OLD_VERSION) === undefined ? 'released' : 'reverted';
  if (race.trespasses.length > 0) return `without the lock: ${race.trespasses[0]}`;
  if (broken !== undefined) return `the log is broken at line ${broken.line}`;
  if (released + reverted !== 1) return `released ${released} times, reverted ${reverted} times`;
  if (put !== ended) return `the log says ${ended}, the host is ${put}`;
  if (state?.releaseStatus !== ended || verdict !== 'same') return `the state is ${state?.releaseStatus}, ${verdict}`;
  const lied = race.told.find((told) => told !== ended);
  if (lied !== undefined) return `somebody was told ${lied}, and it is ${ended}`;
  return readGuard(host, PATHS, TICKET) === undefined ? undefined : 'it is still guarded';
}

/** A decision in the middle of other people's system calls. */
interface Nested {
  after: number;
  kind: 'confirm' | 'revert';
  looked: boolean;
}

let begun: Disk | undefined;

/** One race. @param actors numbers of ACTORS. @param nested at which effects somebody else decides, and how. */
async function raceOf(
  scheduler: fc.Scheduler,
  actors: readonly number[],
  nested: readonly Nested[],
  seed: number,
): Promise<string | undefined> {
  begun ??= waitingDisk();
  const race: Race = {
    ...raceWorld(begun.copy(), seed),
    pause: (label) => scheduler.schedule(Promise.resolve(), label),
    told: [],
  };
  let effects = 0;
  let inside = false;
  const hook = () => {
    effects += 1;
    const due = nested.find(({ after }) => after === effects);
    if (due === undefined || inside) return;
    inside = true;
    (due.looked ? decideAfterLook : decideAs)(race, 50 + effects, due.kind);
    inside = false;
  };
  const { effect } = race.world;
  race.world.effect = (what, path) => {
    if (race.meanwhile) hook();
    return effect(what, path);
  };
  race.meanwhile = () => undefined;
  await scheduler.waitFor(Promise.all(actors.map((actor, at) => ACTORS[actor]?.(race, 10 + at))));
  await lastSweeps(race);
  return judge(race);
}

/** All that chance decides about one race. */
export function race(seed: number): Promise<string | undefined> | string | undefined {
  let wrong: string | undefined;
  const property = fc.asyncProperty(
    fc.scheduler(),
    fc.shuffledSubarray([...ACTORS.keys()], { minLength: 2 }),
    fc.array(
      fc.record<Nested>({
        after: fc.integer({ min: 1, max: 90 }),
        kind: fc.constantFrom('confirm', 'revert'),
        looked: fc.boolean(),
      }),
      { maxLength: 4 },
    ),
    async (scheduler, actors, nested) => {
      const found = await raceOf(scheduler, actors, nested, seed);
      if (found !== undefined) wrong = `${found}; ${fc.stringify({ actors, nested })} ${scheduler.toString()}`;
    },
  );
  return fc.check(property, { numRuns: 1, seed, endOnFailure: true }).then((ended) => {
    if (!ended.failed) return wrong;
    const { errorInstance: error } = ended;
    return error instanceof Error ? error.stack : String(error);
  });
}

export const RACES: LongForm = {
  kind: 'races',
  what: 'operators, watchdogs and a page on one waiting release, in the orders of a scheduler',
  count: 20_000,
  async run(wish) {
    const done = await tryAll('races', wish, (at) => race(randomAt(wish.seed, at)(2 ** 31)));
    return { ...done, notes: [] };
  },
};
