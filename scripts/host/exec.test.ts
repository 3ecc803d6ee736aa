import { afterAll, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryOf } from '../dev/memory.ts';
import { marked } from './children.ts';
import { openExec } from './exec.ts';
import { openMachine } from './machine.ts';

const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
const exec = openExec(env.PATH);
const machine = openMachine({});
const folder = mkdtempSync(join(tmpdir(), 'exec-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sh = (script: string, options: Partial<Parameters<typeof exec.run>[1]> = {}) =>
  exec.run(['sh', '-c', script], { env, ...options });
let marks = 0;
const newMark = () => `test-${process.pid}-${marks++}`;
/** A process has its environment from the moment of its exec on. */
const begun = async (pid: number) => {
  while (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes('ASD_MARK')) await Bun.sleep(1);
};
/** Killed processes take a moment; a test that waits for one that lives runs into its own time-out. */
const gone = async (pid: number) => {
  while (machine.alive(pid)) await Bun.sleep(5);
};
const openFds = () => readdirSync('/proc/self/fd').length;
/** Bun closes what it reads from a moment later; descriptors that leak stay, and this runs into the test's time-out. */
const noneLeft = async (before: number) => {
  while (openFds() > before + 5) await Bun.sleep(5);
};

describe('what a child gets', () => {
  test('exactly these arguments, whatever they hold', async () => {
    const argv = ['$(id)', 'a b', '', "'", '"', '-n', '\n', '*', 'ü'];
    const result = await exec.run(['printf', '%s\\0', ...argv], { env });
    expect(result.stdout).toBe(argv.map((word) => `${word}\0`).join(''));
    expect(result).toMatchObject({ code: 0, signal: undefined, timedOut: false });
  });

  test('exactly this environment, and the mark', async () => {
    process.env.BELAY_TEST_LEAK = 'x';
    const result = await exec.run(['/usr/bin/env'], { env: { A: '1', B: 'two words' }, mark: 'm' });
    delete process.env.BELAY_TEST_LEAK;
    expect(result.stdout.trim().split('\n').sort()).toEqual(['A=1', 'ASD_MARK=m', 'B=two words']);
  });

  test('no input, or the one given, however large', async () => {
    expect((await exec.run(['cat'], { env })).stdout).toBe('');
    expect((await exec.run(['cat'], { env, input: 'hello' })).stdout).toBe('hello');
    expect((await exec.run(['cat'], { env, input: '' })).stdout).toBe('');
    const large = Buffer.alloc(900_000, 'x');
    expect((await exec.run(['wc', '-c'], { env, input: large })).stdout.trim()).toBe('900000');
    expect((await exec.run(['true'], { env, input: large })).code).toBe(0);
  });

  test('streams that can be opened again, default signals, a session of its own and no other file', async () => {
    const { stdout, tail } = await sh(
      'echo again >/dev/stderr; ps -o pid=,pgid=,sid= -p $$; grep SigIgn /proc/self/status; ls /proc/self/fd',
    );
    const [ids = '', signals, ...fds] = stdout.trim().split('\n');
    expect(new Set(ids.trim().split(/ +/)).size).toBe(1);
    expect(signals).toEndWith(' 0000000000000000'.trim());
    expect(fds).toEqual(['0', '1', '2', '3']);
    expect(tail).toContain('again');
  });

  test('its folder, with programs relative to it', async () => {
    writeFileSync(join(folder, 'tool'), '#!/bin/sh\npwd', { mode: 0o755 });
    expect((await exec.run(['./tool'], { env, cwd: folder })).stdout.trim()).toBe(folder);
  });
});

describe('how it ends', () => {
  test('with its code, or a signal', async () => {
    expect(await sh('exit 75')).toMatchObject({ code: 75, signal: undefined });
    expect(await sh('kill -9 $$')).toMatchObject({ code: undefined, signal: 'SIGKILL' });
  });

  test('refused where it cannot start, and nothing stays open', async () => {
    mkdirSync(join(folder, 'bin/dir'), { recursive: true });
    writeFileSync(join(folder, 'bin/data'), 'no program', { mode: 0o644 });
    writeFileSync(join(folder, 'bin/garbage'), '\x01\x02', { mode: 0o755 });
    const before = openFds();
    for (const program of ['no-such-program', './data', './dir', './garbage', '/nope', '']) {
      const error = await exec.run([program], { env, cwd: join(folder, 'bin') }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ kind: 'refused' });
    }
    const cwd = await exec.run(['true'], { env, cwd: '/no/folder' }).catch((caught: unknown) => caught);
    expect(cwd).toMatchObject({ kind: 'refused', message: expect.stringContaining('/no/folder') });
    const long = await exec.run(['true', 'x'.repeat(3_000_000)], { env }).catch((caught: unknown) => caught);
    expect(long).toMatchObject({ kind: 'refused', message: expect.stringContaining('too long') });
    expect(exec.run(['echo', 'a\0b'], { env })).rejects.toMatchObject({ kind: 'bad-input' });
    await noneLeft(before);
  });

  test('which looks at absolute folders of the path only', () => {
    expect(exec.which('sh')).toMatch(/^\/(usr\/)?bin\/sh$/);
    expect(exec.which('tool', `relative:${folder}`)).toBe(join(folder, 'tool'));
    expect(exec.which('data', join(folder, 'bin'))).toBeUndefined();
    expect(exec.which('dir', join(folder, 'bin'))).toBeUndefined();
  });

  test.concurrent('after the timeout with its whole group, though it ignores TERM', async () => {
    const result = await sh('trap "" TERM; sleep 61 & echo $!; wait; sleep 62', { timeoutMs: 150, graceMs: 100 });
    expect(result).toMatchObject({ signal: 'SIGKILL', timedOut: true });
    await gone(Number(result.stdout));
  });

  test.concurrent('after the timeout with time to clean up', async () => {
    const result = await sh('trap "echo bye; exit 9" TERM; echo up; while :; do sleep 0.01; done', { timeoutMs: 200 });
    expect(result).toMatchObject({ code: 9, timedOut: true, stdout: 'up\nbye\n' });
  });

  test('when the signal fires, at once or before the start', async () => {
    const stop = new AbortController();
    const running = sh('sleep 60', { signal: stop.signal, onLine: () => undefined });
    stop.abort();
    expect(await running).toMatchObject({ signal: 'SIGTERM', timedOut: false });
    expect(await sh('echo never', { signal: stop.signal })).toMatchObject({ code: undefined, stdout: '' });
  });
});

describe('what it leaves behind', () => {
  test.concurrent('a background child that holds the pipes does not hold us', async () => {
    const mark = newMark();
    const result = await sh('sleep 60 & echo done', { mark });
    expect(result).toMatchObject({ code: 0, stdout: 'done\n' });
    const left = marked(mark);
    expect(left).toHaveLength(1);
    for (const pid of left) process.kill(pid, 'SIGKILL');
  });

  test.concurrent('stragglers are ended, in the group and in sessions of their own', async () => {
    const mark = newMark();
    const script =
      'sleep 60 & setsid sh -c "trap \\"\\" TERM; setsid sleep 60 & sleep 60" >/dev/null 2>&1 & sleep 0.1; exit 3';
    const result = await sh(script, { mark, endStragglers: true });
    expect(result.code).toBe(3);
    expect(marked(mark)).toEqual([]);
  });

  test('the mark is the whole value', async () => {
    const mark = newMark();
    const other = Bun.spawn(['sleep', '60'], {
      env: { ASD_MARK: `${mark}0`, X: `ASD_MARK=${mark}`, Y_ASD_MARK: mark },
    });
    await begun(other.pid);
    expect(marked(mark)).toEqual([]);
    expect(marked(`${mark}0`)).toEqual([other.pid]);
    other.kill('SIGKILL');
    await other.exited;
  });

  test('no descriptor of ours stays open', async () => {
    await sh('true', { outputFile: join(folder, 'warm') });
    const before = openFds();
    for (let i = 0; i < 20; i += 1) await sh('echo x; echo y >&2', { outputFile: join(folder, 'warm'), input: 'z' });
    await noneLeft(before);
  });
});

describe('what is kept', () => {
  test('standard output up to a limit, which is an error or a cut', async () => {
    const error = await sh('yes', { maxStdoutBytes: 1000, graceMs: 100 }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind: 'step-failed', message: expect.stringContaining('1000 bytes') });
    const cut = await sh('echo 12345678', { maxStdoutBytes: 4, truncate: true });
    expect(cut).toMatchObject({ code: 0, stdout: '1234' });
    expect((await sh('printf 1234', { maxStdoutBytes: 4 })).stdout).toBe('1234');
  });

  test('a file with both streams, masked, appended, 0600', async () => {
    const outputFile = join(folder, 'kept.out');
    const options = { outputFile, secrets: ['sesame-open'] };
    const lines: string[] = [];
    const result = await sh('printf "a sesame-"; sleep 0.05; echo open >&2; echo open', {
      ...options,
      onLine: (line) => lines.push(line),
    });
    await sh('echo second', options);
    expect(readFileSync(outputFile, 'utf8').split('\n').sort()).toEqual(
      ['', 'a open', '***', 'second'].sort().filter(Boolean).concat('').sort(),
    );
    expect(statSync(outputFile).mode & 0o777).toBe(0o600);
    expect(result.tail.join('|')).not.toContain('sesame-open');
    expect(lines).toEqual(result.tail);
    expect(result.stdout).toBe('a sesame-open\n');
  });

  test('the last thirty lines of both', async () => {
    const { tail } = await sh('seq 1 100000; echo end >&2');
    expect(tail).toHaveLength(30);
    expect(tail).toContain('end');
    expect(tail).toContain('100000');
  });

  test('everything that was written, however busy we are when the command ends', async () => {
    const running = sh('head -c 700000 /dev/zero; sleep 60 & exit 0', { endStragglers: true, mark: newMark() });
    await Bun.sleep(20);
    const busyUntil = performance.now() + 300;
    while (performance.now() < busyUntil);
    expect((await running).stdout).toHaveLength(700_000);
  });

  test('a flood leaves memory as it was', async () => {
    const outputFile = join(folder, 'flood.out');
    const options = {
      env,
      outputFile,
      truncate: true,
      maxStdoutBytes: 10,
      secrets: ['some-secret-value'],
    };
    const { value, grownBytes } = await memoryOf({
      setup: `
        import { openExec } from ${JSON.stringify(join(import.meta.dir, 'exec.ts'))};
        const run = (script) => openExec('').run(['sh', '-c', script], ${JSON.stringify(options)});`,
      warm: `await run('true');`,
      work: `run('head -c 130000000 /dev/zero; yes | head -c 70000000 >&2')`,
    });
    const result = value as Awaited<ReturnType<typeof sh>>;
    expect(grownBytes).toBeLessThan(100_000_000);
    expect(result).toMatchObject({ code: 0, stdout: '\0'.repeat(10) });
    expect(result.tail.at(-2)).toBe('y');
    const kept = readFileSync(outputFile);
    expect(kept.length).toBeLessThan(10.1 * 1024 * 1024);
    expect(kept.includes('bytes dropped here]')).toBe(true);
    expect(kept.subarray(-4).toString()).toBe('y\ny\n');
  }, 120_000);
});

test('what a killed engine left running is ended by its mark, and by its mark only', async () => {
  const spawn = (mark: string) =>
    Bun.spawn(['sh', '-c', 'exec sleep 60'], {
      env: { PATH: process.env.PATH ?? '', ASD_MARK: mark },
      stdio: ['ignore', 'ignore', 'ignore'],
    });
  const mark = newMark();
  const [left, exact, other] = [spawn(`${mark}.abcd`), spawn(mark), spawn(`${mark}x`)];
  try {
    for (const child of [left, exact, other]) await begun(child.pid);
    expect(await exec.endMarked(mark)).toBe(2);
    expect([await left.exited, await exact.exited]).toEqual([137, 137]);
    expect(other.exitCode).toBeNull();
  } finally {
    other.kill('SIGKILL');
  }
});

test('what is detached leads a session of its own, and nobody waits for it', async () => {
  const file = join(folder, 'detached');
  exec.detach(['sh', '-c', `ps -o sid= -p $$ > '${file}.new'; echo $$ >> '${file}.new'; mv '${file}.new' '${file}'`], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
  });
  while (!existsSync(file)) await Bun.sleep(5);
  const [session, own] = readFileSync(file, 'utf8').trim().split(/\s+/);
  expect(session).toBe(own as string);
});

test('a closed one ends all that it runs, and begins nothing more', async () => {
  const closed = openExec(env.PATH);
  const mark = newMark();
  const options = { env, mark };
  const results = [
    closed.run(['sleep', '60'], options),
    closed.run(['sleep', '60'], { ...options, signal: new AbortController().signal }),
  ];
  const piped = closed.pipe([['sleep', '60'], ['cat']], options);
  const long = closed.start(['sleep', '60'], options);
  while (exec.marked(mark).length < 5) await Bun.sleep(5);
  await closed.close();
  expect(exec.marked(mark)).toEqual([]);
  for (const result of results) expect(await result).toMatchObject({ signal: 'SIGTERM', timedOut: false });
  // The second stage may have seen the end of its input before its own signal.
  expect((await piped).codes[0]).toBeUndefined();
  expect(await long.exited).toBeUndefined();
  expect(await closed.run(['sleep', '60'], options)).toMatchObject({ code: undefined, signal: 'SIGTERM' });
});
