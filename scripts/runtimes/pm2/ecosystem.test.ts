// What is refused of an ecosystem file, and what becomes of one that is good. Evaluated by a real Bun.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReleaseError } from '../../model/error.ts';
import { readEcosystem } from './ecosystem.ts';
import { pm2Context, pm2Service } from './fixture.ts';
import { resolvePm2 } from './resolve.ts';

const { folder, context } = pm2Context();
const root = context.paths.root;
const stage = join(folder, 'stage');

beforeAll(() => {
  for (const top of [root, stage]) {
    mkdirSync(join(top, 'packages', 'page'), { recursive: true });
    writeFileSync(join(top, 'packages', 'page', 'server.ts'), 'process.env.PAGE_COLOUR; process.env["PAGE_FONT"];');
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (top: string, text: string) => writeFileSync(join(top, 'packages', 'page', 'ecosystem.config.cjs'), text);
const live = { root, live: true };

async function refusal(text: string): Promise<string> {
  write(root, text);
  try {
    await readEcosystem(context, pm2Service, live);
  } catch (error) {
    if (error instanceof ReleaseError && error.kind === 'refused')
      return [error.message, ...(error.facts.details ?? [])].join('\n');
    throw error;
  }
  return 'not refused';
}

test.each([
  ['throw new Error("no such thing")', 'no such thing'],
  ['module.exports = { apps: [] }', 'it has no apps'],
  ['module.exports = { apps: [{ script: "server.ts" }] }', 'name'],
  [
    'module.exports = { apps: [{ name: "a", script: "server.ts" }, { name: "a", script: "server.ts" }] }',
    'two apps are called a',
  ],
  ['module.exports = { apps: [{ name: "a", script: "server.ts", watch: true }] }', 'a has watch: true'],
  ['module.exports = { apps: [{ name: "a", script: "gone.ts" }] }', 'packages/page/gone.ts'],
  [
    'module.exports = { apps: [{ name: "a", script: "server.ts" }], static: [{ path: "." }] }',
    '`static` is not supported',
  ],
])('%s is refused', async (text, said) => {
  expect(await refusal(text)).toContain(said);
});

test('a secret that the file prints while it fails is masked', async () => {
  const secretive = { ...context, env: { ...context.env, PAGE_TOKEN: 'hunter2hunter2' }, secrets: ['hunter2hunter2'] };
  write(root, 'console.error(process.env.PAGE_TOKEN); process.exit(1)');
  const failure = await readEcosystem(secretive, pm2Service, live).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ReleaseError);
  expect(JSON.stringify(failure)).not.toContain('hunter2');
});

test('what a file prints does not get into its apps', async () => {
  write(root, 'console.log("{}"); module.exports = { apps: [{ name: "a", script: "server.ts" }] }');
  expect((await readEcosystem(context, pm2Service, live)).map((app) => app.name)).toEqual(['a']);
});

test('a bunfig.toml and an .env beside it have no say', async () => {
  const here = join(root, 'packages', 'page');
  writeFileSync(join(here, 'bunfig.toml'), 'preload = ["./trap.ts"]\n');
  writeFileSync(join(here, 'trap.ts'), 'process.exit(9)');
  writeFileSync(join(here, '.env'), 'TRAP=sprung\n');
  write(root, 'module.exports = { apps: [{ name: process.env.TRAP ?? "safe", script: "server.ts" }] }');
  expect((await readEcosystem(context, pm2Service, live)).map((app) => app.name)).toEqual(['safe']);
  rmSync(join(here, 'bunfig.toml'));
});

test('an app gets our namespace, an absolute folder and an interpreter; one that says its own keeps it', async () => {
  write(
    root,
    'module.exports = [{ name: "a", script: "server.ts", namespace: "theirs" }, { name: "b", script: "page/server.ts", interpreter: "deno", cwd: ".." }]',
  );
  const [a, b] = await readEcosystem(context, pm2Service, live);
  expect(a).toMatchObject({
    namespace: 'fx-page',
    cwd: join(root, 'packages', 'page'),
    exec_mode: 'fork',
    vizion: false,
  });
  expect(String(a?.interpreter)).toMatch(/bun(\.exe)?$/);
  expect(b).toMatchObject({ interpreter: 'deno', cwd: join(root, 'packages') });
});

test('a staged file is resolved as it will run live', async () => {
  const text = 'module.exports = { apps: [{ name: "a", script: __dirname + "/server.ts", cwd: __dirname }] }';
  write(root, text);
  write(stage, text);
  const staged = await resolvePm2(context, pm2Service, { root: stage, live: false });
  expect(staged).toEqual(await resolvePm2(context, pm2Service, live));
  expect(staged.document).not.toContain(stage);
  expect(staged.variables).toEqual(['PAGE_COLOUR', 'PAGE_FONT', 'PAGE_PORT']);
  expect(staged.components[0]?.ports).toEqual([{ hostIp: '127.0.0.1', port: 4999, protocol: 'tcp' }]);
});
