import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { claimsOf } from './claims.ts';

const EXAMPLE = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');

test.each([
  ['name: a\ncompose: { project: p } # why\nhealth: { endpoint: /x }\n', 'compose: { project: p } # why\n'],
  [
    'compose:\n  files: [x]\n\n# a remark\n  project: p\nimage: { name: 3000 }\nrequirements:\n- port_env: [ { env: X, default: 80 } ]',
    'compose:\n  files: [x]\n\n# a remark\n  project: p\nrequirements:\n- port_env: [ { env: X, default: 80 } ]',
  ],
  ['name: a\ndescription: >\n  compose: no key\n  requirements: neither\n', ''],
  ['requirements:\n\n\n  port_env: []\n', 'requirements:\n\n\n  port_env: []\n'],
])('the lines of both sections, whole, and no others: %#', (text, claims) => {
  expect(claimsOf(text)).toBe(claims);
});

test('what an alias may bring from elsewhere is looked for everywhere', () => {
  const text = 'tags: [&port 3000]\nrequirements: { port_env: [ { env: X, default: *port } ] }\n';
  expect(claimsOf(text)).toBe(text);
});

test('of the example, it is what ports and project stand in', () => {
  const claims = claimsOf(EXAMPLE);
  expect(claims).toMatch(/port_env/);
  expect(claims).toMatch(/project:/);
  expect(claims).not.toMatch(/^(?:health|backup):/m);
});
