// Medians, turns and tables of the bench.
import { expect, test } from 'bun:test';
import { figure, sideBySide, statsOf } from './measure.ts';
import { markdown } from './table.ts';

test('the median of an even number is between the two in the middle', () => {
  expect(statsOf([4, 1, 2, 100])).toEqual({ median: 3, min: 1, max: 100, runs: 4 });
  expect(statsOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, runs: 3 });
  expect(() => statsOf([])).toThrow('no values');
});

test('candidates take turns, and the turns that warm up do not count', async () => {
  const order: string[] = [];
  const candidate = (name: string, values: number[]) => async () => {
    order.push(name);
    return { ms: values.shift() ?? -1 };
  };
  const found = await sideBySide({ a: candidate('a', [100, 1, 2]), b: candidate('b', [200, 3, 4]) }, 2);
  expect(order.join('')).toBe('ababab');
  expect(figure(found.a, 'ms')).toEqual({ median: 1.5, min: 1, max: 2, runs: 2 });
  expect(figure(found.b, 'ms').max).toBe(4);
  expect(() => figure(found.a, 's')).toThrow('nothing measured s');
});

test('a table says whether a goal is met', () => {
  const row = (median: number) => ({
    what: 'it',
    stats: { median, min: 1, max: 9, runs: 5 },
    unit: 's' as const,
    goal: { bound: 2, why: '0.5 x that' },
  });
  const lines = markdown({ title: 'T', rows: [row(2), row(2.01)], notes: ['A note.'] });
  expect(lines[0]).toBe('### T');
  expect(lines.filter((line) => /2\.00 s \(0\.5 x that\) \| met /.test(line))).toHaveLength(1);
  expect(lines.filter((line) => /\*\*missed\*\*/.test(line))).toHaveLength(1);
  expect(lines).toContain('A note.');
});
