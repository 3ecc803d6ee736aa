// What an operator sees while a release runs: a line an event, on a terminal one more that moves, with --json the events themselves.
import type { Host } from '../host/port.ts';
import type { Terminal } from '../host/terminal.ts';
import type { LoggedEvent } from '../model/event.ts';
import { formatSeconds } from '../plan/describe.ts';
import type { NextStep } from '../plan/next.ts';
import { type Known, knownLines } from '../playbooks/known.ts';
import { eventFields } from './event-fields.ts';
import { errorFields, renderError } from './render.ts';

export interface Reporter {
  event(event: LoggedEvent): void;
  /** A line that is no event; not with --json. */
  say(line: string): void;
  /** What went wrong, how the release stands now and what to type; with --json one last `error` event. */
  failure(error: unknown, ending: Ending): void;
  end(): void;
}

export interface Ending {
  exit: number;
  /** How the release stands, in words; empty where that is not known. */
  stands: string[];
  next: NextStep[];
  /** What the playbooks know of it. */
  known?: Known;
}

/** How it stands and the literal commands that come next, as lines. */
export function endingLines(stands: readonly string[], next: readonly NextStep[]): string[] {
  const commands = next.map(({ command, what }) => `  ${command.padEnd(60)} # ${what}`);
  return stands.length + commands.length === 0 ? [] : ['', ...stands, ...commands];
}

/** Steps that are over in no time are not worth a line when they went well. */
const QUIET = new Set(['stage', 'head', 'image', 'freeze-scripts']);
const TICK_MS = 250;

/** @param expectedS of the whole release, from earlier ones; undefined: unknown. */
export function openReporter(
  host: Host,
  terminal: Terminal,
  options: { json: boolean; expectedS?: number | undefined },
): Reporter {
  if (options.json) return jsonReporter(terminal);
  const began = host.clock.monotonicMs();
  const running = new Map<string, number>();
  const over = new AbortController();
  const elapsed = (since: number): string => formatSeconds((host.clock.monotonicMs() - since) / 1000);
  const draw = (): void => {
    const steps = [...running].map(([name, since]) => `${name} ${elapsed(since)}`).join(', ');
    const of = options.expectedS === undefined ? '' : ` of about ${formatSeconds(options.expectedS)}`;
    terminal.status(`${elapsed(began)}${of}  ${steps}`);
  };
  const tick = async (): Promise<void> => {
    while (!over.signal.aborted) {
      draw();
      await host.clock.sleep(TICK_MS, over.signal);
    }
  };
  let ticking = false;
  const say = (line: string): void => terminal.say(line);
  return {
    event(event) {
      if (terminal.isTty && !ticking) void tick();
      ticking = true;
      const { step, service } = event.fields;
      const name = [service, step].filter(Boolean).join(' ');
      if (event.event === 'step-start') running.set(name, host.clock.monotonicMs());
      else if (step !== undefined && event.event.startsWith('step-')) running.delete(name);
      const line = lineOf(event);
      if (line !== undefined) terminal.say(line);
    },
    say,
    failure(error, { stands, next, known }) {
      const lines = known === undefined ? [] : knownLines(known);
      for (const line of [...renderError(error), ...lines, ...endingLines(stands, next)]) say(line);
    },
    end() {
      over.abort();
      terminal.status('');
    },
  };
}

function jsonReporter(terminal: Terminal): Reporter {
  return {
    event: (event) => terminal.say(JSON.stringify(eventFields(event))),
    say: () => undefined,
    failure: (error, { exit, next, known }) =>
      terminal.say(
        JSON.stringify({
          event: 'error',
          ...errorFields(error),
          exit,
          next,
          ...(known ? { known: known.failures } : {}),
        }),
      ),
    end: () => undefined,
  };
}

function lineOf({ time, phase, event, fields }: LoggedEvent): string | undefined {
  const at = time.slice(11, 19);
  const what = `${phase.padEnd(8)} ${(fields.service ?? '').padEnd(16)} ${fields.step ?? ''}`;
  switch (event) {
    case 'start':
      return `${at} ${phase}`;
    case 'step-start':
      return undefined;
    case 'step-done':
      return QUIET.has(fields.step ?? '') ? undefined : `${at}   ${what}  ${fields.duration ?? ''}${facts(fields)}`;
    case 'step-failed':
      return `${at}   ${what}  FAILED after ${fields.duration ?? '?'}`;
    case 'step-stopped':
      return `${at}   ${what}  stopped`;
    case 'step-retry':
      return `${at}   ${what}  "not yet": try ${fields.tries ?? ''}`;
    case 'done':
    case 'step-part':
    case 'paused':
    case 'unpaused':
    case 'torn-tail':
      return undefined;
    case 'skipped-no-script':
      return `${at} ${phase}: no script of this ticket`;
    case 'skipped':
      return `${at} ${phase}: skipped by ${fields.by ?? '?'} (${fields.reason ?? ''})`;
    case 'reverted-acknowledged':
      return `${at} ${phase}: ${fields.by ?? '?'} lets what ${fields.reverted ?? '?'} brought come again, although it was reverted`;
    case 'breaking-acknowledged':
      return `${at} ${phase}: ${fields.by ?? '?'} goes on although something breaks: ${fields.lines ?? ''}`;
    default:
      return `${at} ${phase} ${event}${said(fields)}`;
  }
}

function said({ reason, cause, what, service, deadline }: Record<string, string>): string {
  const why = reason ?? cause ?? what ?? (deadline === undefined ? undefined : `until ${deadline}`);
  return [service === undefined ? '' : ` ${service}`, why === undefined ? '' : `: ${why}`].join('');
}

const SHOWN = ['path', 'paused', 'downtime'] as const;

const facts = (fields: Record<string, string>): string =>
  SHOWN.flatMap((key) => (fields[key] === undefined || fields[key] === '0s' ? [] : [`  ${key} ${fields[key]}`])).join(
    '',
  );
