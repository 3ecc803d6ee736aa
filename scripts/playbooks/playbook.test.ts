// What a playbook has to be, and what is refused, with its place.
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillCommand, fillWords } from './fill.ts';
import { firstMatch, patternProblem } from './pattern.ts';
import { parsePlaybook } from './playbook.ts';

const SHIPPED = join(import.meta.dir, '../../recovery/playbooks');
const GOOD = `id: full
symptom: It is full.
detection:
  - log: 'no room in (?<place>\\S+)'
  - command: [df, '{place}']
    shows: '100%'
root_cause: |
  Too much
  of it.
fix:
  - { do: Look into {place}., run: 'ls {place}' }
verify:
  - { run: 'df {place}', shows: less }
`;
const problems = (text: string) => parsePlaybook(text, 'p.yaml').problems;

test.each(readdirSync(SHIPPED))('%s is sound, and its file is called after its id', (name) => {
  const { playbook, problems: found } = parsePlaybook(readFileSync(join(SHIPPED, name), 'utf8'), name);
  expect(found).toEqual([]);
  expect(`${playbook?.id}.yaml`).toBe(name);
});

test('there are the twelve that are promised', () => {
  expect(readdirSync(SHIPPED).length).toBeGreaterThanOrEqual(12);
});

test('a sound one', () => {
  expect(problems(GOOD.replaceAll('{ do: Look into {place}., run', '{ do: "Look into {place}.", run'))).toEqual([]);
});

test('all problems at once, each with its place', () => {
  const found = problems(`id: Not An Id
symptom: ""
detection:
  - log: '(a+)+$'
  - { loog: x }
fix: []
verify: words
`);
  expect(found.length).toBeGreaterThanOrEqual(7);
  expect(found.join('\n')).toMatch(
    /p\.yaml:1:5: id: .*p\.yaml:4:10: detection\[0\]\.log: repeats a group.*did you mean "log"/s,
  );
  expect(found.join('\n')).toContain('root_cause');
});

describe('what a schema cannot say', () => {
  const cases: Array<[change: [string, string], says: string]> = [
    [["log: 'no room in (?<place>\\S+)'", "log: 'no room'"], '{place} is found by no sign before it'],
    [["    shows: '100%'\n", ''], 'must say what its command has to show'],
    [["log: 'no room in (?<place>\\S+)'", 'log: a(?<place>b)\n    output: b'], 'must be one of log, output or command'],
    [['command: [df,', "command: ['{place}',"], 'must name a program'],
    [["log: 'no room in (?<place>\\S+)'", "log: '(?<place>'"], 'is no pattern'],
    [['root_cause: |', 'cause: x\nroot_cause: |'], 'is not a key of this section'],
  ];
  test.each(cases)('%j', ([from, to], says) => {
    expect(GOOD).toContain(from);
    expect(problems(GOOD.replace(from, to).replace('Look into {place}.', '"Look into {place}."')).join('\n')).toContain(
      says,
    );
  });
  test('a playbook without words would have its commands run for every failure', () => {
    const text = GOOD.replace("  - log: 'no room in (?<place>\\S+)'\n", '')
      .replaceAll('{place}', '/')
      .replace('Look into /.', '"x"');
    expect(problems(text).join('\n')).toContain('needs a log or output pattern');
  });
});

test('patterns that could take forever are refused, long lines are cut', () => {
  for (const pattern of ['(a+)+b', '(a|b*)*', '(\\w+\\s?)*$', '(x)\\1', '(?<a>x)\\k<a>'])
    expect(patternProblem(pattern)).toBeDefined();
  for (const pattern of ['(?:a|b)c*', '[()+*]+', 'at (?<file>\\S+): (?<why>.*)$'])
    expect(patternProblem(pattern)).toBeUndefined();
  expect(firstMatch('b', [`${'a'.repeat(5_000)}b`])).toBeUndefined();
});

test('what fills a command is data', () => {
  expect(fillCommand('ls {file}', { file: "a'; rm -rf x $(id)" })).toBe("ls 'a'\\''; rm -rf x $(id)'");
  for (const file of ['--output=x', '', 'a\nb', 'x'.repeat(501)]) {
    expect(fillCommand('ls {file}', { file })).toBeUndefined();
    expect(fillWords(['ls', '{file}'], { file })).toBeUndefined();
  }
  expect(fillWords(['curl', '%{http_code}', '${HOME}', '{file}'], { file: 'a b' })).toEqual([
    'curl',
    '%{http_code}',
    '${HOME}',
    'a b',
  ]);
});
