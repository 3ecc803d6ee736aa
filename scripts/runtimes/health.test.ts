import { expect, test } from 'bun:test';
import type { Host, HttpAnswer } from '../host/port.ts';
import { parseManifest } from '../manifest/parse.ts';
import { type ReleaseError, stepFailed } from '../model/error.ts';
import { awaitHealthy, checkVersion, endpointUrl } from './health.ts';
import type { RunningComponent, Runtime, RuntimeContext } from './runtime.ts';

function manifest(yaml: string) {
  const text = `name: wiki\nrequirements: { port_env: [{ env: WIKI_PORT, default: 3000 }] }\n${yaml}\n`;
  return parseManifest(text, { file: 'packages/wiki/manifest.yaml', folder: 'wiki' }).manifest;
}
const APP = 'containers: [{ name: wiki, role: app, required: true }]';
const HEALTH = 'health: { endpoint: /health }';

const up = (more: Partial<RunningComponent> = {}): RunningComponent => ({
  name: 'wiki',
  instance: 'one',
  imageId: 'sha256:1',
  imageRef: 'wiki:1',
  running: true,
  restarts: 0,
  startedAt: 'then',
  paused: false,
  mounts: [],
  project: 'wiki',
  ...more,
});
const answer = (status: number, body = ''): HttpAnswer => ({ status, headers: {}, body });

/** A service whose state is a function of the time, which goes on only while the gate waits. */
function world(state: {
  running?: (ms: number) => RunningComponent[];
  http?: (ms: number, url: string) => HttpAnswer;
  signal?: AbortSignal;
  mute?: boolean;
}) {
  let now = 0;
  const asked: string[] = [];
  const host = {
    clock: { monotonicMs: () => now },
    http: {
      get: async (url: string) => {
        asked.push(url);
        if (!state.http) throw new Error('connection refused');
        return state.http(now, url);
      },
    },
  } as unknown as Host;
  const context = {
    host,
    env: { WIKI_PORT: '4000', TOKEN: 's3cretvalue' },
    secrets: ['s3cretvalue'],
    ...(state.signal ? { signal: state.signal } : {}),
  } as unknown as RuntimeContext;
  const runtime = {
    running: async () => (state.running ?? (() => [up()]))(now),
    lastWords: async (_context: RuntimeContext, components: readonly RunningComponent[]) => {
      if (state.mute) throw stepFailed({ what: 'the log is gone' });
      return components.map(({ name }) => `${name} said why`);
    },
    changed: async (_context: RuntimeContext, _project: string, ms: number) => {
      now += ms;
    },
  } as unknown as Runtime;
  return { context, runtime, asked, elapsed: () => now };
}

const gate = (of: ReturnType<typeof world>, yaml: string, timeoutMs = 10_000, stableForMs = 0) =>
  awaitHealthy(of.context, of.runtime, manifest(yaml), 'wiki', { timeoutMs, stableForMs });
const why = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    () => 'healthy',
    (error: ReleaseError) => error.message,
  );

test('healthy at once costs no wait', async () => {
  const w = world({ http: () => answer(200) });
  await gate(w, `${APP}\n${HEALTH}`);
  expect([w.elapsed(), w.asked]).toEqual([0, ['http://127.0.0.1:4000/health']]);
});

test('it is asked again until it answers with the expected code, no later than needed', async () => {
  const w = world({ http: (ms) => answer(ms < 1_500 ? 503 : 200) });
  await gate(w, `${APP}\n${HEALTH}`);
  expect(w.elapsed()).toBe(1_750);
});

test('what it last said is why it is not healthy, without secrets', async () => {
  expect(await why(gate(world({ http: () => answer(302) }), `${APP}\n${HEALTH}`))).toBe(
    'wiki is not healthy: http://127.0.0.1:4000/health answered 302, not 200',
  );
  const leaky = world({});
  expect(await why(gate(leaky, `${APP}\nhealth: { endpoint: 'http://127.0.0.1:1/s3cretvalue' }`))).not.toContain(
    's3cretvalue',
  );
  expect(leaky.elapsed()).toBe(10_000);
});

test('it has to stay well: one that flaps is not healthy', async () => {
  const flapping = world({ http: (ms) => answer(Math.floor(ms / 900) % 2 === 0 ? 200 : 503) });
  expect(await why(gate(flapping, `${APP}\n${HEALTH}`, 10_000, 3_000))).toContain('answered 503');
  const steady = world({ http: () => answer(200) });
  await gate(steady, `${APP}\n${HEALTH}`, 10_000, 3_000);
  expect(steady.elapsed()).toBe(3_000);
});

test('one that becomes well just before the time-out still has its time to prove it', async () => {
  const w = world({ http: (ms) => answer(ms < 3_500 ? 503 : 200) });
  await gate(w, `${APP}\n${HEALTH}`, 4_000, 3_000);
  expect(w.elapsed()).toBeGreaterThanOrEqual(6_500);
});

test('a restart within the steady time begins it anew; many are a loop', async () => {
  const once = world({ running: (ms) => [up({ restarts: ms >= 1_000 ? 1 : 0 })], http: () => answer(200) });
  await gate(once, `${APP}\n${HEALTH}`, 60_000, 2_000);
  expect(once.elapsed()).toBeGreaterThanOrEqual(3_000);
  const loop = world({ running: (ms) => [up({ restarts: Math.floor(ms / 500) })], http: () => answer(200) });
  expect(await why(gate(loop, `${APP}\n${HEALTH}`, 60_000, 5_000))).toContain('restarts over and over');
});

test('with it comes what was printed last, by what is not well or else by the app; a log that is gone hides nothing', async () => {
  const details = async (w: ReturnType<typeof world>, yaml: string) =>
    await gate(w, yaml).then(
      () => undefined,
      (error: ReleaseError) => error.facts.details,
    );
  const db = up({ name: 'wiki-db' });
  const two = 'containers: [{ name: wiki, role: app, required: true }, { name: wiki-db, role: database }]';
  const down = world({ running: () => [up(), { ...db, running: false, exitCode: 1 }] });
  expect(await details(down, two)).toEqual(['wiki-db said why']);
  const refusing = { running: () => [up(), db], http: () => answer(503) };
  expect(await details(world(refusing), `${two}\n${HEALTH}`)).toEqual(['wiki said why']);
  const mute = await details(world({ ...refusing, mute: true }), `${two}\n${HEALTH}`);
  expect(mute).toEqual(['(its output could not be read: the log is gone)']);
});

test('a container that ended for good is not waited for until the time-out', async () => {
  const w = world({ running: () => [up({ running: false, exitCode: 1 })] });
  expect(await why(gate(w, APP, 120_000))).toContain('wiki ended with exit code 1');
  expect(w.elapsed()).toBeLessThan(5_000);
});

test('what has to run does, and says what is wrong with it', async () => {
  const problem = (yaml: string, running: RunningComponent[]) =>
    why(gate(world({ running: () => running }), yaml, 1_000));
  const job = 'containers: [{ name: wiki, role: job, required: true }]';
  const docker = 'containers: [{ name: wiki, role: app, required: true, health_check: true }]';
  expect(await problem(APP, [])).toContain('wiki is not there');
  expect(await problem(APP, [up({ paused: true })])).toContain('wiki is paused');
  expect(await problem('containers: [{ name: wiki, role: app, required: false }]', [])).toBe('healthy');
  expect(await problem(job, [up({ running: false, exitCode: 0 })])).toBe('healthy');
  expect(await problem(job, [up()])).toContain('has not ended yet');
  expect(await problem(docker, [up({ health: 'starting' })])).toContain("is starting by Docker's own check");
  expect(await problem(docker, [up()])).toContain('has no health check in Docker');
  expect(await problem(docker, [up({ health: 'healthy' })])).toBe('healthy');
});

test('a stop ends the wait', async () => {
  const w = world({ signal: AbortSignal.abort() });
  expect(await why(gate(w, `${APP}\n${HEALTH}`))).toContain('not healthy');
  expect(w.elapsed()).toBe(0);
});

test('endpoints: absolute, or a path on the first port, variables filled in', () => {
  const wiki = manifest(APP);
  expect(endpointUrl(wiki, 'https://wiki.example.org/x', {})).toBe('https://wiki.example.org/x');
  expect(endpointUrl(wiki, '/x', {})).toBe('http://127.0.0.1:3000/x');
  expect(endpointUrl(wiki, '/x', { WIKI_PORT: '4000' })).toBe('http://127.0.0.1:4000/x');
  expect(endpointUrl(wiki, 'http://${HOST}:${PORT:-80}/', { HOST: 'h' })).toBe('http://h:80/');
});

test('the version endpoint has to name a version as a word', async () => {
  const version = (body: string, status = 200) => {
    const w = world({ http: () => answer(status, body) });
    return why(checkVersion(w.context, manifest(APP), '/version', ['1.2', 'abc']));
  };
  expect(await version('{"version":"1.2"}')).toBe('healthy');
  expect(await version('build abc\n')).toBe('healthy');
  expect(await version('1.20')).toContain('does not run the new version');
  expect(await version('1.2', 500)).toContain('answered 500');
  expect(await version('old s3cretvalue')).not.toContain('s3cretvalue');
  const asked = checkVersion(
    world({ http: () => answer(200, 'old') }).context,
    manifest(APP),
    '/version?token=${TOKEN}',
    ['1'],
  );
  expect(await why(asked)).toContain('/version?token=*** answered 200 "old"');
  const silent = world({});
  expect(await why(checkVersion(silent.context, manifest(APP), '/version', ['1']))).toContain('does not answer');
});
