// keep: N and days: N, with what somebody needs.
import { expect, test } from 'bun:test';
import { expired } from './retention.ts';

const now = new Date('2026-05-10T12:00:00Z');
const backup = (day: number, ...holders: string[]) => ({
  stamp: `202605${String(day).padStart(2, '0')}_120000`,
  startedAt: `2026-05-${String(day).padStart(2, '0')}T12:00:00.000Z`,
  holders,
});
const days = (list: ReturnType<typeof expired>) => list.map((each) => Number(each.stamp.slice(6, 8)));

test('keep: N keeps the newest N, whatever the order', () => {
  expect(days(expired([backup(3), backup(1), backup(4), backup(2)], { keep: 2 }, now))).toEqual([1, 2]);
  expect(days(expired([backup(3)], { keep: 2 }, now))).toEqual([]);
});

test('days: N removes what is older; the newest stays however old it is', () => {
  const all = [backup(1), backup(7), backup(8), backup(9)];
  expect(days(expired(all, { days: 2 }, now))).toEqual([1, 7]);
  expect(days(expired([backup(1), backup(2)], { days: 2 }, now))).toEqual([1]);
});

test('what somebody needs stays, and counts', () => {
  const all = [backup(1, 'held'), backup(2), backup(3), backup(4)];
  expect(days(expired(all, { keep: 1 }, now))).toEqual([2, 3]);
  expect(days(expired(all, { keep: 3 }, now))).toEqual([]);
  expect(days(expired([backup(1, 'a'), backup(2, 'b'), backup(3, 'c')], { keep: 1 }, now))).toEqual([]);
});

test('keep: 0 still keeps the newest', () => {
  expect(days(expired([backup(1), backup(2)], { keep: 0 }, now))).toEqual([1]);
});
