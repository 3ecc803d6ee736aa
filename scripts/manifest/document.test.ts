import { expect, test } from 'bun:test';
import { readYaml } from './document.ts';
import { problemLine } from './problems.ts';

const read = (text: string) => readYaml(text, 'f', (key) => !key.startsWith('x'));
const said = (text: string) => read(text).problems.map(problemLine);

test.each([
  ['a: 1\nb: 2\n"a": 3\n', ['f:3:1: a: stands here a second time (first on line 1)']],
  ['a: { b: 1, b: 2 }', ['f:1:12: a.b: stands here a second time (first on line 1)']],
  ['xx:\n  b: 1\n  b: 2\n', ['f:3:3: xx.b: stands here a second time (first on line 2)']],
  ['a: !!str x', ['f:1:10: a: has the tag tag:yaml.org,2002:str: tags are not read, write the plain value']],
  [
    'a: &b { c: 1 }\nd: { <<: *b }',
    ['f:2:6: d["<<"]: merge keys are not read: write the keys out, or alias whole values'],
  ],
  ['a: { __proto__: { b: 1 } }', ['f:1:6: a.__proto__: is not allowed as a key']],
  ['a: *b', ['f:1:4: a: is the alias *b, and no anchor &b comes before it']],
  ['a: &b [ *b ]', ['f:1:9: a[0]: is an alias of something that contains it']],
  ['a: 1\n---\na: 2\n', ['f:2:1: holds a second YAML document: only one is allowed']],
  ['%YAML 1.1\n---\na: yes\n', ['f:1:1: says %YAML 1.1: only YAML 1.2 is read']],
  ['', ['f:1:1: is empty']],
  ['# nothing\n', ['f:1:1: is empty']],
  ['- a', ['f:1:1: must be a mapping of keys to values']],
  ['a', ['f:1:1: must be a mapping of keys to values']],
  ['? [a]\n: b', ['f:1:3: has a key that is not a word']],
  ['a: "\\e[31m"', ['f:1:4: a: holds the control character U+001B']],
])('%j is refused with its place', (text, lines) => {
  expect(said(text)).toEqual(lines);
});

test('syntax errors have line and column', () => {
  expect(said('a: 1\n b: 2\n')[0]).toStartWith('f:1:4: is not valid YAML: ');
});

test('size, depth and aliases are limited, in little time', () => {
  expect(said(`a: ${'x'.repeat(600_000)}`)).toEqual(['f:1:1: has 600003 bytes: more than 524288 are not read']);
  expect(said(`a: ${'['.repeat(40_000)}`)[0]).toContain('is nested too deeply');
  expect(said(`a: ${'['.repeat(100)}${']'.repeat(100)}`)[0]).toContain('is nested too deeply');
  expect(said(`a: &b 1\nc: [${Array.from({ length: 50 }, () => '*b').join(', ')}]`)).toEqual([]);
  expect(said(`a: &b 1\nc: [${Array.from({ length: 52 }, () => '*b').join(', ')}]`)).toEqual([
    'f:2:205: c[50]: is alias number 51: at most 50 are read',
  ]);
  const laughs = ['a: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 9; i++) laughs.push(`b${i}: &a${i} [*a${i - 1}, *a${i - 1}, *a${i - 1}, *a${i - 1}, *a${i - 1}]`);
  expect(said(laughs.join('\n'))[0]).toContain('aliases stand for more than 20000 values');
  expect(said(Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n'))).toEqual([]);
});

test('aliases of whole values are read, merge keys of other tools are let be', () => {
  expect(read('a: &b { c: x }\nd: *b\n').value).toEqual({ a: { c: 'x' }, d: { c: 'x' } });
  expect(said('a: &b { c: x }\nxx: { <<: *b }\n')).toEqual([]);
});

test('a problem of what is missing stands at its parent', () => {
  const file = read('a:\n  b: 1\n  c: [x]\n');
  expect(problemLine(file.problem(['a', 'd'], 'is missing'))).toBe('f:1:1: a.d: is missing');
  expect(problemLine(file.problem(['a', 'c', 0], 'is x'))).toBe('f:3:7: a.c[0]: is x');
  expect(problemLine(file.problem(['a', 'c'], 'is c', { atKey: true, suggestion: 'q' }))).toBe(
    'f:3:3: a.c: is c (did you mean "q"?)',
  );
});
