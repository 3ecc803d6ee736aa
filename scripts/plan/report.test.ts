import { expect, test } from 'bun:test';
import type { EventName, LoggedEvent } from '../model/event.ts';
import type { Phase } from '../model/release.ts';
import { reportLines, reportOf } from './report.ts';

let second = 0;
const event = (phase: Phase, name: EventName, fields: Record<string, string> = {}): LoggedEvent => {
  second += 1;
  const time = new Date(Date.UTC(2026, 4, 18) + second * 1000).toISOString().replace('.000', '');
  return { time, ticket: 'T-1', phase, event: name, fields, line: second, sum: '00000000' };
};
const of = (events: LoggedEvent[]) => ({
  ticket: 'T-1',
  stands: 'halted in migrate (failed)',
  state: { BASE_SHA: 'aaa', SERVICES: 'wiki', PUSH: '' },
  doubts: [],
  next: [{ command: 'just release-run T-1 --resume', what: 'go on' }],
  events,
});

const RELEASE = [
  event('prepare', 'start', { by: 'root', services: 'wiki' }),
  event('migrate', 'step-start', { step: 'up', service: 'wiki' }),
  event('migrate', 'step-done', { step: 'up', service: 'wiki', downtime: '0.7s' }),
  event('migrate', 'step-start', { step: 'healthy', service: 'wiki' }),
  event('migrate', 'step-failed', { step: 'healthy', service: 'wiki', reason: 'sick | <b>\n# not a heading' }),
  event('migrate', 'failed', { rc: '1', reason: 'sick' }),
  event('migrate', 'step-start', { step: 'up', service: 'mail' }),
];

test('what failed, who did what, downtime, the timeline; a step that ended is told once, one that did not is', () => {
  const report = reportOf(of(RELEASE));
  expect(report.timeline.map(({ event: name, of: what }) => `${name} ${what}`)).toEqual([
    'start ',
    'step-done wiki up',
    'step-failed wiki healthy',
    'failed ',
    'step-start mail up',
  ]);
  expect(report.failures.map(({ event: name }) => name)).toEqual(['step-failed', 'failed']);
  expect(report.people.map(({ says }) => says)).toEqual(['by=root, services=wiki']);
  expect(report.downtime).toEqual([{ service: 'wiki', phase: 'migrate', downtime: '0.7s' }]);
  const lines = reportLines(report);
  expect(lines.filter((line) => line.startsWith('#'))).toEqual([
    '# Release T-1',
    '## What it is',
    '## What failed',
    '## Who did what',
    '## Out of service',
    '## Timeline',
    '## What comes next',
  ]);
  expect(lines).toContain('- BASE\\_SHA: aaa');
  expect(lines.join('\n')).toContain('sick \\| \\<b\\>\\u{a}# not a heading');
  for (const line of lines) expect(line).not.toContain('\n');
});

test('a page of bounded size, whatever the log', () => {
  const many = Array.from({ length: 50_000 }, (_, n) =>
    event('prepare', 'notice', { reason: `${n} ${'x'.repeat(4_000)}` }),
  );
  const report = reportOf(of([...RELEASE, ...many]));
  expect([report.timeline.length, report.left]).toEqual([400, RELEASE.length - 2 + 50_000 - 400]);
  const text = reportLines(report).join('\n');
  expect(text.length).toBeLessThan(400_000);
  expect(text).toContain('events in its middle are left out');
  expect(text).toContain('49999');
});
