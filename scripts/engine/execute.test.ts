import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { ReleaseError, stepFailed } from '../model/error.ts';
import type { Lane, OnStop } from '../model/step.ts';
import { executePhase } from './execute.ts';
import { phaseRun, step } from './fixture.ts';

const NONE: ReadonlySet<string> = new Set();
const ENDS = ['step-done', 'step-failed', 'step-stopped'];

interface Drawn {
  needs: number[];
  lane: Lane;
  onStop: OnStop;
  ticks: number;
  fails: boolean;
}

const drawn: fc.Arbitrary<Drawn[]> = fc.array(
  fc.record({
    needs: fc.array(fc.nat({ max: 30 }), { maxLength: 3 }),
    lane: fc.constantFrom<Lane>('wide', 'swap'),
    onStop: fc.constantFrom<OnStop>('interruptible', 'finish', 'probe'),
    ticks: fc.nat({ max: 6 }),
    fails: fc.nat({ max: 12 }).map((n) => n === 0),
  }),
  { maxLength: 14 },
);

test('any steps, failures and stops: order, caps, nothing begins after the end, each begun step ends once', async () => {
  await fc.assert(
    fc.asyncProperty(
      drawn,
      fc.record({ wide: fc.integer({ min: 1, max: 5 }), swap: fc.integer({ min: 1, max: 3 }) }),
      fc.option(fc.nat({ max: 20 }), { nil: undefined }),
      fc.nat({ max: 3 }),
      async (given, concurrency, stopAfter, already) => {
        const steps = given.map((one, at) =>
          step(String(at), {
            needs: [...new Set(one.needs.filter((need) => need < at).map(String))],
            lane: one.lane,
            onStop: one.onStop,
          }),
        );
        const done = new Set(steps.slice(0, already).map(({ id }) => id));
        const stop = new AbortController();
        const active = new Map<string, Lane>();
        const ran: string[] = [];
        let events = 0;
        const run = phaseRun(
          async (one, context) => {
            active.set(one.id, one.lane);
            expect(active.size).toBeLessThanOrEqual(concurrency.wide);
            const swaps = [...active.values()].filter((lane) => lane === 'swap').length;
            // One more than that begins only where none that needs nothing waits.
            const started = new Set(run.entries.map(({ id }) => id));
            const waits = steps.some(
              ({ id, lane, needs }) =>
                lane === 'swap' && !done.has(id) && !started.has(id) && needs.every((need) => done.has(need)),
            );
            if (one.lane === 'swap') expect(swaps).toBeLessThanOrEqual(concurrency.swap + (waits ? 0 : 1));
            const own = given[Number(one.id)];
            try {
              for (let tick = 0; tick < (own?.ticks ?? 0); tick++) {
                await Promise.resolve();
                context.signal.throwIfAborted();
              }
              if (own?.fails) throw stepFailed({ what: `${one.id} failed` });
              ran.push(one.id);
              return { label: one.id };
            } finally {
              active.delete(one.id);
            }
          },
          { concurrency, stop: stop.signal },
        );
        let ended = false;
        const log = run.log;
        run.log = (phase, event, said) => {
          const fields: Record<string, string> = { ...said };
          if (event === 'step-start') {
            expect(ended || stop.signal.aborted).toBe(false);
            const needs = steps[Number(fields.service)]?.needs ?? [];
            for (const need of needs.filter((id) => !done.has(id)))
              expect(run.entries.some((e) => e.id === need && e.event === 'step-done')).toBe(true);
          }
          // What a runner reports is in the log only once the runner is over.
          if (event === 'step-done')
            expect([ran.includes(fields.service ?? ''), fields.label]).toEqual([true, fields.service]);
          if (event === 'step-failed') ended = true;
          log(phase, event, said);
          events += 1;
          if (events === stopAfter) stop.abort();
        };
        const outcome = await executePhase(steps.slice(already), done, run).then(
          () => undefined,
          (error: unknown) => error,
        );
        const begun = run.entries.filter((e) => e.event === 'step-start').map(({ id }) => id);
        expect(new Set(begun).size).toBe(begun.length);
        const ends = run.entries.filter((e) => ENDS.includes(e.event)).map(({ id }) => id);
        expect(ends.toSorted()).toEqual(begun.toSorted());
        expect(active.size).toBe(0);

        const failed = run.entries.filter((e) => e.event === 'step-failed');
        const finished = run.entries.filter((e) => e.event === 'step-done').length;
        if (failed.length > 0) expect(outcome).toMatchObject({ kind: 'step-failed' });
        else if (finished < steps.length - Math.min(already, steps.length))
          expect(outcome).toMatchObject({ kind: 'stopped' });
        else expect(outcome).toBeUndefined();
      },
    ),
    { numRuns: 300 },
  );
});

test('independent steps overlap up to the cap, swap steps up to theirs', async () => {
  let [now, most, swaps, mostSwaps] = [0, 0, 0, 0];
  const run = phaseRun(
    async (one) => {
      now += 1;
      if (one.lane === 'swap') swaps += 1;
      [most, mostSwaps] = [Math.max(most, now), Math.max(mostSwaps, swaps)];
      await Bun.sleep(1);
      now -= 1;
      if (one.lane === 'swap') swaps -= 1;
      return undefined;
    },
    { concurrency: { wide: 4, swap: 2 } },
  );
  const steps = Array.from({ length: 10 }, (_, at) => step(String(at), { lane: at < 6 ? 'swap' : 'wide' }));
  await executePhase(steps, NONE, run);
  expect([most, mostSwaps]).toEqual([4, 2]);
});

test('the last swap step joins those that run, where there is room for one more at all', async () => {
  for (const [wide, most] of [
    [5, 3],
    [2, 2],
  ] as const) {
    let swaps = 0;
    const seen: number[] = [];
    const run = phaseRun(
      async () => {
        swaps += 1;
        seen.push(swaps);
        await Bun.sleep(1);
        swaps -= 1;
        return undefined;
      },
      { concurrency: { wide, swap: 2 } },
    );
    await executePhase(
      Array.from({ length: 5 }, (_, at) => step(String(at), { lane: 'swap' })),
      NONE,
      run,
    );
    expect(Math.max(...seen.slice(0, -1))).toBe(2);
    expect(seen.at(-1)).toBe(most);
  }
});

test('a failure interrupts what can be interrupted, waits for the rest, and is the one that is told', async () => {
  const log: string[] = [];
  const run = phaseRun(async (one, context) => {
    if (one.id === 'bad') throw stepFailed({ what: 'it broke' });
    const aborted = new Promise<'aborted'>((resolve) => {
      context.signal.addEventListener('abort', () => resolve('aborted'), { once: true });
    });
    const how = await Promise.race([aborted, Bun.sleep(15).then(() => 'whole')]);
    log.push(`${one.id} ${how}`);
    if (how === 'aborted') throw stepFailed({ what: 'ended early' });
    return undefined;
  });
  const steps = [
    step('long', { onStop: 'interruptible' }),
    step('whole'),
    step('bad'),
    step('later', { needs: ['bad'] }),
  ];
  await expect(executePhase(steps, NONE, run)).rejects.toMatchObject({
    kind: 'step-failed',
    facts: { what: 'it broke' },
  });
  expect(log.toSorted()).toEqual(['long aborted', 'whole whole']);
  expect(run.entries.filter((e) => e.id === 'long').map((e) => e.event)).toEqual(['step-start', 'step-stopped']);
  expect(run.entries.filter((e) => e.id === 'whole').map((e) => e.event)).toEqual(['step-start', 'step-done']);
  expect(run.entries.some((e) => e.id === 'later')).toBe(false);
});

test('a stop before the first step: nothing begins, and it says before what', async () => {
  const run = phaseRun(async () => undefined, { stop: AbortSignal.abort() });
  const stopped = executePhase([step('one'), step('two')], NONE, run);
  await expect(stopped).rejects.toMatchObject({ kind: 'stopped', facts: { what: 'Stopped as asked, before one' } });
  expect(run.entries).toEqual([]);
});

test('a need that cannot be met is a bug that is told, not a wait for ever', async () => {
  const steps = [step('a', { needs: ['b'] }), step('b', { needs: ['a'] })];
  const cycle = executePhase(
    steps,
    NONE,
    phaseRun(async () => undefined),
  );
  await expect(cycle).rejects.toThrow('plan has a cycle or a missing step: a, b');
  expect(cycle).rejects.not.toBeInstanceOf(ReleaseError);
});

test('a step that is made again holds back those that need it, though it was done before', async () => {
  const order: string[] = [];
  const run = phaseRun(async (one) => {
    await Bun.sleep(one.id === 'first' ? 5 : 0);
    order.push(one.id);
    return undefined;
  });
  await executePhase([step('second', { needs: ['first'] }), step('first')], new Set(['first']), run);
  expect(order).toEqual(['first', 'second']);
});
