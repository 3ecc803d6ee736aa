import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReleaseError } from '../model/error.ts';
import { openEnclosure } from './enclosure.ts';
import { type HookCall, interpreter, runHook } from './hook.ts';
import type { Host } from './port.ts';
import { openHost } from './real.ts';

const folder = mkdtempSync(join(tmpdir(), 'hook-'));
afterAll(() => rmSync(folder, { recursive: true }));
const real = openHost();
const host: Host = {
  ...real,
  machine: {
    ...real.machine,
    env: { PATH: real.machine.env.PATH ?? '', HOME: folder, NODE_OPTIONS: '--bad', GIT_DIR: '/nowhere' },
  },
};
/** Not every machine lets this user have control groups. */
const probe = openEnclosure(`hook-test-probe-${process.pid}`);
const encloses = probe !== undefined;
await probe?.end();
let count = 0;

function call(argv: string[], more: Partial<HookCall> = {}): HookCall & { tries: number[] } {
  const tries: number[] = [];
  return {
    argv,
    what: 'packages/x/scripts/pre_start_init.ts',
    cwd: folder,
    env: {},
    nodePath: '/modules',
    secrets: [],
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    mark: `hook-test-${process.pid}`,
    outputFile: join(folder, `${count++}.out`),
    onRetry: (n) => void tries.push(n),
    ...more,
    tries,
  };
}
const sh = (script: string, more: Partial<HookCall> = {}) => call(['bash', '-c', script], more);
async function failed(of: HookCall): Promise<ReleaseError> {
  const outcome = await runHook(host, of).then(
    () => 'it went well',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ReleaseError);
  return outcome as ReleaseError;
}

/** Gives it more time as long as this machine was too busy to come to the point in less. */
async function inShortTime<T>(
  timeoutMs: number,
  act: (timeoutMs: number) => Promise<T>,
  came: (outcome: T) => boolean,
): Promise<T> {
  const outcome = await act(timeoutMs);
  return came(outcome) ? outcome : await inShortTime(timeoutMs * 4, act, came);
}

test('what it is given: folder, environment without ours, packages, no input; what it says is kept, masked, for us alone', async () => {
  const own = sh('pwd; echo "$A|$NODE_PATH|${NODE_OPTIONS-none}|${GIT_DIR-none}"; cat; echo key=s3cretvalue >&2', {
    env: { A: 'two words' },
    secrets: ['s3cretvalue'],
  });
  await runHook(host, own);
  const said = readFileSync(own.outputFile, 'utf8');
  expect(said).toContain(`${folder}\n`);
  expect(said).toContain('two words|/modules|none|none');
  expect(said).not.toContain('s3cretvalue');
  expect(statSync(own.outputFile).mode & 0o777).toBe(0o600);
});

test('a failure tells its exit code, its last lines and where the rest is', async () => {
  const own = sh('for i in $(seq 30); do echo line $i; done; exit 3');
  const error = await failed(own);
  expect(error.facts).toMatchObject({
    what: 'packages/x/scripts/pre_start_init.ts exited 3',
    rc: 3,
    outputFile: own.outputFile,
  });
  expect(error.facts.details).toEqual(Array.from({ length: 10 }, (_, at) => `line ${at + 21}`));
  expect(own.tries).toEqual([]);
});

test('exit 75 is asked again until it goes', async () => {
  const own = sh(`echo try >> '${folder}/tries'; [ $(wc -l < '${folder}/tries') -ge 2 ] || exit 75`);
  await runHook(host, own);
  expect(own.tries).toEqual([2]);
});

test('exit 75 until the time is over', async () => {
  const act = (timeoutMs: number) => failed(sh('exit 75', { timeoutMs }));
  const error = await inShortTime(600, act, ({ facts }) => facts.what.includes('not yet'));
  expect(error.facts.what).toMatch(/says "not yet"|said "not yet" \(exit 75\) \d times?$/);
});

test('an interpreter that is not there is not waited for', async () => {
  const own = call(['no-such-interpreter', 'x.ts']);
  const error = await failed(own);
  expect(error.message).toContain('"no-such-interpreter" is not there');
  expect(own.tries).toEqual([]);
});

test('one that hangs and ignores TERM ends with all that it began', async () => {
  const child = join(folder, 'child');
  const script = `trap '' TERM; (trap '' TERM; sleep 300) & echo $! > '${child}'; wait`;
  const slow: Host = {
    ...host,
    exec: { ...host.exec, run: (argv, options) => host.exec.run(argv, { ...options, graceMs: 100 }) },
  };
  const act = (timeoutMs: number) =>
    runHook(slow, sh(script, { timeoutMs })).then(
      () => undefined,
      (reason: unknown) => reason,
    );
  const error = await inShortTime(300, act, () => existsSync(child) && statSync(child).size > 0);
  expect(error).toMatchObject({
    facts: { what: expect.stringMatching(/^packages\/x\/scripts\/pre_start_init.ts did not end within \d+ s$/) },
  });
  expect(host.machine.alive(Number(readFileSync(child, 'utf8')))).toBe(false);
});

test('what it leaves in the background is ended, also when it went well', async () => {
  await runHook(host, sh(`setsid sleep 300 & echo $! > '${folder}/left'`));
  expect(host.machine.alive(Number(readFileSync(join(folder, 'left'), 'utf8')))).toBe(false);
});

test.skipIf(!encloses)(
  'what it leaves with an empty environment, in a session of its own, is ended, too; also when it went wrong',
  async () => {
    const left = `env -i setsid sh -c 'trap "" TERM; echo $$ > "${folder}/nobody"; exec sleep 300' >/dev/null 2>&1 &
      while [ ! -s '${folder}/nobody' ]; do sleep 0.01; done`;
    for (const code of [0, 3]) {
      rmSync(join(folder, 'nobody'), { force: true });
      const outcome = runHook(host, sh(`${left}; exit ${code}`)).catch((error: unknown) => error);
      expect((await outcome) === undefined).toBe(code === 0);
      expect(host.machine.alive(Number(readFileSync(join(folder, 'nobody'), 'utf8')))).toBe(false);
    }
  },
);

test.skipIf(!encloses)(
  'what a killed engine left in an enclosure is ended by the next one, and no other is',
  async () => {
    const [session, another] = ['hook-test-one', 'hook-test-two'].map((name) => `${name}-${process.pid}`);
    const start = (mark: string) => {
      const argv = openEnclosure(mark)?.command(['/bin/sleep', '300']) ?? [];
      return Bun.spawn(argv, { env: {}, detached: true, stdio: ['ignore', 'ignore', 'ignore'] });
    };
    const [own, other] = [start(`${session}.ab12`), start(`${another}.ab12`)];
    const inIt = (pid: number) => readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes('hook-test-');
    while (!inIt(own.pid) || !inIt(other.pid)) await Bun.sleep(2);
    expect(await host.exec.endMarked(session ?? '')).toBe(1);
    expect([await own.exited, other.exitCode]).toEqual([137, null]);
    expect(await host.exec.endMarked(another ?? '')).toBe(1);
    expect(await host.exec.endMarked(another ?? '')).toBe(0);
  },
);

test('a stop ends it', async () => {
  const stop = new AbortController();
  const own = sh(`echo begun > '${folder}/begun'; exec sleep 300`, { signal: stop.signal });
  const outcome = runHook(host, own).catch((error: unknown) => error);
  while (real.files.stat(join(folder, 'begun')) === undefined) await Bun.sleep(2);
  stop.abort();
  expect(await outcome).toBeInstanceOf(Error);
});

test('the folder that a hook runs in has no say in how', async () => {
  writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["./trap.ts"]\n');
  writeFileSync(join(folder, 'trap.ts'), "console.log('trapped');\n");
  writeFileSync(join(folder, '.env'), 'TRAP=sprung\n');
  writeFileSync(join(folder, 'hook.ts'), "console.log('own', process.env.TRAP ?? 'unset');\n");
  const own = call(interpreter(process.execPath, join(folder, 'hook.ts')));
  await runHook(host, own);
  expect(readFileSync(own.outputFile, 'utf8').trim()).toBe('own unset');
});

test('shell scripts run on bash, without the files of a login', () => {
  expect(interpreter('/bun', '/x/a.sh')).toEqual(['bash', '--noprofile', '--norc', '/x/a.sh']);
  expect(interpreter('/bun', '/x/a.ts')[0]).toBe('/bun');
});
