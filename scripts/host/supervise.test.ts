import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from './children.ts';
import { openHost } from './real.ts';
import { supervise } from './supervise.ts';

test('where nothing encloses it, what was left in the group and what carries the mark is ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'supervise-'));
  const left = join(folder, 'left');
  const mark = `supervise-test-${process.pid}`;
  // It ends once the other one has left its group.
  const script = `sleep 300 & echo $! > '${left}'
    setsid sh -c 'echo $$ >> "${left}"; exec sleep 300' &
    while [ $(wc -l < '${left}') -lt 2 ]; do sleep 0.01; done`;
  const child = startChild(
    ['sh', '-c', script],
    { env: { PATH: process.env.PATH ?? '' }, mark },
    { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
  );
  const supervisor = supervise([child], { mark, endStragglers: true }, []);
  await child.exited;
  await supervisor.finish();
  const pids = readFileSync(left, 'utf8').trim().split('\n').map(Number);
  expect(pids.map((pid) => openHost().machine.alive(pid))).toEqual([false, false]);
  rmSync(folder, { recursive: true });
});
