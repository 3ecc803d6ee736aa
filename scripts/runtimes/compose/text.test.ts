// Compose files that are made to take no end: read in little time, and left to compose.
import { expect, test } from 'bun:test';
import { profilesOf } from '../../draft/profiles.ts';
import { readComposeFiles } from './files.ts';

const laughs = Array.from({ length: 12 }, (_, n) => `x${n}: &x${n} [${Array(9).fill(n === 0 ? 'ha' : `*x${n - 1}`)}]`);
const SERVICE = 'services: { web: { image: "x:1", env_file: a.env, profiles: [batch] } }';

test.each([
  ['a merge of itself', `a: &a\n  <<: *a\n${SERVICE}`],
  ['40,000 brackets', `a: ${'['.repeat(40_000)}\n${SERVICE}`],
  ['600,000 letters', `a: ${'x'.repeat(600_000)}\n${SERVICE}`],
  ['no YAML', `a: [\n${SERVICE}`],
])('%s: nothing is read out of it, so that compose is asked', (_name, text) => {
  expect(readComposeFiles(['compose.yaml'], [text])).toMatchObject({
    name: undefined,
    readAtResolve: [],
    selfContained: false,
  });
  expect(profilesOf([text], new Set(['web']))).toEqual([]);
});

test('aliases of aliases are refused, since compose would not come to an end; many of one are not', () => {
  const endless = `${laughs.join('\n')}\n${SERVICE}`;
  expect(() => readComposeFiles(['packages/page/compose.yaml'], [endless])).toThrow(
    'The aliases of a compose file stand for more than 200000 values (packages/page/compose.yaml)',
  );
  expect(() => profilesOf([endless], new Set(['web']))).toThrow('stand for more than');
  const many = Array.from({ length: 500 }, (_, n) => `x-${n}: { <<: *x, n: *x }`);
  const common = `name: page\nx: &x { a: 1, b: 2 }\n${many.join('\n')}\n${SERVICE}`;
  expect(readComposeFiles(['compose.yaml'], [common])).toMatchObject({ name: 'page', selfContained: true });
});

test('what contains itself, keys of the language, and the same file in order', () => {
  const cycle = `name: page\nx: &x { y: *x }\n__proto__: { services: 1 }\n${SERVICE}`;
  expect(readComposeFiles(['compose.yaml'], [cycle])).toMatchObject({
    name: 'page',
    readAtResolve: ['a.env'],
    selfContained: true,
  });
  expect(profilesOf([cycle], new Set(['web']))).toEqual(['batch']);
});
