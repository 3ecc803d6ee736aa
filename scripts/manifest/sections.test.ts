import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { readYaml } from './document.ts';
import { readThoroughly } from './issues.ts';
import { configSchema } from './release-config.ts';
import { sections } from './schema.ts';
import { readQuickly, type Shape, UNREAD } from './sections.ts';

const read = (name: string) => readYaml(readFileSync(new URL(name, import.meta.url), 'utf8'), 'f', () => true);
const manifest = read('example.yaml');
const config = read('release.example.yaml');

/** Every shape with what the example has for it. */
const CASES: Array<[string, Shape<unknown>, unknown]> = [
  ...Object.entries<Shape<unknown>>(sections).map(([name, shape]): [string, Shape<unknown>, unknown] => [
    name,
    shape,
    manifest.value?.[name],
  ]),
  ['settings', configSchema, config.value],
];

/** @returns whether it was accepted. */
function agree(shape: Shape<unknown>, value: unknown): boolean {
  const quick = readQuickly(shape, value);
  const thorough = readThoroughly(shape, value, manifest, []);
  if (quick === UNREAD) expect('problems' in thorough && thorough.problems.length).toBeGreaterThan(0);
  else expect(thorough).toEqual({ data: quick });
  return quick !== UNREAD;
}

test.each(CASES)('%s of the example is read, quickly as thoroughly', (_name, shape, value) => {
  expect(agree(shape, value)).toBeTrue();
});

test.each(CASES)('%s: a mapping with a length is no list', (_name, shape) => {
  for (const text of ['length: {}', 'length: []', 'length: 3']) agree(shape, readYaml(text, 'f', () => true).value);
});

/** Every place in a value, as the way to it. */
const places = (value: unknown): PropertyKey[][] =>
  typeof value === 'object' && value !== null
    ? [[], ...Object.entries(value).flatMap(([key, inner]) => places(inner).map((way) => [key, ...way]))]
    : [[]];

/** The value with another one at a place, everything else kept as it is. */
function changed(value: unknown, [key, ...rest]: readonly PropertyKey[], put: (old: unknown) => unknown): unknown {
  if (key === undefined) return put(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<PropertyKey, unknown>;
  copy[key] = changed(copy[key], rest, put);
  return copy;
}

const ODD: unknown[] = [
  undefined,
  null,
  '',
  'x',
  '../x',
  '0',
  '7',
  'all',
  '10m',
  '${X}',
  [],
  ['x'],
  [undefined],
  {},
  true,
  5,
];
const PUTS: Array<(old: unknown) => unknown> = [
  ...ODD.map((odd) => () => odd),
  (old) => [old],
  (old) => [old, old],
  (old) => ({ x: old }),
  (old) => (Array.isArray(old) ? old[0] : old),
  (old) => (typeof old === 'object' ? { ...old, tag: 'x' } : `${old}x`),
];

test('whatever is put anywhere is accepted and read alike, or refused by both', () => {
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(
      fc.constantFrom(...CASES).chain(([, shape, value]) =>
        fc.record({
          shape: fc.constant(shape),
          value: fc.constant(value),
          edits: fc.array(fc.record({ at: fc.constantFrom(...places(value)), put: fc.constantFrom(...PUTS) }), {
            minLength: 1,
            maxLength: 2,
          }),
        }),
      ),
      ({ shape, value, edits }) => {
        const [first, second] = edits;
        const once = first === undefined ? value : changed(value, first.at, first.put);
        // The second place may be gone.
        const twice =
          second !== undefined && places(once).some((way) => way.join() === second.at.join())
            ? changed(once, second.at, second.put)
            : once;
        seen[agree(shape, twice) ? 'accepted' : 'refused'] += 1;
      },
    ),
    { numRuns: 1000 },
  );
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(50);
});
