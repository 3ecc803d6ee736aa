import { expect, test } from 'bun:test';
import { ReleaseError, refused, stepFailed } from '../model/error.ts';
import { attempt, type StepContext } from './attempt.ts';
import { phaseRun, step } from './fixture.ts';

const never = new AbortController().signal;
const events = (run: ReturnType<typeof phaseRun>) => run.entries.map(({ event }) => event);

async function caught(promise: Promise<unknown>): Promise<ReleaseError> {
  const outcome = await promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ReleaseError);
  return outcome as ReleaseError;
}

test('intent, effect, what was learned on disk, and only then the end', async () => {
  const order: string[] = [];
  const run = phaseRun(async () => {
    order.push('effect');
    return { images: 'x' };
  });
  const log = run.log;
  run.log = (phase, event, fields) => {
    order.push(event);
    log(phase, event, fields);
  };
  run.persist = (_step, fields) => void order.push(`persist ${fields.images}`);
  await attempt(step('wiki'), run, never);
  expect(order).toEqual(['step-start', 'effect', 'persist x', 'step-done']);
  expect(run.entries.at(-1)?.fields).toEqual({ step: 'up', service: 'wiki', duration: '0.01s', images: 'x' });
});

test('an intent that cannot be written prevents the effect', async () => {
  let effects = 0;
  const run = phaseRun(async () => {
    effects += 1;
    return undefined;
  });
  run.log = () => {
    throw stepFailed({ what: 'the disk is full' });
  };
  expect((await caught(attempt(step('wiki'), run, never))).facts.what).toBe('the disk is full');
  expect(effects).toBe(0);
});

test('what was learned cannot be written: the step has failed', async () => {
  const run = phaseRun(async () => undefined, {
    persist: () => {
      throw stepFailed({ what: 'the lock is gone' });
    },
  });
  await caught(attempt(step('wiki'), run, never));
  expect(events(run)).toEqual(['step-start', 'step-failed']);
});

test('a runner sees whether the step was cut off before, and where its output goes', async () => {
  const seen: StepContext[] = [];
  const runner = async (_step: unknown, context: StepContext) => {
    seen.push(context);
    context.note('step-retry', { tries: '2' });
    return undefined;
  };
  const run = phaseRun(runner, { open: new Set(['again']) });
  await attempt(step('again'), run, never);
  await attempt(step('fresh'), run, never);
  expect(seen.map(({ again, outputFile }) => [again, outputFile])).toEqual([
    [true, '/out/again'],
    [false, '/out/fresh'],
  ]);
  expect(run.entries[1]).toEqual({
    event: 'step-retry',
    id: 'again',
    fields: { step: 'up', service: 'again', tries: '2' },
  });
});

test('an error is told with its place, its rc and its hints; a refusal inside a step is a failed step', async () => {
  const run = phaseRun(async () => {
    throw refused({ what: 'no image', where: 'registry', hint: 'log in', rc: 7 });
  });
  const error = await caught(attempt(step('wiki'), run, never));
  expect([error.kind, error.exitCode]).toEqual(['step-failed', 1]);
  expect(error.facts).toEqual({
    what: 'no image',
    where: 'service wiki, phase migrate, step up; registry',
    hint: 'log in',
    rc: 7,
  });
  expect(run.entries.at(-1)).toMatchObject({
    event: 'step-failed',
    fields: { rc: '7', reason: 'no image (registry)' },
  });
});

test('an unexpected error becomes a failed step, its reason cut to 500 characters in the log', async () => {
  const run = phaseRun(async () => {
    throw new TypeError('x'.repeat(10_000));
  });
  const error = await caught(attempt(step('wiki'), run, never));
  expect(error.facts.where).toBe('service wiki, phase migrate, step up');
  expect(run.entries.at(-1)?.fields.reason).toHaveLength(500);
});

const hang = (_step: unknown, { signal }: StepContext) =>
  new Promise<undefined>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });

test('a step that takes too long has failed, and says how long it was given', async () => {
  const run = phaseRun(hang, { late: 5 });
  const error = await caught(attempt(step('wiki', { timeoutMs: 1500 }), run, never));
  expect(error.facts.what).toBe('took longer than 1.5 s');
  expect(run.entries.at(-1)).toMatchObject({ event: 'step-failed', fields: { reason: 'took longer than 1.5 s' } });
});

test('an interrupt ends an interruptible step, and no other', async () => {
  const stop = new AbortController();
  const run = phaseRun(hang, { late: 30 });
  const both = [
    attempt(step('may', { onStop: 'interruptible' }), run, stop.signal),
    attempt(step('must', { onStop: 'finish' }), run, stop.signal),
  ].map(caught);
  stop.abort();
  const [may, must] = await Promise.all(both);
  expect([may?.kind, must?.kind]).toEqual(['stopped', 'step-failed']);
  expect(run.entries.filter((e) => e.id === 'may').at(-1)?.event).toBe('step-stopped');
  expect(run.entries.filter((e) => e.id === 'must').at(-1)?.event).toBe('step-failed');
});
