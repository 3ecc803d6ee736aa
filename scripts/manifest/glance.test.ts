import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { ReleaseError } from '../model/error.ts';
import { glance } from './glance.ts';
import { parseManifest } from './parse.ts';

const EXAMPLE = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');
const LEAST = 'name: wiki\ncontainers: [{ name: wiki }]\n';

/** What the full reading says of the same facts; undefined where it refuses. */
function full(text: string) {
  const folder = /^name: *['"]?([a-z0-9_-]+)/m.exec(text)?.[1] ?? 'x';
  try {
    const { manifest } = parseManifest(text, { file: 'f', folder });
    const { watch, group } = manifest.release;
    return { name: manifest.name, status: manifest.installation, watch, ...(group === undefined ? {} : { group }) };
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}

test.each([
  [LEAST, []],
  [`${LEAST}release: { watch: ['shared/**', "a b", c/*.ts], timeout: 10m } # why`, ['shared/**', 'a b', 'c/*.ts']],
  [`${LEAST}release: { timeout: 10m }`, []],
  [
    `${LEAST}release:\n  timeout: 5s\n  watch:\n    # why\n    - 'a/**'\n\n    - b\ninstallation:\n  status: installed\n`,
    ['a/**', 'b'],
  ],
  [`${LEAST}release:\n  watch:\n  - a\n  timeout: 5s\n`, ['a']],
  [`---\n# first\n${LEAST}release:\n  watch: [ ]\ndescription: |\n  name: other\n  release: x\n`, []],
  [`release: { watch: [a] }\ncontainers:\n- name: wiki\n  role: app\nname: 'wiki' # c\n`, ['a']],
])('%j is known at a glance', (text, watch) => {
  expect(glance(text)).toEqual({ name: 'wiki', status: 'installed', watch });
  expect(full(text)).toEqual({ name: 'wiki', status: 'installed', watch });
});

test.each([
  'release: { watch: [a], timeout: 5s, group: media } # why',
  'release: { group: media }',
  'release:\n  group: media # why\n  watch: [a]\n',
  'release:\n  watch:\n    - a\n  group: media\n  timeout: 5s\n',
])('%j has a group', (lines) => {
  expect(glance(`${LEAST}${lines}`)?.group).toBe('media');
  expect(glance(`${LEAST}${lines}`)).toEqual(full(`${LEAST}${lines}`) as never);
});

test('the example and every status are known at a glance', () => {
  const watch = ['shared/theme/**'];
  expect(glance(EXAMPLE)).toEqual({ name: 'redmine', status: 'installed', watch, group: 'tracker' });
  for (const status of ['installed', 'inactive', 'available', 'deprecated'] as const) {
    expect(glance(`${LEAST}installation: { status: ${status} }`)?.status).toBe(status);
    expect(glance(`${LEAST}installation:\n  # since May\n  status: ${status} # why\n`)?.status).toBe(status);
  }
});

test.each([
  `${LEAST}installation: &a { status: installed }`,
  `${LEAST}installation: *a`,
  `${LEAST}installation:\n  <<: *a\n  status: installed`,
  `${LEAST}installation:\n  status:\n    inactive`,
  `${LEAST}"installation": { status: inactive }`,
  `${LEAST}? installation\n: { status: inactive }`,
  `${LEAST}<<: *a`,
  `${LEAST}---\ninstallation: { status: inactive }`,
  `${LEAST}...\n`,
  `%YAML 1.1\n---\n${LEAST}`,
  `{ name: wiki, containers: [{ name: wiki }] }`,
  `name: !!str wiki\n`,
  `name: >-\n  wiki\n`,
  `containers: []`,
  `\ufeff${LEAST}`,
  LEAST.replaceAll('\n', '\r\n'),
  `${LEAST}release: { watch: ['it''s'] }`,
  `${LEAST}release: { watch: ["a\\x62"] }`,
  `${LEAST}release:\n  watch:\n    - a\n      b\n`,
  `${LEAST}release: { watch: [a,\n  b] }`,
  `${LEAST}release:\n\twatch: [a]`,
  `${LEAST}installation: { status: installed }\ninstallation: { status: inactive }`,
])('%j is left to the parser', (text) => {
  expect(glance(text)).toBeUndefined();
});

const LINES = [
  'name: wiki',
  "name: 'wiki'",
  'name: "wiki" # x',
  'name:',
  '  wiki',
  'containers:',
  '- name: a',
  '  - { name: b }',
  'containers: [{ name: wiki }]',
  'installation:',
  '  status: inactive',
  '  status: installed # x',
  '    status: available',
  'installation: { status: deprecated }',
  'installation: {',
  '  status: inactive }',
  'release:',
  '  watch:',
  '  watch: [a, b]',
  '    - c/**',
  '  - d',
  '   - "e"',
  '  timeout: 5s',
  '  group: media',
  '  group: null',
  'release: { group: a }',
  "release: { watch: [x/**, 'y'], timeout: 1h }",
  'description: |',
  '  text',
  'description: "open',
  '  close"',
  "description: 'it",
  '',
  '# comment',
  '  # comment',
  '---',
  '...',
  '&a',
  '<<: *a',
  'sso: &a { b: c }',
  '    - f # g',
  '      h',
  '  watch: [',
  '  ]',
  '}',
  'description: >-',
  '"name": wiki',
  '? name',
  ': wiki',
  '\t',
  '  - ',
  'priority: 5',
];

test('whenever both answer, they say the same (lines in any order)', () => {
  let both = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...LINES), { maxLength: 9 }), (lines) => {
      const text = ['name: wiki', 'containers: [{ name: wiki }]', ...lines].join('\n');
      const alone = lines.join('\n');
      for (const one of [text, alone]) {
        const [looked, read] = [glance(one), full(one)];
        if (looked === undefined || read === undefined) continue;
        both++;
        expect(looked).toEqual(read);
      }
    }),
    { numRuns: 600 },
  );
  expect(both).toBeGreaterThan(5);
});

test('whenever both answer, they say the same (a real manifest with characters changed)', () => {
  const base = `${LEAST}description: "a"\ninstallation:\n  status: installed\nrelease:\n  watch:\n    - 'a/**'\n    - b\n  timeout: 5s\nhealth: { endpoint: http://127.0.0.1/ }\n`;
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
      '*a',
      '!',
      '[',
      ']',
      '{',
      '}',
      ',',
      '|',
      '\t',
      '\\',
      'x',
      '?',
      '%',
      '\r',
    ),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 2 }), (edits) => {
      const text = edits.reduce((all, { at, cut, put }) => all.slice(0, at) + put + all.slice(at + cut), base);
      const [looked, read] = [glance(text), full(text)];
      if (looked !== undefined && read !== undefined) expect(looked).toEqual(read);
    }),
    { numRuns: 600 },
  );
});
