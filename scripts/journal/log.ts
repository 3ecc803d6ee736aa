// The append-only log of one release: reading it with its chain checked, and writing it as the lock's holder.
import type { Host } from '../host/port.ts';
import { messageOf, ReleaseError, refused } from '../model/error.ts';
import type { EventName, FieldsOf, JournalEvent, LoggedEvent } from '../model/event.ts';
import { FIRST_SUM, formatLine, parseLine, sumOf } from './logfmt.ts';
import { regularFile } from './place.ts';
import { utcSeconds } from './time.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const CHUNK = 1024 * 1024;
const NEWLINE = 10;
const MAX_VALUE = 4096;
/** Fields that the state is read from: never cut. */
const WHOLE = new Set(['services', 'added', 'removed', 'backups']);

export interface LogReading {
  /** Events up to the end or to the first broken link. */
  events: LoggedEvent[];
  /** The start of a last line that never got its newline; it is not among the events. */
  torn?: string;
  /** The first line (from 1) that does not follow from the one before. */
  broken?: { line: number; why: string };
  /** Length of the intact part: what the events were read from. */
  bytes: number;
  /** How many complete lines there are, and how long they are together: broken ones included. */
  lines: number;
  linesEnd: number;
  /** The sum that the next line is chained to: that of the last line that has one, broken or not. */
  lastSum: string;
}

/**
 * Reads a log; a missing one is empty. What is wrong with its content is reported, not thrown.
 * @throws refused where the path is no regular file, or holds more than 64 MiB.
 */
export function readLog(host: Host, path: string): LogReading {
  const stat = regularFile(host, path);
  const reading: LogReading = { events: [], bytes: 0, lines: 0, linesEnd: 0, lastSum: FIRST_SUM };
  if (!stat) return reading;
  if (stat.size > MAX_BYTES) {
    throw refused({
      what: 'The log is larger than 64 MiB',
      where: path,
      hint: 'A log of this engine never gets that large: look into it, and move it away if it is not one.',
    });
  }
  let rest: Uint8Array = new Uint8Array();
  for (let offset = 0; offset < stat.size; ) {
    const chunk = host.files.readRange(path, offset, Math.min(CHUNK, stat.size - offset));
    if (chunk.length === 0) break;
    offset += chunk.length;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      takeLine(reading, bytes.subarray(from, end));
      from = end + 1;
    }
    rest = bytes.subarray(from);
  }
  if (rest.length > 0) reading.torn = new TextDecoder().decode(rest.subarray(0, MAX_VALUE));
  return reading;
}

function takeLine(reading: LogReading, bytes: Uint8Array): void {
  reading.lines += 1;
  const line = reading.lines;
  reading.linesEnd += bytes.length + 1;
  const text = decode(bytes);
  const parsed = text === undefined ? { why: 'it is not UTF-8' } : parseLine(text);
  const previous = reading.lastSum;
  if ('sum' in parsed) reading.lastSum = parsed.sum;
  if (reading.broken) return;
  if ('why' in parsed) {
    reading.broken = { line, why: parsed.why };
  } else if (sumOf(previous, parsed.body) !== parsed.sum) {
    reading.broken = { line, why: 'its sum does not follow from the line before' };
  } else {
    reading.events.push({ ...parsed.event, line, sum: parsed.sum });
    reading.bytes = reading.linesEnd;
  }
}

/** Made once: to make it costs more than to decode a line. */
const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes);
  } catch {
    return undefined;
  }
}

export interface JournalLog {
  /**
   * Writes one event and waits for the disk. Long free text is cut at 4,096 characters.
   * @throws step-failed where it could not be written; after that nothing more is written.
   */
  append<E extends EventName>(phase: JournalEvent['phase'], event: E, fields?: FieldsOf<E>): LoggedEvent;
  readonly events: LoggedEvent[];
  readonly lastSum: string;
}

export interface OpenOptions {
  /** Go on after a broken link (for revert): events are those before it. */
  tolerateBroken?: boolean;
  /** Asked before each write. @throws where the lock is not ours any more. */
  assertHeld?: () => void;
}

/**
 * Opens the log for the lock's holder. A torn last line is cut off, and kept in a `torn-tail` event.
 * @throws refused at a broken link, naming file and line.
 */
export function openLog(host: Host, path: string, ticket: string, options: OpenOptions = {}): JournalLog {
  const reading = readLog(host, path);
  const { broken, torn, events } = reading;
  if (broken && !options.tolerateBroken) throw brokenLog(path, broken);
  let { lastSum, lines } = reading;
  let failure: ReleaseError | undefined;

  const write = (event: JournalEvent, truncateTo?: number): LoggedEvent => {
    if (failure) throw failure;
    options.assertHeld?.();
    const { line, sum } = formatLine(event, lastSum);
    try {
      host.files.append(path, `${line}\n`, truncateTo === undefined ? {} : { truncateTo });
    } catch (error) {
      failure = cannotWrite(path, error);
      throw failure;
    }
    lastSum = sum;
    lines += 1;
    const logged = { ...event, line: lines, sum };
    events.push(logged);
    return logged;
  };
  const append: JournalLog['append'] = (phase, event, fields) =>
    write({ time: utcSeconds(host.clock.now()), ticket, phase, event, fields: cutLong({ ...fields }) });

  if (torn !== undefined) {
    const phase = events.at(-1)?.phase ?? 'prepare';
    const fields = cutLong({ dropped: torn });
    write({ time: utcSeconds(host.clock.now()), ticket, phase, event: 'torn-tail', fields }, reading.linesEnd);
  }
  return {
    append,
    events,
    get lastSum() {
      return lastSum;
    },
  };
}

/** What `--resume` says at a log whose chain is broken. */
export function brokenLog(path: string, broken: { line: number; why: string }): ReleaseError {
  return refused({
    what: `Line ${broken.line} of the log is not what the engine wrote: ${broken.why}`,
    where: `${path}:${broken.line}`,
    hint: 'Take out what was added by hand (or put back the rotated part), then try again. release-revert works without the log.',
  });
}

function cannotWrite(path: string, error: unknown): ReleaseError {
  const facts = {
    what: `The log could not be written: ${messageOf(error)}`,
    where: path,
    hint: 'Nothing more was done after that. Look after the disk (full, read-only, failing), then --resume.',
  };
  return new ReleaseError('step-failed', facts, error);
}

function cutLong(fields: Record<string, string>): Record<string, string> {
  const cut = (name: string, value: string): string =>
    value.length <= MAX_VALUE || WHOLE.has(name)
      ? value
      : `${value.slice(0, MAX_VALUE)} ... (${value.length} characters)`;
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cut(name, value)]));
}
