import { expect, test } from 'bun:test';
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { O_CLOEXEC, osPipe } from './libc.ts';
import { readPipe } from './pipe-reader.ts';

const SILENT_MS = 60;

test('reads all that was written though the sink is slow and the pipe stays open', async () => {
  const { readEnd, writeEnd } = osPipe();
  let bytes = 0;
  const first = Promise.withResolvers<void>();
  const reader = readPipe(readEnd, async (chunk) => {
    first.resolve();
    await Bun.sleep(3 * SILENT_MS);
    bytes += chunk.length;
  });
  writeSync(writeEnd, 'one');
  await first.promise;
  writeSync(writeEnd, 'second');
  expect(await reader.drain(SILENT_MS)).toBe(false);
  expect(bytes).toBe(9);
  closeSync(writeEnd);
});

test('a pipe into which a background process keeps writing is given up', async () => {
  const { readEnd, writeEnd } = osPipe();
  const child = Bun.spawn(['yes'], { stdio: ['ignore', writeEnd, 'ignore'] });
  closeSync(writeEnd);
  const reader = readPipe(readEnd, () => undefined);
  expect(await reader.drain(SILENT_MS)).toBe(false);
  await child.exited;
});

test('knows the end, and gives the error of the sink', async () => {
  const whole = osPipe();
  const reader = readPipe(whole.readEnd, () => undefined);
  writeSync(whole.writeEnd, 'x');
  closeSync(whole.writeEnd);
  expect(await reader.drain(SILENT_MS)).toBe(true);
  const { readEnd, writeEnd } = osPipe();
  const failing = readPipe(readEnd, () => {
    throw new Error('full');
  });
  writeSync(writeEnd, 'x');
  expect(failing.drain(SILENT_MS)).rejects.toThrow('full');
  await failing.done.catch(() => undefined);
  closeSync(writeEnd);
});

test('both ends of a pipe are close-on-exec', () => {
  for (const fd of Object.values(osPipe())) {
    const flags = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/flags:\s+(\d+)/)?.[1];
    expect(Number.parseInt(flags ?? '', 8) & O_CLOEXEC).toBe(O_CLOEXEC);
    closeSync(fd);
  }
});
