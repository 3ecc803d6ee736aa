import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { openExec } from './exec.ts';
import { openMachine } from './machine.ts';

const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
const { start } = openExec(env.PATH);
const machine = openMachine({});
/** A test that waits for a process that lives runs into its own time-out. */
const gone = async (pid: number) => {
  while (machine.alive(pid)) await Bun.sleep(5);
};
const sh = (script: string) => start(['sh', '-c', script], { env });

async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

test('gives lines as they come, until it is over', async () => {
  const child = sh('echo one; echo two; printf three; exit 4');
  expect(await linesOf(child.lines)).toEqual(['one', 'two', 'three']);
  expect(await child.exited).toBe(4);
});

test('sees the end of its input when we close it', async () => {
  const child = sh('echo ready; cat; echo over');
  const lines = child.lines[Symbol.asyncIterator]();
  expect(await lines.next()).toEqual({ value: 'ready', done: false });
  child.closeInput();
  child.closeInput();
  expect(await lines.next()).toEqual({ value: 'over', done: false });
  expect(await child.exited).toBe(0);
});

test('is ended with its group, though it ignores TERM', async () => {
  const child = sh('trap "" TERM; sleep 60 & echo $!; wait; sleep 61');
  const lines = child.lines[Symbol.asyncIterator]();
  const { value } = await lines.next();
  await child.end(50);
  await child.end();
  expect(await child.exited).toBeUndefined();
  await gone(Number(value));
  expect((await lines.next()).done).toBe(true);
});

test('waits while nobody reads its lines, and is over all the same', async () => {
  const child = sh('seq 1 50000; echo end >&2');
  await Bun.sleep(100);
  expect(await Promise.race([child.exited, Bun.sleep(0).then(() => 'waiting')])).toBe('waiting');
  const lines = await linesOf(child.lines);
  expect([lines.length, lines.at(-1)]).toEqual([50_000, '50000']);
  const unread = sh('seq 1 3000');
  expect(await unread.exited).toBe(0);
});

test('a program that is not there is refused', () => {
  expect(() => start(['no-such-program'], { env })).toThrow('is not there');
});

test('sees the end of its input when this process is killed', async () => {
  const script = `
    import { openExec } from ${JSON.stringify(join(import.meta.dir, 'exec.ts'))};
    console.log(openExec('').start(['cat'], { env: { PATH: '/usr/bin:/bin' } }).pid);
    setInterval(() => undefined, 1000);`;
  const parent = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' });
  const { value } = await parent.stdout.getReader().read();
  const pid = Number(Buffer.from(value ?? []).toString());
  expect(machine.alive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await gone(pid);
});
