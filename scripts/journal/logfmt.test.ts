import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { JournalEvent } from '../model/event.ts';
import { FIRST_SUM, formatLine, formatValue, parseLine } from './logfmt.ts';

const start: JournalEvent = {
  time: '2026-05-18T15:29:00Z',
  ticket: '1234',
  phase: 'prepare',
  event: 'start',
  fields: { by: 'root' },
};

test('a line has the form that operators know, and the sum of line and predecessor', () => {
  const body = '2026-05-18T15:29:00Z ticket=1234 phase=prepare event=start by=root';
  const sum = createHash('sha256').update(`00000000\n${body}`).digest('hex').slice(0, 8);
  expect(formatLine(start, FIRST_SUM)).toEqual({ line: `${body} sum=${sum}`, sum });
});

test.each([
  ['', '""'],
  ['redmine wikijs', '"redmine wikijs"'],
  ['72s', '72s'],
  ['a=b', '"a=b"'],
  ['say "hi"\\', '"say \\"hi\\"\\\\"'],
  ['1\n2\r3\t4', '"1\\n2\\r3\\t4"'],
  ['\u0000\u001b[31m\u0085', '"\\x00\\x1b[31m\\x85"'],
  ['\u202eevil\u2028\ud800', '"\\u{202e}evil\\u{2028}\\u{d800}"'],
  ['Grüße 🎉', '"Grüße 🎉"'],
])('a value is written as it may stand in a line and on a terminal (%#)', (value, written) => {
  expect(formatValue(value)).toBe(written);
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\n', ' ', '=', 'sum=00000000', 'x', '\ud800', '\udc00', '\u2028', '{', '}'),
  }),
);
const anyName = fc
  .stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}$/)
  .filter((name) => !['ticket', 'phase', 'event', 'sum'].includes(name));

test('whatever the values hold, the line reads back as it was and stays one line', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyName, anyText), { maxLength: 4 }), anyText, (pairs, ticket) => {
      const event = { ...start, ticket, fields: Object.fromEntries(pairs) };
      const { line, sum } = formatLine(event, '12345678');
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      expect(parseLine(line)).toEqual({ event, sum, body: line.slice(0, -' sum=12345678'.length) });
    }),
    { numRuns: 300 },
  );
});

test('any text at all is read or refused, never thrown over', () => {
  fc.assert(
    fc.property(anyText, (text) => typeof parseLine(`${text} sum=00000000`) === 'object'),
    { numRuns: 200 },
  );
});

const rest = 'ticket=1 phase=prepare event=start';
test.each([
  ['no sum', `2026-05-18T15:29:00Z ${rest}`, 'does not end with a sum'],
  ['no time', `${rest} sum=00000000`, 'does not begin with a time'],
  ['a field twice', `2026-05-18T15:29:00Z ${rest} by=a by=b sum=00000000`, 'has by twice'],
  ['two spaces', `2026-05-18T15:29:00Z ${rest}  by=a sum=00000000`, 'cannot be read from character'],
  ['an open quote', `2026-05-18T15:29:00Z ${rest} by="a sum=00000000`, 'cannot be read from character'],
  ['an unknown escape', `2026-05-18T15:29:00Z ${rest} by="\\q" sum=00000000`, 'by holds an unknown escape'],
  [
    'a point beyond Unicode',
    `2026-05-18T15:29:00Z ${rest} by="\\u{ffffff}" sum=00000000`,
    'by holds an unknown escape',
  ],
  ['other order', '2026-05-18T15:29:00Z phase=prepare ticket=1 event=start sum=00000000', 'does not name ticket'],
  ['a control character', `2026-05-18T15:29:00Z ${rest} by="\u001b" sum=00000000`, 'control character'],
])('a line with %s says so', (_, line, why) => {
  expect(parseLine(line)).toEqual({ why: expect.stringContaining(why) });
});

test('names and words are ours: a wrong one is a bug, not data', () => {
  expect(() => formatLine({ ...start, fields: { 'a b': '1' } }, FIRST_SUM)).toThrow(TypeError);
  expect(() => formatLine({ ...start, fields: { sum: '1' } }, FIRST_SUM)).toThrow(TypeError);
  expect(() => formatLine({ ...start, time: 'now' }, FIRST_SUM)).toThrow(TypeError);
});
