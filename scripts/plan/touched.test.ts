import { expect, test } from 'bun:test';
import type { EventName, LoggedEvent } from '../model/event.ts';
import type { Phase } from '../model/release.ts';
import { facts, service } from './fixture.ts';
import { makePlan } from './plan.ts';
import { touched } from './touched.ts';

const plan = makePlan(
  facts({
    services: [service('one'), service('two')],
    scripts: [
      { path: 'releases/T-1-a.sh', sha256: '1', revert: undefined },
      { path: 'releases/T-1-b.sh', sha256: '2', revert: undefined },
    ],
  }),
);

const said = (phase: Phase, fields: Record<string, string>, event: EventName = 'step-start'): LoggedEvent => ({
  time: '2026-05-18T15:29:00Z',
  ticket: 'T-1',
  phase,
  event,
  fields,
  line: 1,
  sum: '00000000',
});
const look = (events: LoggedEvent[] | undefined, of = plan) => {
  const { services, scripts } = touched(of, events);
  return { services: [...services].toSorted(), scripts: [...scripts] };
};

test('only what was begun after prepare is touched; looks touch nothing', () => {
  expect(look([])).toEqual({ services: [], scripts: [] });
  const events = [
    said('prepare', { step: 'backup', service: 'two' }),
    said('migrate', { step: 'up', service: 'one' }),
    said('migrate', { step: 'up', service: 'two' }, 'step-failed'),
    said('verify', { step: 'health', service: 'two' }),
    said('migrate', { step: 'up', service: 'stranger' }),
  ];
  expect(look(events)).toEqual({ services: ['one'], scripts: [] });
});

test('a ticket script may have written anywhere; a revert script is none', () => {
  const script = { step: 'script', path: 'releases/T-1-a.sh' };
  expect(look([said('ticket', script)])).toEqual({ services: ['one', 'two'], scripts: ['releases/T-1-a.sh'] });
  expect(look([said('revert', { ...script, path: 'releases/T-1-a.revert.sh' })])).toEqual({
    services: [],
    scripts: [],
  });
});

test('what is not known counts as touched', () => {
  const all = { services: ['one', 'two'], scripts: ['releases/T-1-a.sh', 'releases/T-1-b.sh'] };
  expect(look(undefined)).toEqual(all);
});

test('services of a release that was taken over were touched by that one', () => {
  const [one, two] = plan.services;
  const over = {
    ...plan,
    services: [
      ...(one ? [{ ...one, reasons: [{ kind: 'superseded', ticket: 'T-0' } as const] }] : []),
      ...(two ? [two] : []),
    ],
  };
  expect(look([], over)).toEqual({ services: ['one'], scripts: [] });
});
