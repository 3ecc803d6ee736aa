import { expect, test } from 'bun:test';
import { memoryOf } from './memory.ts';

test('what a program keeps is seen, however much memory the process has that asks', async () => {
  const own = Array.from({ length: 3 }, (_, at) => new Uint8Array(100_000_000).fill(at + 1));
  const { value, grownBytes } = await memoryOf({
    setup: 'const kept = [];',
    warm: '',
    work: `(async () => kept.push(new Uint8Array(100_000_000).fill(7)))()`,
  });
  expect([value, own.length]).toEqual([1, 3]);
  expect(grownBytes).toBeGreaterThan(90_000_000);
});
