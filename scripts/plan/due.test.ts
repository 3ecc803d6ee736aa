import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { EventName, LoggedEvent } from '../model/event.ts';
import { PHASES, type Phase } from '../model/release.ts';
import type { Plan, Step } from '../model/step.ts';
import { dueSteps, standing } from './due.ts';
import { facts, manifest, service } from './fixture.ts';
import { makePlan } from './plan.ts';
import { stepFields } from './steps.ts';

const health = 'health: { endpoint: /x }';
const PLAN: Plan = makePlan(
  facts({
    services: [
      service('a', { before: manifest('a', health), after: manifest('a', health) }),
      service('b', { after: manifest('b', 'priority: 90') }),
      service('old', { after: undefined }),
    ],
    scripts: [
      { path: 'releases/T-1-a.sh', sha256: 'c'.repeat(64), revert: undefined },
      { path: 'releases/T-1-b.sh', sha256: 'c'.repeat(64), revert: undefined },
    ],
  }),
);
const NONE: ReadonlySet<Phase> = new Set();

function event(phase: Phase, name: EventName, fields: Record<string, string> = {}): LoggedEvent {
  return { time: '2026-05-18T15:29:00Z', ticket: 'T-1', phase, event: name, fields, line: 1, sum: '00000000' };
}
const of = (step: Step, name: EventName): LoggedEvent => event(step.phase as Phase, name, stepFields(step));
const named = (id: string): Step => {
  const found = PLAN.steps.find((step) => step.id === id);
  if (!found) throw new Error(`no step ${id}`);
  return found;
};
const START = event('prepare', 'start', { target: PLAN.targetSha });
const wholePhase = (phase: Phase): LoggedEvent[] => [
  ...(phase === 'prepare' ? [START] : [event(phase, 'start')]),
  ...PLAN.steps.filter((s) => s.phase === phase).flatMap((s) => [of(s, 'step-start'), of(s, 'step-done')]),
  event(phase, 'done'),
];
const due = (events: LoggedEvent[], from?: Phase, skip = NONE): string[] =>
  dueSteps(PLAN, standing(events), from === undefined ? { kind: 'due' } : { kind: 'phase', phase: from }, skip).map(
    ({ id }) => id,
  );
const idsOf = (...phases: Phase[]) => PLAN.steps.filter((s) => phases.includes(s.phase)).map(({ id }) => id);

test('nothing is proven by an empty journal', () => {
  expect(due([])).toEqual(PLAN.steps.map(({ id }) => id));
});

/** What runs of the release write, one after the other, each cut off somewhere: by a failure, a stop or a crash. */
const journals = fc
  .array(
    fc.record({
      steps: fc.nat({ max: PLAN.steps.length }),
      end: fc.constantFrom<'crash' | 'crash-in-step' | 'failed' | 'stopped'>(
        'crash',
        'crash-in-step',
        'failed',
        'stopped',
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((runs) => {
    const events: LoggedEvent[] = [];
    for (const [at, run] of runs.entries()) {
      if (at === 0) events.push(START);
      else events.push(event('prepare', 'resumed'));
      let left = run.steps;
      cut: for (const phase of PHASES) {
        const now = standing(events);
        if (now.phases.has(phase)) continue;
        if (phase !== 'prepare') events.push(event(phase, 'start'));
        for (const step of dueSteps(PLAN, now, { kind: 'due' }, NONE).filter((s) => s.phase === phase)) {
          if (left === 0 && run.end === 'crash') break cut;
          events.push(of(step, 'step-start'));
          if (left === 0 && run.end === 'crash-in-step') break cut;
          if (left === 0) {
            events.push(
              of(step, run.end === 'failed' ? 'step-failed' : 'step-stopped'),
              event(phase, run.end === 'failed' ? 'failed' : 'stopped'),
            );
            break cut;
          }
          left -= 1;
          events.push(of(step, 'step-done'));
        }
        events.push(event(phase, 'done'));
      }
    }
    return events;
  });

test('for every prefix of a journal exactly the unproven steps are due, and what was seen is seen again', () => {
  fc.assert(
    fc.property(journals, (events) => {
      for (let length = 0; length <= events.length; length++) {
        const prefix = events.slice(0, length);
        const proven = (step: Step): boolean => {
          const last = prefix.findLast(
            (e) =>
              e.fields.step === stepFields(step).step &&
              e.fields.service === stepFields(step).service &&
              e.fields.path === stepFields(step).path,
          );
          return last?.event === 'step-done';
        };
        const isOver = (phase: Phase): boolean => {
          const words: EventName[] = ['start', 'done', 'failed', 'stopped'];
          const last = prefix.findLast(
            (e) => (e.phase === phase && words.includes(e.event)) || (phase === 'verify' && e.event === 'resumed'),
          );
          return last?.event === 'done';
        };
        const expected = PLAN.steps.filter(
          (step) => !isOver(step.phase) && (!proven(step) || step.kind === 'stage' || step.phase === 'verify'),
        );
        expect(due(prefix)).toEqual(expected.map(({ id }) => id));
      }
    }),
    { numRuns: 60 },
  );
});

test('a step that was cut off is open until an attempt at it has ended well', () => {
  const open = (id: string, ...names: EventName[]) =>
    standing([START, ...names.map((name) => of(named(id), name))]).open.has(id);
  expect(open('up:a', 'step-start')).toBe(true);
  expect(open('up:a', 'step-start', 'step-done')).toBe(false);
  // It failed by itself, and said so.
  expect(open('up:a', 'step-start', 'step-failed')).toBe(false);
  // An Advance that failed before it moved anything left nothing; one that had begun may have moved half of the files.
  expect(open('advance', 'step-start', 'step-failed')).toBe(false);
  const advance = named('advance');
  const part = of(advance, 'step-part');
  const moving = { ...part, fields: { ...part.fields, part: 'moving' } };
  const failed = [START, of(advance, 'step-start'), moving, of(advance, 'step-failed')];
  expect(standing(failed).open.has('advance')).toBe(true);
  // The attempt to mend what a crash left was refused: that is still there.
  expect(open('up:a', 'step-start', 'step-start', 'step-failed')).toBe(true);
  expect(open('up:a', 'step-start', 'step-start', 'step-failed', 'step-start', 'step-done')).toBe(false);
});

test('only the newest plan counts', () => {
  const again = [...wholePhase('prepare'), event('prepare', 'failed'), START];
  expect(due(again)).toEqual(PLAN.steps.map(({ id }) => id));
});

test('--from=PHASE: all of that phase, of later ones what is not proven, nothing of earlier ones', () => {
  const [first, second] = [named('script:releases/T-1-a.sh'), named('script:releases/T-1-b.sh')];
  const events = [
    ...wholePhase('prepare'),
    ...wholePhase('migrate'),
    event('ticket', 'start'),
    of(first, 'step-start'),
    of(first, 'step-done'),
    of(second, 'step-start'),
    of(second, 'step-failed'),
    event('ticket', 'failed'),
  ];
  expect(due(events, 'ticket')).toEqual(idsOf('ticket', 'verify'));
  // A script that ran is not run again because the services are started anew.
  expect(due(events, 'migrate')).toEqual([...idsOf('migrate'), second.id, ...idsOf('verify')]);
  expect(due(events)).toEqual([second.id, ...idsOf('verify')]);
});

test('--from=PHASE is refused where an earlier phase has not ended well, unless it is skipped', () => {
  const events = [...wholePhase('prepare'), event('migrate', 'start'), event('migrate', 'failed')];
  expect(() => due(events, 'verify')).toThrow('--from=verify needs migrate to be done');
  expect(due(events, 'ticket', new Set<Phase>(['migrate']))).toEqual(idsOf('ticket', 'verify'));
  expect(due(events, 'migrate')).toEqual(idsOf('migrate', 'ticket', 'verify'));
});

test('a verification that was skipped is still owed, and one from before a halt is made again', () => {
  const events = [...wholePhase('prepare'), ...wholePhase('migrate'), ...wholePhase('ticket')];
  expect(due([...events, event('verify', 'skipped'), event('verify', 'unverified')])).toEqual(idsOf('verify'));
  expect(due([...events, ...wholePhase('verify')])).toEqual([]);
  expect(due([...events, ...wholePhase('verify'), event('migrate', 'resumed')])).toEqual(idsOf('verify'));
});
