// Verbs that only read records start in a moment: what they import at their start holds none of the packages that take long to load.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const HEAVY = ['undici', 'zod', 'yaml', 'zx', 'p-retry', 'node:crypto', 'bun:sqlite'];
const transpiler = new Bun.Transpiler({ loader: 'ts' });

/** Everything that is loaded before the first line runs; dynamic imports are not. */
function loaded(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { path, kind } of transpiler.scanImports(readFileSync(file, 'utf8'))) {
    if (kind !== 'import-statement') continue;
    if (path.startsWith('.')) loaded(join(dirname(file), path), seen);
    else seen.add(path);
  }
  return seen;
}

const heavyIn = (script: string): string[] =>
  [...loaded(join(import.meta.dir, script))].filter((name) =>
    HEAVY.some((h) => name === h || name.startsWith(`${h}/`)),
  );

test.each(['state.ts', 'list.ts', 'log.ts', 'report.ts'])('%s', (script) => {
  expect(heavyIn(script)).toEqual([]);
});

// A manifest that is plain and sound is read without them; this is what planning many packages lives on.
test.each(['../manifest/parse.ts', '../manifest/release-config.ts', 'manifests.ts'])('%s', (script) => {
  expect(heavyIn(script)).toEqual([]);
});

test('what is heavy is seen', () => {
  expect(heavyIn('main.ts')).toContain('zod');
});
