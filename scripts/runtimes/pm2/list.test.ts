// Reading pm2's list, also where pm2 has something else to say around it.
import { afterAll, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReleaseError } from '../../model/error.ts';
import { pm2Context } from './fixture.ts';
import { pm2List, toRunning } from './list.ts';
import { checkNames } from './up.ts';

const { folder, context: outer } = pm2Context();
const program = join(folder, 'live', 'node_modules', '.bin', 'pm2');
mkdirSync(join(folder, 'live', 'node_modules', '.bin'), { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The host repository's own pm2, which says what it is told to say. */
function says(stdout: string, code = 0): typeof outer {
  writeFileSync(program, `process.stdout.write(${JSON.stringify(stdout)}); process.exit(${code})`);
  chmodSync(program, 0o755);
  return outer;
}
const entry = {
  name: 'page',
  pid: 0,
  pm_id: 3,
  pm2_env: { namespace: 'fx-page', status: 'errored', restart_time: 16, ASD_TREE: 'abc', exit_code: 1 },
};

test('warnings around the list are no part of it', async () => {
  const noisy = `>>>> In-memory PM2 is out-of-date, do:\n[PM2][WARN] careful\n${JSON.stringify([entry])}\n`;
  const [found] = await pm2List(says(noisy));
  expect(found).toMatchObject({ name: 'page', id: 3, pid: undefined, namespace: 'fx-page', restarts: 16, tree: 'abc' });
});

test('an app that gave up is not running, and says how it ended', async () => {
  const [found] = await pm2List(says(JSON.stringify([entry])));
  if (!found) throw new Error('nothing found');
  expect(toRunning(outer, found)).toMatchObject({
    running: false,
    exitCode: 1,
    imageId: 'tree:abc',
    instance: '3:-',
    paused: false,
  });
});

test('no process at all', async () => {
  expect(await pm2List(says('[PM2] Spawning PM2 daemon\n[]'))).toEqual([]);
});

test.each([
  ['', 1],
  ['', 0],
  ['[{"name": 7}]', 0],
  ['[{"name": "page"', 0],
])('%p with exit code %p is a failed step', async (stdout, code) => {
  const failure = await pm2List(says(stdout, code)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ReleaseError);
  expect(failure).toHaveProperty('kind', 'step-failed');
});

test('an app of the same name in another namespace is refused, with the way out', async () => {
  const all = await pm2List(says(JSON.stringify([{ ...entry, pm2_env: { namespace: 'default' } }])));
  const component = { role: 'app' as const, stateful: false, build: false, ports: [], mounts: [], dependsOn: [] };
  const resolved = {
    service: 'page',
    project: 'fx-page',
    components: [{ name: 'page', ...component }],
    variables: [],
    namedFiles: [],
    document: '',
  };
  expect(() => checkNames(resolved, all)).toThrow('another namespace');
  expect(() => checkNames({ ...resolved, project: 'default' }, all)).not.toThrow();
});
