import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { EventName, LoggedEvent } from '../model/event.ts';
import { NOTICES } from '../model/notice.ts';
import type { Phase, ReleaseState } from '../model/release.ts';
import { noticeBody, noticeName, slackBody } from './notice.ts';

const event = (phase: Phase, name: EventName, fields: Record<string, string> = {}): LoggedEvent => ({
  time: '2026-05-18T15:29:00Z',
  ticket: 'T-1',
  phase,
  event: name,
  fields,
  line: 1,
  sum: '00000000',
});
const nameOf = (...events: LoggedEvent[]) => noticeName(events);

test.each([
  [event('prepare', 'start'), 'started'],
  [event('migrate', 'start'), undefined],
  [event('migrate', 'failed'), 'halted'],
  [event('revert', 'failed'), 'in-doubt'],
  [event('verify', 'notice', { within: '10m' }), 'awaiting-confirm'],
  [event('prepare', 'notice', { reason: 'disk' }), undefined],
  [event('confirm', 'step-failed', { step: 'after-confirm' }), 'after-confirm-failed'],
  [event('migrate', 'step-failed', { step: 'up' }), undefined],
  [event('verify', 'released'), 'released'],
  [event('revert', 'reverted'), 'reverted'],
  [event('prepare', 'stopped'), 'stopped'],
  [event('confirm', 'notice-failed'), undefined],
] as const)('%j is told as %p', (one, name) => {
  expect(nameOf(one)).toBe(name);
});

test('every notice comes of some event', () => {
  const told = [
    event('prepare', 'start'),
    event('migrate', 'failed'),
    event('verify', 'notice', { within: '1m' }),
    event('confirm', 'step-failed'),
    event('revert', 'failed'),
    ...(Object.keys(NOTICES) as EventName[]).map((name) => event('confirm', name)),
  ].map((one) => nameOf(one));
  expect(Object.keys(NOTICES).filter((name) => !told.includes(name as keyof typeof NOTICES))).toEqual([]);
});

test('a revert by itself is in doubt only when it was given up; one by hand at once', () => {
  const before = [event('prepare', 'armed', { within: '10m' }), event('confirm', 'going-back')];
  const byItself = [...before, event('revert', 'start', { cause: 'expired' })];
  expect(nameOf(...byItself, event('revert', 'failed', { reason: 'x' }))).toBeUndefined();
  expect(nameOf(...byItself, event('revert', 'failed', { reason: 'given up after 4 tries: x' }))).toBe('in-doubt');
  expect(nameOf(...byItself, event('revert', 'start'), event('revert', 'failed', { reason: 'x' }))).toBe('in-doubt');
});

test('what is said, without secrets, with the next commands; and every key is in the page', () => {
  const state = {
    ticket: 'T-1',
    baseSha: 'a'.repeat(40),
    targetSha: 'b'.repeat(40),
    mergeSha: 'b'.repeat(40),
    phase: 'migrate',
    phaseStatus: 'failed',
    releaseStatus: 'halted',
    services: ['wiki'],
  } as unknown as ReleaseState;
  const fields = {
    reason: 'psql: hunter22 <refused> & gone',
    service: 'wiki',
    by: 'root',
    push: 'none',
    deadline: 'z',
  };
  const of = { host: 'prod1', state, mask: (text: string) => text.replaceAll('hunter22', '***') };
  const body = noticeBody('halted', event('migrate', 'failed', fields), of);
  expect(body).toMatchObject({
    schema: 1,
    notice: 'halted',
    ticket: 'T-1',
    host: 'prod1',
    text: 'prod1: T-1 failed and is halted (wiki, migrate): psql: *** <refused> & gone',
    status: 'halted',
    services: ['wiki'],
  });
  expect(body.next?.[0]?.command).toStartWith('just release-');
  expect(JSON.stringify([body, slackBody(body)])).not.toContain('hunter22');
  expect(slackBody(body).text).toContain('&lt;refused&gt; &amp; gone');
  expect(slackBody(body).text).toContain('just release-');
  const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
  for (const key of Object.keys(body)) expect(page).toContain(`\`${key}\``);
});
