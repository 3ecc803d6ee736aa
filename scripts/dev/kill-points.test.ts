import { expect, test } from 'bun:test';
import { atPoint, KILLS, killPoints, SEED } from './kill-points.ts';

test('a sample has one point of each stretch, is the same for a seed, and over many seeds has them all', () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 500; seed++) {
    const env = { [SEED]: String(seed), [KILLS]: '4' };
    const points = killPoints(32, 'restore', 3, env);
    expect(points.map((point) => Math.floor((point * 4) / 32))).toEqual([0, 1, 2, 3]);
    expect(killPoints(32, 'restore', 3, env)).toEqual(points);
    for (const point of points) seen.add(point);
  }
  expect(seen.size).toBe(32);
  const others = Array.from({ length: 20 }, (_, seed) => killPoints(32, `${seed}`, 3, { [SEED]: '1' }).join());
  expect(new Set(others).size).toBeGreaterThan(10);
});

test('all of them, few of them, none of them, and words that say neither', () => {
  expect(killPoints(5, 'x', 3, { [KILLS]: 'all' })).toEqual([0, 1, 2, 3, 4]);
  expect(killPoints(2, 'x', 3, {})).toEqual([0, 1]);
  expect(killPoints(0, 'x', 3, {})).toEqual([]);
  for (const word of ['', '0', 'some', '-1'])
    expect(() => killPoints(5, 'x', 3, { [KILLS]: word })).toThrow('give all');
});

test('what fails says the point, and how to have it again', async () => {
  const failing = atPoint(7, 31, 'settle', () => Promise.reject(new Error('not as it was')));
  await expect(failing).rejects.toThrow(/settle, killed at 7 of 31: .*not as it was.*BELAY_TEST_SEED=\d+/);
});
