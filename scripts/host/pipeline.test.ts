import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryOf } from '../dev/memory.ts';
import { openExec } from './exec.ts';

const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
const { pipe } = openExec(env.PATH);
const folder = mkdtempSync(join(tmpdir(), 'pipe-'));
afterAll(() => rmSync(folder, { recursive: true }));
const sh = (script: string) => ['sh', '-c', script];
const sha256 = (content: Uint8Array | string) => new Bun.CryptoHasher('sha256').update(content).digest('hex');

describe('what comes out', () => {
  test('goes to the file, hashed and 0600, instead of what was there', async () => {
    const toFile = join(folder, 'out');
    writeFileSync(toFile, 'x'.repeat(10_000_000), { mode: 0o666 });
    const result = await pipe([sh('head -c 5000000 /dev/zero'), ['tr', '\\0', 'a'], ['cat']], { env, toFile });
    const content = readFileSync(toFile);
    expect(content.equals(Buffer.alloc(5_000_000, 'a'))).toBe(true);
    expect(result).toMatchObject({ codes: [0, 0, 0], bytes: 5_000_000, sha256: sha256(content), timedOut: false });
    expect(statSync(toFile).mode & 0o777).toBe(0o600);
  });

  test('is counted and dropped without a file', async () => {
    const result = await pipe(
      [
        ['printf', 'abc'],
        ['tr', 'a-z', 'A-Z'],
      ],
      { env },
    );
    expect(result).toMatchObject({ codes: [0, 0], bytes: 3, sha256: sha256('ABC') });
    expect(await pipe([['true']], { env })).toMatchObject({ bytes: 0, sha256: sha256('') });
  });

  test('the first reads from a file or input, else nothing', async () => {
    const fromFile = join(folder, 'in');
    writeFileSync(fromFile, 'from file');
    expect(await pipe([['cat']], { env, fromFile })).toMatchObject({ sha256: sha256('from file') });
    expect(await pipe([['cat'], ['cat']], { env, input: 'from memory' })).toMatchObject({
      sha256: sha256('from memory'),
    });
    expect(await pipe([['cat']], { env })).toMatchObject({ bytes: 0 });
    expect(pipe([['cat']], { env, fromFile: folder })).rejects.toMatchObject({ kind: 'refused' });
  });

  test('a link is not followed', async () => {
    symlinkSync('in', join(folder, 'trap'));
    expect(pipe([['echo', 'x']], { env, toFile: join(folder, 'trap') })).rejects.toThrow('ELOOP');
    expect(readFileSync(join(folder, 'in'), 'utf8')).toBe('from file');
  });
});

describe('when a stage fails', () => {
  test('each code is told, in order, with what they said', async () => {
    const result = await pipe([sh('echo one >&2; exit 3'), sh('cat; echo two >&2; exit 4'), sh('cat; exit 5')], {
      env,
    });
    expect(result.codes).toEqual([3, 4, 5]);
    expect(result.tail.sort()).toEqual(['one', 'two']);
  });

  test.concurrent('those before it are ended', async () => {
    const result = await pipe([['sleep', '60'], sh('exec sleep 61'), ['false']], { env });
    expect(result.codes).toEqual([undefined, undefined, 1]);
    expect(result.tail).toEqual([
      '(sleep was ended by SIGTERM)',
      '(sh was ended by SIGTERM)',
      '(false ended with exit code 1 and said nothing)',
    ]);
  });

  test.concurrent('those after it finish what they got', async () => {
    const result = await pipe([sh('echo part; exit 1'), sh('cat; sleep 0.5; echo rest')], { env });
    expect(result).toMatchObject({ codes: [1, 0], sha256: sha256('part\nrest\n') });
  });

  test('a program that is not there starts nothing and leaves nothing open', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const toFile = join(folder, 'unused');
    for (let i = 0; i < 10; i += 1) {
      expect(await pipe([['sleep', '60'], ['no-such-program']], { env, toFile }).catch((e) => e.kind)).toBe('refused');
    }
    // Bun closes what it reads from a moment later; descriptors that leak run into the test's time-out.
    while (readdirSync('/proc/self/fd').length > before + 5) await Bun.sleep(5);
    expect(pipe([], { env })).rejects.toMatchObject({ kind: 'bad-input' });
  });

  test.concurrent('the timeout and the signal end them all', async () => {
    const late = await pipe([['sleep', '60'], sh('trap "" TERM; sleep 61; sleep 62')], {
      env,
      timeoutMs: 100,
      graceMs: 100,
    });
    expect(late).toMatchObject({ codes: [undefined, undefined], timedOut: true });
    const stop = new AbortController();
    const running = pipe([['sleep', '60'], ['cat']], { env, signal: stop.signal, toFile: join(folder, 'stopped') });
    stop.abort();
    // The second may see the end of its input before its signal.
    const stopped = await running;
    expect(stopped.codes[0]).toBeUndefined();
    expect(stopped.timedOut).toBe(false);
  });

  test.concurrent('output that a background process still holds is no result', async () => {
    const held = pipe([sh('echo x; sleep 60 &')], { env, mark: `pipe-${process.pid}`, endStragglers: true });
    expect(held).rejects.toMatchObject({ kind: 'step-failed', message: expect.stringContaining('still holds') });
    await held.catch(() => undefined);
  });

  test('a file that cannot grow is told by the stage that wrote it', async () => {
    const limited = ['bash', '-c', 'ulimit -f 1; trap "" XFSZ; head -c 100000 /dev/zero'];
    const result = await pipe([limited], { env, toFile: join(folder, 'limited') });
    expect(result.codes).toEqual([1]);
    expect(result.tail.join()).toContain('File too large');
  });
});

test('what passes does not stay in memory', async () => {
  const { value, grownBytes } = await memoryOf({
    setup: `
      import { openExec } from ${JSON.stringify(join(import.meta.dir, 'exec.ts'))};
      const env = ${JSON.stringify(env)};
      const { pipe } = openExec(env.PATH);
      const head = ['head', '-c', '200000000', '/dev/zero'];`,
    warm: `await pipe([['true']], { env });`,
    work: `(async () => [await pipe([head, ['cat']], { env }), await pipe([head], { env, toFile: ${JSON.stringify(join(folder, 'big'))} })])()`,
  });
  rmSync(join(folder, 'big'));
  const passed = { bytes: 200_000_000, sha256: sha256(Buffer.alloc(200_000_000)) };
  expect(value).toMatchObject([passed, passed]);
  expect(grownBytes).toBeLessThan(100_000_000);
});
