import { expect, test } from 'bun:test';
import { checkReverted, type RevertedRelease } from './reverted.ts';

const BACK: RevertedRelease = {
  ticket: 'T1',
  mergeSha: '1'.repeat(40),
  inTarget: true,
  inDeployed: false,
  landed: false,
};
const NONE = new Set<string>();

test('a target that brings a reverted release back is refused, naming the two ways on', () => {
  const [problem, ...others] = checkReverted([BACK, { ...BACK, ticket: 'T2', landed: true }], NONE);
  expect(others).toEqual([]);
  expect(problem?.what).toContain('bring T1 back');
  expect(problem?.hint).toEqual([
    expect.stringContaining('just release-revert T1 '),
    expect.stringContaining('--ack-reverted=T1 '),
  ]);
});

test.each([{ landed: true }, { inTarget: false }, { inDeployed: true }])('%j is no reason to refuse', (change) => {
  expect(checkReverted([{ ...BACK, ...change }], NONE)).toEqual([]);
});

test('acknowledged, and only what is acknowledged', () => {
  expect(checkReverted([BACK, { ...BACK, ticket: 'T2' }], new Set(['T1'])).map((p) => p.what)).toEqual([
    expect.stringContaining('T2'),
  ]);
});
