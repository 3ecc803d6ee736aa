import { expect, test } from 'bun:test';
import { editDistance, nearest } from './suggest.ts';

test('edits are counted, a swap of neighbours as one', () => {
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('role', 'rloe')).toBe(1);
});

test('only what is near enough is suggested', () => {
  const known = ['endpoint', 'expected_code', 'timeout', 'pause_max', 'ms'];
  expect(nearest('endpiont', known)).toBe('endpoint');
  expect(nearest('expectedCode', known)).toBe('expected_code');
  expect(nearest('pause', known)).toBe('pause_max');
  expect(nearest('timeout_seconds', known)).toBe('timeout');
  expect(nearest('interval', known)).toBeUndefined();
  expect(nearest('x', known)).toBeUndefined();
});
