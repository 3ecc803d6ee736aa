// Arms a release: its deadline is on disk and its watchdog runs before anything is changed, or it is refused.
import { type Armed, disarm, guardFiles, momentNow, readGuard, writeArmed } from '../../journal/guard.ts';
import { utcSeconds } from '../../journal/time.ts';
import { messageOf, ReleaseError, refused } from '../../model/error.ts';
import type { LoggedEvent } from '../../model/event.ts';
import { SCHEMA } from '../../model/release.ts';
import type { ReleaseConfig } from '../../model/service.ts';
import type { Plan } from '../../model/step.ts';
import type { Context } from '../context.ts';
import type { Logger } from '../session.ts';
import { startWatchdog, writeStarter } from './start.ts';
import { fromWords, inWords } from './words.ts';

export interface ConfirmWish {
  withinMs: number;
  capMs: number;
  watch: 'notice' | 'revert';
}

/** What was typed goes before the settings. @throws bad-input where the window is longer than the settings allow. */
export function confirmWish(config: ReleaseConfig, typedMs: number | undefined): ConfirmWish | undefined {
  const { withinMs = typedMs, capMs, watch } = config.confirm;
  if (withinMs === undefined) return undefined;
  const within = typedMs ?? withinMs;
  if (within > capMs)
    throw new ReleaseError('bad-input', {
      what: `--confirm-within=${inWords(within)} is longer than the cap of ${inWords(capMs)}`,
      hint: `Ask for ${inWords(capMs)} at most, or set confirm.cap in .asd/release.yaml.`,
    });
  return { withinMs: within, capMs, watch };
}

/** How long a window was asked for when this run of the ticket was begun or gone on with last; undefined: for none. */
export function askedBefore(events: readonly LoggedEvent[]): number | undefined {
  const begun = events.findLastIndex(({ event, fields }) => event === 'start' && fields.target !== undefined);
  const armed = events.findLast(
    ({ event, fields }, at) => at > begun && event === 'armed' && fields.within !== undefined,
  );
  return armed && fromWords(armed.fields.within ?? '');
}

/** The line of a plan. */
export const describeWish = (wish: ConfirmWish | undefined): string[] =>
  wish === undefined
    ? []
    : [
        '',
        `Then it waits: it is put back unless it is confirmed within ${inWords(wish.withinMs)} (at most ${inWords(wish.capMs)}).`,
      ];

/**
 * The provisional deadline: now, all time-outs of the plan, and the cap. Under the lock; one that is armed already gets its time anew.
 * @throws refused where it cannot be written down or nobody would watch over it; nothing is armed then.
 */
export async function arm(context: Context, plan: Plan, wish: ConfirmWish): Promise<Armed> {
  const { host, paths, config } = context;
  const { ticket } = plan;
  const known = readGuard(host, paths, ticket)?.armed;
  const leftMs = plan.steps.reduce((sum, step) => sum + step.timeoutMs, 0) + wish.capMs;
  const armed: Armed = {
    schema: SCHEMA,
    ticket,
    id: known?.id ?? host.machine.random(8),
    stage: 'provisional',
    at: momentNow(host),
    leftMs,
    capLeftMs: leftMs,
    ...wish,
    afterConfirm: config.afterConfirm,
    config,
  };
  try {
    writeArmed(host, paths, armed);
    await writeStarter(context, ticket);
    await startWatchdog(context, ticket);
  } catch (error) {
    if (known) writeArmed(host, paths, known);
    else disarm(host, paths, ticket);
    throw refused(
      {
        what: `The deadline of ${ticket} could not be armed: ${messageOf(error)}`,
        where: guardFiles(paths, ticket).folder,
        hint: 'Nothing was changed. A release that goes back by itself has to be sure that it can.',
      },
      error,
    );
  }
  return armed;
}

/** The log says so, too, for people; what counts is the record. */
export const logArmed = (log: Logger, phase: Plan['steps'][number]['phase'], armed: Armed): void =>
  void log(phase, 'armed', {
    deadline: utcSeconds(new Date(armed.at.wallMs + armed.leftMs)),
    within: inWords(armed.withinMs),
    cap: inWords(armed.capMs),
    watch: armed.watch,
  });
