import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { inert } from './terminal.ts';

const source = JSON.stringify(`${import.meta.dir}/terminal.ts`);
const spawn = (code: string) =>
  Bun.spawn(
    [process.execPath, '-e', `import { openTerminal } from ${source}; const terminal = openTerminal(); ${code}`],
    {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );

test('lines go to their stream whole, and no cursor moves where there is no terminal', async () => {
  const child = spawn(
    "terminal.status('busy'); terminal.say('a'); terminal.warn('b'); terminal.say('x'.repeat(300_000));",
  );
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect(out).toBe(`a\n${'x'.repeat(300_000)}\n`);
  expect(err).toBe('b\n');
});

/** A socket that is closed with something unread resets the writer, where it meets it: about one time in five. */
test('a reader that is gone with something unread is let go of, too', async () => {
  for (let tries = 0; tries < 25; tries += 1) {
    const child = spawn(`
      terminal.warn('begun');
      while (!terminal.detached) terminal.say('x'.repeat(10_000));
      terminal.warn('went on');
    `);
    const errors = child.stderr.getReader();
    const decoder = new TextDecoder();
    let said = decoder.decode((await errors.read()).value);
    await child.stdout.cancel();
    for (let part = await errors.read(); !part.done; part = await errors.read()) said += decoder.decode(part.value);
    expect(said).toBe('begun\nwent on\n');
  }
});

test('a reader that is gone is let go of, and the work goes on', async () => {
  const child = spawn(`
    while (!terminal.detached) terminal.say('x'.repeat(10_000));
    terminal.say('more');
    terminal.warn('went on');
  `);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  expect(await new Response(child.stderr).text()).toBe('went on\n');
  expect(await child.exited).toBe(0);
});

test('no text moves a cursor, hides a word or ends a line', () => {
  expect(inert('a\x1b[2J\r\nb\x07\u202egpj\u009b1m\tü')).toBe(
    'a\\u001b[2J\\u000d\\u000ab\\u0007\\u202egpj\\u009b1m\tü',
  );
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(inert(text)).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e]/);
    }),
  );
});

test('JSON stays JSON', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(inert(JSON.stringify({ text })))).toEqual({ text });
    }),
  );
});
