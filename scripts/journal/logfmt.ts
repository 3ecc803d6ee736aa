// One event as one logfmt line, chained to the line before by its sum. Nothing in a value can end a line or begin a field.
import type { EventName, JournalEvent } from '../model/event.ts';

/** What the first line of a log is chained to. */
export const FIRST_SUM = '00000000';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const WORD = /^[a-z][a-z0-9-]*$/;
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const BARE = /^[A-Za-z0-9._:/@+,%*~-]+$/;
const FIXED = new Set(['ticket', 'phase', 'event', 'sum']);
// Control, format (bidi, zero width), line and paragraph separators, lone surrogates: none of them reaches a terminal.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const ESCAPED = /["\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const FIELD = / ([A-Za-z][A-Za-z0-9_-]*)=(?:([A-Za-z0-9._:/@+,%*~-]+)|"([^"\\]*(?:\\.[^"\\]*)*)")/uy;
const ESCAPE = /\\(?:(["\\nrt])|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\}|)/gu;
const LETTERS: Record<string, string> = { n: '\n', r: '\r', t: '\t' };
const SHORT: Record<string, string> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** @param previous the sum before, {@link FIRST_SUM} at first. @param body the line without ` sum=...`. */
export function sumOf(previous: string, body: string): string {
  return new Bun.CryptoHasher('sha256').update(`${previous}\n${body}`).digest('hex').slice(0, 8);
}

/** A value as it stands in a line: bare where it can be, else in double quotes with escapes. */
export function formatValue(value: string): string {
  if (BARE.test(value)) return value;
  const inner = value.replaceAll(ESCAPED, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return SHORT[char] ?? (code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`);
  });
  return `"${inner}"`;
}

/**
 * The line (without its newline) and its sum.
 * @throws TypeError for a time, phase, event or field name that is none: those are ours, never data.
 */
export function formatLine(event: JournalEvent, previousSum: string): { line: string; sum: string } {
  if (!TIME.test(event.time)) throw new TypeError(`${JSON.stringify(event.time)} is not a UTC time in whole seconds`);
  for (const word of [event.phase, event.event]) {
    if (!WORD.test(word)) throw new TypeError(`${JSON.stringify(word)} is not a phase or event`);
  }
  const parts = [event.time, `ticket=${formatValue(event.ticket)}`, `phase=${event.phase}`, `event=${event.event}`];
  for (const [name, value] of Object.entries(event.fields)) {
    if (!NAME.test(name) || FIXED.has(name)) throw new TypeError(`${JSON.stringify(name)} cannot name a field`);
    parts.push(`${name}=${formatValue(value)}`);
  }
  const body = parts.join(' ');
  const sum = sumOf(previousSum, body);
  return { line: `${body} sum=${sum}`, sum };
}

export type ParsedLine = { event: JournalEvent; sum: string; body: string } | { why: string };

/** Reads one line back; whether its sum is right is for the chain to say. Never throws. */
export function parseLine(line: string): ParsedLine {
  const cut = line.lastIndexOf(' sum=');
  const sum = cut < 0 ? '' : line.slice(cut + 5);
  if (!/^[0-9a-f]{8}$/.test(sum)) return { why: 'it does not end with a sum' };
  const body = line.slice(0, cut);
  if (UNSAFE.test(body)) return { why: 'it holds a control character' };
  const space = body.indexOf(' ');
  const time = space < 0 ? body : body.slice(0, space);
  if (!TIME.test(time)) return { why: 'it does not begin with a time' };
  const fields = readFields(body, time.length);
  if (typeof fields === 'string') return { why: fields };
  const [ticket, phase, name] = fields.splice(0, 3);
  if (ticket?.[0] !== 'ticket' || phase?.[0] !== 'phase' || name?.[0] !== 'event') {
    return { why: 'it does not name ticket, phase and event' };
  }
  if (!WORD.test(phase[1]) || !WORD.test(name[1])) return { why: 'its phase or event is no word' };
  const event: JournalEvent = {
    time,
    ticket: ticket[1],
    // Words of a newer engine pass: the sum says whether a line is genuine, whoever folds it says what it knows.
    phase: phase[1] as JournalEvent['phase'],
    event: name[1] as EventName,
    fields: Object.fromEntries(fields),
  };
  return { event, sum, body };
}

function readFields(body: string, from: number): Array<[string, string]> | string {
  const fields: Array<[string, string]> = [];
  const seen = new Set<string>();
  FIELD.lastIndex = from;
  for (let at = from; at < body.length; at = FIELD.lastIndex) {
    const match = FIELD.exec(body);
    if (!match) return `it cannot be read from character ${at + 1} on`;
    const [, name = '', bare, quoted = ''] = match;
    if (seen.has(name)) return `it has ${name} twice`;
    seen.add(name);
    const value = bare ?? unquote(quoted);
    if (value === undefined) return `${name} holds an unknown escape`;
    fields.push([name, value]);
  }
  return fields;
}

function unquote(text: string): string | undefined {
  let known = true;
  const value = text.replaceAll(ESCAPE, (_, letter?: string, byte?: string, point?: string) => {
    if (letter !== undefined) return LETTERS[letter] ?? letter;
    const code = Number.parseInt(byte ?? point ?? 'none', 16);
    known &&= code <= 0x10ffff;
    return known ? String.fromCodePoint(code) : '';
  });
  return known ? value : undefined;
}
