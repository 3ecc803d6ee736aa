import { expect, test } from 'bun:test';
import { inGroups } from './in-groups.ts';

test('results stand in the order of the items, and no more than the width run at once', async () => {
  let [now, most] = [0, 0];
  const results = await inGroups([5, 1, 3, 0, 2], 2, async (ms) => {
    now += 1;
    most = Math.max(most, now);
    await Bun.sleep(ms);
    now -= 1;
    return ms * 10;
  });
  expect([results, most]).toEqual([[50, 10, 30, 0, 20], 2]);
  expect(await inGroups([], 4, async () => 1)).toEqual([]);
});

test('after a failure nothing is begun, and what runs is waited for', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const outcome = inGroups([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error('one broke');
    await Bun.sleep(5);
    ended.push(item);
  });
  await expect(outcome).rejects.toThrow('one broke');
  expect([begun, ended]).toEqual([[1, 2], [2]]);
});
