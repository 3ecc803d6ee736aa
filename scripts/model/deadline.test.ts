import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Deadline, elapsedMs, hasStepped, leftMs, parseDuration } from './deadline.ts';

const at = { boot: 'a', bootMs: 1_000_000, wallMs: 50_000_000_000 };
const later = (bootMs: number, wallMs: number, boot = 'a') => ({
  boot,
  bootMs: at.bootMs + bootMs,
  wallMs: at.wallMs + wallMs,
});

test('within a boot the wall clock has no say', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.integer({ min: -1e12, max: 1e12 }), (passed, step) => {
      expect(elapsedMs(at, later(passed, passed + step))).toBe(passed);
    }),
  );
});

test('in another boot at least the uptime has passed, and no wall clock makes it less', () => {
  fc.assert(
    fc.property(fc.nat(10_000_000), fc.integer({ min: -1e12, max: 1e12 }), (up, wall) => {
      const passed = elapsedMs(at, { boot: 'b', bootMs: up, wallMs: at.wallMs + wall });
      expect(passed).toBe(Math.max(up, wall));
    }),
  );
});

test('written down anew at any moment, it is the same deadline', () => {
  const deadline: Deadline = { at, leftMs: 600_000 };
  fc.assert(
    fc.property(fc.nat(300_000), fc.nat(300_000), fc.integer({ min: -1e9, max: 1e9 }), (first, second, step) => {
      const then = later(first, first + step);
      const anew: Deadline = { at: then, leftMs: leftMs(deadline, then) };
      expect(leftMs(anew, later(first + second, 0))).toBe(600_000 - first - second);
    }),
  );
});

test('a clock that was set, or another boot, is seen; a second of drift is none', () => {
  const deadline: Deadline = { at, leftMs: 1 };
  expect(hasStepped(deadline, later(60_000, 61_000))).toBeFalse();
  expect(hasStepped(deadline, later(60_000, 63_000))).toBeTrue();
  expect(hasStepped(deadline, later(60_000, 57_000))).toBeTrue();
  expect(hasStepped(deadline, later(0, 0, 'b'))).toBeTrue();
});

test.each([
  ['10m', 600_000],
  ['90s', 90_000],
  ['1h', 3_600_000],
  ['250ms', 250],
  ['0s', undefined],
  ['169h', undefined],
  ['10', undefined],
  ['-5m', undefined],
  ['1m30s', undefined],
  ['', undefined],
])('%s is %p ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms as never);
});
