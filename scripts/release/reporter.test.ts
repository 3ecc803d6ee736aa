import { expect, test } from 'bun:test';
import type { Host } from '../host/port.ts';
import type { Terminal } from '../host/terminal.ts';
import { refused, stepFailed } from '../model/error.ts';
import type { EventName, LoggedEvent } from '../model/event.ts';
import { errorFields, exitCodeOf, renderError } from './render.ts';
import { openReporter } from './reporter.ts';

const NEXT = [{ command: 'just release-run T-1 --resume', what: 'go on where it stopped' }];
const event = (name: EventName, fields: Record<string, string> = {}): LoggedEvent => ({
  time: '2026-05-18T15:29:00Z',
  ticket: 'T-1',
  phase: 'migrate',
  event: name,
  fields,
  line: 1,
  sum: '00000000',
});

function open(options: { json: boolean; isTty?: boolean; expectedS?: number }) {
  const lines: string[] = [];
  const drawn: string[] = [];
  let wake = (): void => undefined;
  const sleeping = { count: 0 };
  const terminal: Terminal = {
    say: (line) => void lines.push(line),
    warn: (line) => void lines.push(line),
    status: (line) => void drawn.push(line),
    isTty: options.isTty ?? false,
    detached: false,
  };
  const clock = {
    monotonicMs: () => 0,
    sleep: (_ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        sleeping.count += 1;
        wake = resolve;
        signal.addEventListener('abort', () => {
          sleeping.count -= 1;
          resolve();
        });
      }),
  };
  const reporter = openReporter({ clock } as unknown as Host, terminal, options);
  return { reporter, lines, drawn, sleeping, wake: () => wake() };
}

test('people see what ends, not what begins', () => {
  const { reporter, lines, drawn } = open({ json: false });
  reporter.event(event('start'));
  reporter.event(event('step-start', { step: 'up', service: 'wiki' }));
  reporter.event(event('step-done', { step: 'up', service: 'wiki', duration: '6s', downtime: '0.5s' }));
  reporter.event(event('step-done', { step: 'image', service: 'wiki', duration: '0s' }));
  reporter.event(event('step-failed', { step: 'healthy', service: 'wiki', duration: '4s' }));
  reporter.event(event('step-retry', { step: 'ensure-config', service: 'wiki', tries: '3' }));
  reporter.event(event('drift-accepted', { reason: 'I did that' }));
  expect(lines.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    '15:29:00 migrate',
    '15:29:00 migrate wiki up 6s downtime 0.5s',
    '15:29:00 migrate wiki healthy FAILED after 4s',
    '15:29:00 migrate wiki ensure-config "not yet": try 3',
    '15:29:00 migrate drift-accepted: I did that',
  ]);
  expect(drawn).toEqual([]);
});

test('machines see every event as one JSON object a line, and nothing else', () => {
  const { reporter, lines } = open({ json: true });
  reporter.say('for people');
  reporter.event(event('step-start', { step: 'up', service: 'wiki' }));
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { time: '2026-05-18T15:29:00Z', ticket: 'T-1', phase: 'migrate', event: 'step-start', step: 'up', service: 'wiki' },
  ]);
});

test('a failure: what, where, the last lines, the file with the rest, how it stands, what to type', () => {
  const error = stepFailed({
    what: 'it broke',
    where: 'service wiki',
    details: ['last line'],
    outputFile: '/out',
    hint: ['try this', 'or that'],
    rc: 3,
  });
  const people = open({ json: false });
  people.reporter.failure(error, { exit: 1, stands: ['T-1 is halted in migrate. What comes next:'], next: NEXT });
  expect(people.lines).toEqual([
    'error: it broke',
    '  where: service wiki',
    '  | last line',
    '  all of its output: /out',
    '  try this',
    '  or that',
    '',
    'T-1 is halted in migrate. What comes next:',
    expect.stringMatching(/^ {2}just release-run T-1 --resume +# go on where it stopped$/),
  ]);
  const machines = open({ json: true });
  machines.reporter.failure(error, { exit: 1, stands: [], next: NEXT });
  expect(machines.lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      event: 'error',
      exit: 1,
      kind: 'step-failed',
      what: 'it broke',
      rc: 3,
      outputFile: '/out',
      next: NEXT,
    }),
  ]);
});

test('on a terminal one line moves, from the first event until the end', async () => {
  const { reporter, drawn, sleeping, wake } = open({ json: false, isTty: true, expectedS: 90 });
  reporter.say('the plan');
  expect(drawn).toEqual([]);
  reporter.event(event('step-start', { step: 'up', service: 'wiki' }));
  wake();
  await Promise.resolve();
  await Promise.resolve();
  expect(drawn.at(-1)).toBe('0.0 s of about 90 s  wiki up 0.0 s');
  reporter.end();
  expect(drawn.at(-1)).toBe('');
  const after = drawn.length;
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  expect([sleeping.count >= 0, drawn.length]).toEqual([true, after]);
});

test('a bug of ours is said to be one, and has the exit code of a failure', () => {
  const bug = new TypeError('x is not a function');
  expect(renderError(bug)[0]).toBe('Belay itself failed: TypeError: x is not a function');
  expect(renderError(bug).some((line) => line.includes('\n'))).toBe(false);
  expect(renderError(bug).at(-1)).toContain('just release-state');
  expect([exitCodeOf(bug), errorFields(bug)]).toEqual([1, { error: 'x is not a function', kind: 'bug', exit: 1 }]);
  expect(exitCodeOf(refused({ what: 'no' }))).toBe(4);
});
