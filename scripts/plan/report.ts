// A release as a page to talk about afterwards: what it was, how it went, what went wrong and when. Markdown, of bounded size.
import type { LoggedEvent } from '../model/event.ts';
import type { NextStep } from './next.ts';

export interface ReportFacts {
  ticket: string;
  /** In words, as release-state has it. */
  stands: string;
  /** Key and value of the state file. */
  state: Readonly<Record<string, string>>;
  doubts: readonly string[];
  next: readonly NextStep[];
  events: readonly LoggedEvent[];
}

interface Moment {
  time: string;
  phase: string;
  event: string;
  /** Step and service, where there are. */
  of: string;
  says: string;
}

interface Report extends Omit<ReportFacts, 'events'> {
  /** What failed, the earliest first. */
  failures: Moment[];
  /** Who did something, or decided it. */
  people: Moment[];
  timeline: Moment[];
  /** Events that the timeline has no room for; they are those between its two halves. */
  left: number;
  /** How long services did not run, as their steps say. */
  downtime: Array<{ service: string; phase: string; downtime: string }>;
}

const MOST = 400;
const MOST_FAILURES = 50;
const SAYS_CHARS = 500;
const FAILED = new Set([
  'failed',
  'step-failed',
  'try-failed',
  'unhealthy',
  'notice-failed',
  'step-stopped',
  'stopped',
]);
/** They are named by what they are of, not told again. */
const NAMES = new Set(['step', 'service']);

export function reportOf({ ticket, stands, state, doubts, next, events }: ReportFacts): Report {
  // That a step began says nothing that its end does not, unless it never ended.
  const told = withoutBeginnings(events);
  const half = MOST / 2;
  const shown = told.length <= MOST ? told : [...told.slice(0, half), ...told.slice(-half)];
  return {
    ticket,
    stands,
    state,
    doubts,
    failures: told
      .filter(({ event }) => FAILED.has(event))
      .slice(0, MOST_FAILURES)
      .map(momentOf),
    people: told
      .filter(({ fields }) => fields.by !== undefined && fields.by !== '')
      .slice(-MOST_FAILURES)
      .map(momentOf),
    timeline: shown.map(momentOf),
    left: told.length - shown.length,
    downtime: told.flatMap(({ event, phase, fields: { service, downtime } }) =>
      event === 'step-done' && service !== undefined && downtime !== undefined ? [{ service, phase, downtime }] : [],
    ),
    next,
  };
}

/** Without the beginnings of steps whose end is there. */
function withoutBeginnings(events: readonly LoggedEvent[]): LoggedEvent[] {
  const ended = new Set<string>();
  const told: LoggedEvent[] = [];
  for (const event of events.toReversed()) {
    const { step, service, path, n } = event.fields;
    const key = JSON.stringify([event.phase, step, service, path, n]);
    if (/^step-(?:done|failed|stopped)$/.test(event.event)) ended.add(key);
    if (event.event !== 'step-start' || !ended.delete(key)) told.push(event);
  }
  return told.reverse();
}

function momentOf({ time, phase, event, fields }: LoggedEvent): Moment {
  const says = Object.entries(fields)
    .filter(([name]) => !NAMES.has(name))
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  return {
    time,
    phase,
    event,
    of: [fields.service, fields.step].filter((word) => word !== undefined).join(' '),
    says: says.length > SAYS_CHARS ? `${says.slice(0, SAYS_CHARS).toWellFormed()}...` : says,
  };
}

/** Nothing in a value begins a cell, a line or markup of its own. */
const cell = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
    .replaceAll(/[|<>`*_[\]]/g, (char) => `\\${char}`);

const table = (moments: readonly Moment[]): string[] => [
  '| time | phase | event | of | says |',
  '|---|---|---|---|---|',
  ...moments.map(({ time, phase, event, of, says }) => `| ${[time, phase, event, of, says].map(cell).join(' | ')} |`),
];

export function reportLines(report: Report): string[] {
  const { ticket, stands, state, doubts, failures, people, timeline, left, downtime, next } = report;
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines];
  return [
    `# Release ${ticket}`,
    '',
    `It is ${cell(stands)}.`,
    ...section(
      'What it is',
      Object.entries(state)
        .filter(([, value]) => value !== '')
        .map(([key, value]) => `- ${cell(key)}: ${cell(value)}`),
    ),
    ...section(
      'In doubt',
      doubts.map((doubt) => `- ${cell(doubt)}`),
    ),
    ...section('What failed', failures.length === 0 ? [] : table(failures)),
    ...section('Who did what', people.length === 0 ? [] : table(people)),
    ...section(
      'Out of service',
      downtime.map(({ service, phase, downtime: time }) => `- ${cell(service)}: ${cell(time)} in ${phase}`),
    ),
    ...section('Timeline', [
      ...(left > 0 ? [`${left} events in its middle are left out: just release-log ${ticket}`, ''] : []),
      ...table(timeline),
    ]),
    ...section(
      'What comes next',
      next.map(({ command, what }) => `    ${command.padEnd(60)} # ${what}`),
    ),
  ];
}
