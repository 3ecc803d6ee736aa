import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { readYaml } from './document.ts';
import { isPlain } from './plain.ts';
import { readSimple } from './simple.ts';

const EXAMPLE = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');

/** As text that tells a number from the same number in quotes, and an absent value from none. */
const exact = (value: unknown): string =>
  JSON.stringify(value, (_key, one) =>
    one === undefined ? ['absent'] : isPlain(one) ? ['plain', one.text, String(one.value)] : one,
  );

/** What the real parser makes of it; undefined where it finds anything wrong. */
function real(text: string): string | undefined {
  const { value, problems } = readYaml(text, 'f', () => true);
  return problems.length > 0 ? undefined : exact(value);
}

function agree(text: string): boolean {
  const simple = readSimple(text);
  if (simple === undefined) return false;
  expect({ text, value: exact(simple) }).toEqual({ text, value: real(text) ?? 'refused' });
  return true;
}

test('the example is plain, with and without its comments', () => {
  expect(agree(EXAMPLE)).toBeTrue();
  expect(agree(EXAMPLE.replaceAll(/^ *#.*\n/gm, ''))).toBeTrue();
});

test.each([
  '---\n# c\na: 1\n',
  'a:\nb: # c\nc: x # d\n',
  'a:\n- b: 1\n  c:\n  - d\n  - e: f\n-   g: h\n    i: j\nk: l',
  "a: 'it''s' # c\nb: \"x # y\"\nc: { d: [a, 'b, c', { e: f }], g: 1.10 }\nh: []\ni: {  }\n",
  'a: http://x:80/y#z\nb: [http://x/y, alpine:3, a/**]\nc: -x',
  'a: 007\nb: 1.10\nc: true\nd: null\ne: -5\nf: 2026-05-18\ng: yes\nh: 1.2.3\ni: 10m',
])('%j is plain, and read as the parser reads it', (text) => {
  expect(agree(text)).toBeTrue();
});

test('a key longer than YAML takes is left to the parser', () => {
  for (const length of [10, 1000, 1001, 1022, 1023, 1024, 1025, 1026, 4000]) {
    const key = 'k'.repeat(length);
    for (const text of [`${key}: 1`, `a:\n  ${key}: 1`, `a:\n- ${key}: 1`, `a: { ${key}: 1 }`])
      expect([length, agree(text)]).toEqual([length, length <= 1000]);
  }
});

test.each([
  '',
  'a',
  '- a',
  'a: 1\na: 2',
  'a: &b c',
  'a: *b',
  'a: !!str b',
  'a: |\n  b',
  'a: b\n  c',
  'a: "b\n  c"',
  'a: [b,\n  c]',
  '<<: a',
  '__proto__: a',
  'a: 0x1F',
  'a: 1e3',
  'a: ~',
  'a: b: c',
  'a:\tb',
  'a: "\\x41"',
  ' a: b',
  'a: 1\n---\nb: 2',
  'a: {b}',
  'a: [b: c]',
  'a: [b]c',
])('%j is left to the parser', (text) => {
  expect(readSimple(text)).toBeUndefined();
});

test('whatever is read quickly is read as the parser reads it', () => {
  const bits = fc.constantFrom(
    'a',
    'b',
    'c: ',
    'd:',
    ': ',
    ':',
    '\n',
    '\n',
    '\n  ',
    '\n    ',
    '\n- ',
    '\n  - ',
    ' ',
    '- ',
    '-',
    '[',
    ']',
    '{',
    '}',
    ', ',
    ',',
    '"',
    "'",
    "''",
    '#',
    ' #',
    '&',
    '*',
    '!',
    '1',
    '1.0',
    '.5',
    '0x',
    'e3',
    'null',
    '~',
    'true',
    '|',
    '>',
    '? ',
    '%',
    '@',
    '`',
    '\\',
    '$',
    '/',
    '---',
    '...',
    'é',
    '<<: ',
    '=',
    '+',
    '\t',
  );
  let answered = 0;
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 14 }), (words) => {
      if (agree(`x: ${words.join('')}`)) answered++;
      if (agree(`x:\n  y:${words.join('')}\nz: 1`)) answered++;
    }),
    { numRuns: 1000 },
  );
  expect(answered).toBeGreaterThan(20);
});

test('a manifest with characters changed is read as the parser reads it, or left to it', () => {
  const base = EXAMPLE.replaceAll(/^ *#.*\n/gm, '').replaceAll(/\n+/g, '\n');
  const edit = fc.record({
    at: fc.nat(base.length),
    cut: fc.nat(3),
    put: fc.constantFrom(
      '',
      ' ',
      '\n',
      '\n ',
      '"',
      "'",
      '#',
      ' #',
      ':',
      ': ',
      '-',
      '- ',
      '&a ',
      '*',
      '!',
      '[',
      ']',
      '{',
      '}',
      ',',
      '|',
      '\\',
      'x',
      '?',
      '%',
      '.',
      '0',
    ),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 2 }), (edits) => {
      agree(edits.reduce((all, { at, cut, put }) => all.slice(0, at) + put + all.slice(at + cut), base));
    }),
    { numRuns: 200 },
  );
});
