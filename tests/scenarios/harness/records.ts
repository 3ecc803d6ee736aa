// A release's records, read without the engine's own code: state file, log with its chain, receipt.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { EVENTS, type EventName } from '../../../scripts/model/event.ts';

export interface LogEvent {
  time: string;
  phase: string;
  event: string;
  step: string | undefined;
  service: string | undefined;
  /** Everything of the line, ticket and sum included. */
  fields: Record<string, string>;
}

export interface ReceiptView {
  complete: boolean;
  baseSha: string;
  targetSha: string;
  mergeSha: string;
  services: Record<
    string,
    {
      project: string;
      before?: Array<{ component: string; ref: string; id: string }>;
      after?: Array<{ component: string; ref: string; id: string }>;
      kept?: Array<{ component: string; ref: string; id: string }>;
      backup?: { stamp: string; dir: string; bytes: number; sha256: Record<string, string> };
      undo?: string;
    }
  >;
  scripts: Record<string, string>;
}

const text = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** @param releases the folder of the records. */
export function openRecords(releases: string) {
  const lines = (ticket: string): string[] => (text(join(releases, `${ticket}.log`)) ?? '').split('\n').slice(0, -1);
  return {
    state(ticket: string): Record<string, string> | undefined {
      const found = text(join(releases, `${ticket}.env`));
      return found === undefined ? undefined : parse(found);
    },
    /** @throws Error where a line has what no event is declared to have: every scenario that looks into a log checks that. */
    log(ticket: string): LogEvent[] {
      const events = lines(ticket).map(event);
      const odd = events.flatMap(undeclared);
      if (odd.length > 0) throw new Error(`not in scripts/model/event.ts: ${[...new Set(odd)].join(', ')}`);
      return events;
    },
    /** @returns number of the first line (from 1) whose sum does not follow from the one before; 0 where all do. */
    brokenLine(ticket: string): number {
      let sum = '00000000';
      for (const [at, line] of lines(ticket).entries()) {
        const [, body = '', said] = /^(.*) sum=([0-9a-f]{8})$/.exec(line) ?? [];
        sum = createHash('sha256').update(`${sum}\n${body}`).digest('hex').slice(0, 8);
        if (sum !== said) return at + 1;
      }
      return 0;
    },
    receipt(ticket: string): ReceiptView | undefined {
      const found = text(join(releases, `${ticket}.receipt.json`));
      return found === undefined ? undefined : (JSON.parse(found) as ReceiptView);
    },
  };
}

function event(line: string): LogEvent {
  const [time = ''] = line.split(' ', 1);
  const pairs = [...line.slice(time.length).matchAll(/ ([^\s=]+)=("(?:[^"\\]|\\.)*"|\S*)/g)];
  const fields = Object.fromEntries(
    pairs.map(([, key = '', value = '']) => [key, value.startsWith('"') ? unquoted(value.slice(1, -1)) : value]),
  );
  return {
    time,
    phase: fields.phase ?? '',
    event: fields.event ?? '',
    step: fields.step,
    service: fields.service,
    fields,
  };
}

const LETTERS: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

/** As docs/events.md has it. */
const unquoted = (text: string): string =>
  text.replaceAll(/\\(?:x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\}|(.))/g, (_, byte?: string, point?: string, letter = '') =>
    byte === undefined && point === undefined
      ? (LETTERS[letter] ?? letter)
      : String.fromCodePoint(Number.parseInt(byte ?? point ?? '', 16)),
  );

/** What a line has that docs/events.md does not speak of. */
function undeclared({ event: name, fields }: LogEvent): string[] {
  if (!Object.hasOwn(EVENTS, name)) return [`event=${name}`];
  const known = new Set(['ticket', 'phase', 'event', 'sum', ...Object.keys(EVENTS[name as EventName].fields)]);
  return Object.keys(fields)
    .filter((field) => !known.has(field))
    .map((field) => `${field} of event=${name}`);
}
