import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testSupport, violations } from './dev/architecture.ts';
import { importsOf, sourceText } from './dev/source-text.ts';

const checkout = join(import.meta.dir, '..');
const LONGEST_FILE = 300;
const sources = [...new Bun.Glob('scripts/**/*.ts').scanSync({ cwd: checkout })]
  .sort()
  .map((path) => ({ path, source: readFileSync(join(checkout, path), 'utf8') }));
const support = testSupport(new Map(sources.map(({ path, source }) => [path, source])));
const services = readdirSync(join(checkout, 'packages'), { withFileTypes: true })
  .filter((it) => it.isDirectory())
  .map((it) => it.name);

test('dependencies point one way, effects are behind the port, and no code names a service', () => {
  expect(sources.length).toBeGreaterThan(50);
  const checked = sources.filter(({ path }) => !support.has(path));
  expect(checked.flatMap(({ path, source }) => violations(path, source, services))).toEqual([]);
});

test('no file is longer than a reader can hold', () => {
  expect(sources.filter(({ source }) => source.split('\n').length > LONGEST_FILE + 1).map(({ path }) => path)).toEqual(
    [],
  );
});

const cases: Array<[folder: string, source: string, said: string]> = [
  ['plan', "import { x } from '../host/files.ts';", 'must not import scripts/host/files.ts'],
  ['plan', "import type { Host } from '../host/port.ts';", 'must not import scripts/host/port.ts'],
  ['plan', "export { x } from '../release/run.ts';", 'must not import scripts/release/run.ts'],
  ['plan', "const x = await import('zx');", 'must not import zx'],
  ['plan', "const now = `at ${Date.now()} o'clock`;", 'Date.now is for host/'],
  ['plan', 'const now = new Date();', 'new Date() is for host/'],
  ['model', "import { z } from 'zod';", 'must not import zod'],
  ['manifest', "import { readFileSync } from 'node:fs';", 'must not import node:fs'],
  ['journal', "import { readFileSync } from 'node:fs';", 'node:fs is for host/'],
  ['journal', 'Bun.write(path, content);', 'Bun.write is for host/'],
  ['engine', "import { git } from '../host/git/run.ts';", 'knows no git and no docker'],
  ['host', "import { log } from '../journal/log.ts';", 'must not import scripts/journal/log.ts'],
  ['runtimes', "import { backups } from '../backups/registry.ts';", 'must not import scripts/backups/registry.ts'],
  ['runtimes', "import { expect } from 'bun:test';", 'bun:test is for tests'],
  ['backups', 'const child = Bun.spawn([]);', 'Bun.spawn is for host/'],
  ['backups', 'await fetch(url);', 'fetch is for host/'],
  ['release', 'const home = process.env.HOME;', 'process.env is for host/'],
  ['release', 'setTimeout(again, 10);', 'setTimeout is for host/'],
  ['release', "process.kill(pid, 'SIGTERM');", 'process.kill is for host/'],
  ['release', "process['kill'](pid);", 'process is for host/'],
  ['release', 'const { env } = process;', 'process is for host/'],
  ['release', 'setInterval (again, 10);', 'setInterval is for host/'],
  ['release', 'const ms = performance.now();', 'performance.now is for host/'],
  ['release', 'const { now } = Date;', '} = Date is for host/'],
  ['release', 'const text = Date();', 'Date is for host/'],
  ['release', 'const time = new Date;', 'new Date is for host/'],
  ['release', 'const id = crypto.randomUUID();', 'crypto.randomUUID is for host/'],
  ['release', 'const signal = AbortSignal.timeout(5);', 'AbortSignal.timeout is for host/'],
  ['release', 'Atomics.wait(cell, 0, 0, 10);', 'Atomics.wait is for host/'],
  ['release', "const child = Bun['spawn']([]);", 'Bun is for host/'],
  ['release', 'const get = fetch;', 'fetch is for host/'],
  ['release', 'globalThis.fetch(url);', 'globalThis is for host/'],
  ['release', "new Worker('x.ts');", 'Worker is for host/'],
  ['release', "const fs = require('fs');", 'fs is for host/'],
  ['manifest', "const run = require('../host/exec.ts');", 'must not import scripts/host/exec.ts'],
  ['release', 'const fs = require(name);', 'require is for host/'],
  ['release', "const fs = await import('node:fs');", 'node:fs is for host/'],
  ['release', "import { createHash } from 'node:crypto';", 'node:crypto is for host/'],
  ['release', "import { performance } from 'node:perf_hooks';", 'node:perf_hooks is for host/'],
  ['release', "import { execa } from 'execa';", 'execa is for host/'],
  ['release', "for (const path of new Bun.Glob('*').scanSync()) say(path);", '.scanSync is for host/'],
  ['release', "const name = 'notes';", 'names the service notes'],
  ['elsewhere', '', 'no place in the dependency order'],
];

for (const [folder, source, said] of cases) {
  test(`found in ${folder}/: ${source}`, () => {
    expect(violations(`scripts/${folder}/x.ts`, source, ['notes']).join('\n')).toContain(said);
  });
}

test('words in comments, strings and expressions are no effects', () => {
  const source = [
    "// import { x } from '../host/files.ts'; Date.now()",
    '/* Bun.write */ const hint = "call Date.now() or fetch(url)";',
    'const text = `import "node:fs" ${words.map((w) => `${w} fetch(`)} process.env`;',
    'const pattern = /fetch\\([\'"`]/; const ratio = 4 / 2 / 1;',
    'const when = new Date(time); const same = prefetch(1); exec.fetch; context?.process; row[0].fetch(); at(now: Date);',
    'const part = { fetch: 1, process: { pid: 2 } }; const glob = new Bun.Glob(words); type Of = { crypto?: string };',
  ].join('\n');
  expect(violations('scripts/plan/x.ts', source)).toEqual([]);
});

test('only what no product file imports is for tests', () => {
  const files = new Map([
    ['scripts/plan/x.test.ts', "import './fixture.ts'; import './x.ts';"],
    ['scripts/plan/fixture.ts', "import './deeper.ts';"],
    ['scripts/plan/deeper.ts', "import './x.ts';"],
    ['scripts/plan/x.ts', ''],
    ['scripts/release/run.ts', "import '../plan/x.ts';"],
  ]);
  expect([...testSupport(files)]).toEqual(['scripts/plan/fixture.ts', 'scripts/plan/deeper.ts']);
});

test('a tests-only file may do what it likes, and a service name inside other words is none', () => {
  expect(violations('scripts/plan/x.test.ts', "import 'node:fs';")).toEqual([]);
  expect(violations('scripts/plan/x.ts', "const notes = ['release-notes', 'see the notes'];", ['notes'])).toEqual([]);
});

test('the text without comments keeps every place', () => {
  const source = "a('it''s', `x${b /* c */}y`); // end\nimport z from 'z';";
  const { text, code } = sourceText(source);
  expect([text.length, code.length]).toEqual([source.length, source.length]);
  expect(code).toContain('${b        }');
  expect(importsOf({ text, code })).toEqual(['z']);
});
