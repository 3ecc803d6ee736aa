import { expect, test } from 'bun:test';
import { stillStopping } from './still-stopping.ts';

test('a second signal is told what still runs, and what it would cost to end that the hard way', () => {
  const said = stillStopping('SIGINT', new Set(['up:alpha', 'up:beta']), 'just release-run T --resume');
  expect(said).toBe(
    'SIGINT again: still stopping; up:alpha, up:beta ends by itself, or by its time-out. kill -9 would leave it half done, to be looked at first by: just release-run T --resume',
  );
  expect(stillStopping('SIGTERM', new Set(), 'x')).toContain('still stopping; what runs now ends by itself');
});
