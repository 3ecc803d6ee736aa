import { afterEach, beforeEach, expect, test } from 'bun:test';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const checkout = join(import.meta.dir, '..');
const native = join(checkout, 'node_modules', 'rust-just-linux-x64', 'bin', 'just');
let folder: string;
let engine: string;
let host: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-just-')));
  engine = join(folder, "the engine's");
  host = join(folder, 'host');
  mkdirSync(join(engine, 'scripts', 'dev'), { recursive: true });
  mkdirSync(join(host, 'packages'), { recursive: true });
  for (const file of ['justfile', 'scripts/dev/belay.just']) cpSync(join(checkout, file), join(engine, file));
  writeFileSync(join(engine, 'scripts', 'launch'), '#!/bin/sh\nprintf "<%s>" "$PWD" "$@"\nexit 7\n', { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function just(cwd: string, ...args: string[]) {
  const ran = Bun.spawnSync([native, ...args], { cwd, env: { PATH: '/usr/bin:/bin', PWD: engine } });
  return { code: ran.exitCode, out: ran.stdout.toString(), err: ran.stderr.toString() };
}
/** The names that are ours without beginning with `release-`. */
const PLAIN = ['doctor', 'playbook'];
const recipes = (cwd: string) => just(cwd, '--summary').out.trim().split(' ').filter(Boolean);

test('a host with its own shell, and recipes of the names that the checkout uses for developing', () => {
  const own = 'backup:\n    @echo mine $0\ndemo:\n    @echo my demo\ntest:\n    @true\n';
  writeFileSync(
    join(host, 'justfile'),
    `import "${engine}/justfile"\nset shell := ['bash', '-euc']\nset positional-arguments\n${own}`,
  );
  expect(just(host, 'backup').out).toBe('mine backup\n');
  expect(just(join(host, 'packages'), 'demo').out).toBe('my demo\n');
  const others = recipes(host).filter((name) => !/^(release|guard|belay)-/.test(name) && !PLAIN.includes(name));
  expect(others).toEqual(['backup', 'demo', 'test']);
});

test('a host with a doctor of its own keeps it by one setting, and has ours by the path', () => {
  const own = `import "${engine}/justfile"\ndoctor:\n    @echo mine\n`;
  writeFileSync(join(host, 'justfile'), own);
  expect(just(host, 'doctor').err).toContain('doctor');
  writeFileSync(join(host, 'justfile'), `set allow-duplicate-recipes\n${own}`);
  expect(just(host, 'doctor').out).toBe('mine\n');
  expect(just(host, '--justfile', join(engine, 'justfile'), '--working-directory', host, 'doctor', '--json').out).toBe(
    `<${host}><release/doctor><--json>`,
  );
});

test('a host that has the engine among its packages needs one line', () => {
  mkdirSync(join(host, 'node_modules'));
  symlinkSync(engine, join(host, 'node_modules', 'belay'));
  writeFileSync(join(host, 'justfile'), "import 'node_modules/belay/justfile'\n");
  expect(just(join(host, 'packages'), 'release-state', 'T1')).toEqual({
    code: 7,
    out: `<${host}><release/state><T1>`,
    err: '',
  });
  expect(recipes(host)).not.toContain('test');
});

test('arguments arrive as they were typed, and the exit code comes back without a word of just', () => {
  const typed = ['a; rm -rf x', '1e3', '--', '$(id)', '`id`', '', '*', "it's", '--dry-run', 'two\nlines'];
  expect(just(engine, 'release-run', ...typed)).toEqual({
    code: 7,
    out: `<${engine}><release/run>${typed.map((it) => `<${it}>`).join('')}`,
    err: '',
  });
  expect(just(engine, 'release-run')).toMatchObject({ code: 7, err: '' });
});

test("in the checkout's own top folder the recipes for developing are there too", () => {
  expect(just(engine, 'demo', '--keep').out).toBe(`<${engine}><dev/demo><--keep>`);
  expect(recipes(engine)).toEqual(expect.arrayContaining(['demo', 'test', 'bench', 'release-run']));
});

test('the importable file has one-line recipes with a doc line, for verbs that exist, and no setting', () => {
  const dump = JSON.parse(just(join(engine, 'scripts'), '--dump', '--dump-format', 'json').out) as {
    settings: Record<string, unknown>;
    aliases: object;
    assignments: object;
    recipes: Record<
      string,
      { doc: string | null; body: unknown[]; attributes: unknown[]; parameters: unknown[]; private: boolean }
    >;
  };
  expect(
    Object.values(dump.settings).filter(
      (value) => value !== false && value !== null && !(Array.isArray(value) && value.length === 0),
    ),
  ).toEqual([]);
  expect([dump.aliases, dump.assignments]).toEqual([{}, {}]);
  const scripts = readdirSync(join(checkout, 'scripts', 'release'));
  for (const [name, recipe] of Object.entries(dump.recipes)) {
    if (!PLAIN.includes(name)) expect(name).toMatch(/^(release|guard|belay)-/);
    expect(recipe.doc ?? '').not.toBe('');
    expect(recipe.body).toHaveLength(1);
    expect(JSON.stringify(recipe.body)).toContain('@exec ');
    expect(JSON.stringify(recipe.attributes)).toContain('positional-arguments');
    expect(JSON.stringify(recipe.attributes)).toContain('no-exit-message');
    expect(scripts).toContain(`${name.replace('release-', '')}.ts`);
  }
  expect(readFileSync(join(checkout, 'justfile'), 'utf8')).not.toMatch(/^(set|mod|export|alias)\b/m);
});
