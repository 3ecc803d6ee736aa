// The checks that read the source and run nothing of it: types, lint, dead exports, shell.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export interface Outcome {
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
  /** What a reader needs where something failed, or why it was skipped. */
  notes: string[];
}

interface Check {
  name: string;
  argv: string[];
  /** Not there, and not ours to install. */
  missing?: string;
}

/** @param checkout its top folder. @param strict also with the slow compiler, and nothing may be missing. */
export function sourceChecks(checkout: string, strict: boolean): Check[] {
  const modules = join(checkout, 'node_modules');
  const bun = process.execPath;
  const tsc = [bun, join(modules, 'typescript', 'bin', 'tsc'), '--noEmit', '--pretty', 'false'];
  const shell = [
    'bootstrap',
    'scripts/launch',
    '.ci/run',
    ...new Bun.Glob('{scripts,tests,packages}/**/*.sh').scanSync({ cwd: checkout }),
  ].filter((file) => existsSync(join(checkout, file)));
  const shellcheck = Bun.which('shellcheck');
  return [
    { name: 'types', argv: strict ? tsc : [bun, 'check', '--no-pretty'] },
    { name: 'lint', argv: [bun, join(modules, '@biomejs', 'biome', 'bin', 'biome'), 'ci', '--colors=off'] },
    {
      name: 'dead exports',
      argv: [bun, join(modules, 'knip', 'bin', 'knip.js'), '--no-progress', '--no-config-hints'],
    },
    {
      name: 'shell',
      argv: [shellcheck ?? 'shellcheck', ...shell],
      ...(shellcheck === null && { missing: 'shellcheck is not installed' }),
    },
  ];
}

/** Runs one; it counts as one test. */
export async function runCheck(check: Check, checkout: string, strict: boolean): Promise<Outcome> {
  const { name } = check;
  if (check.missing !== undefined) {
    return { name, passed: 0, failed: strict ? 1 : 0, skipped: strict ? 0 : 1, seconds: 0, notes: [check.missing] };
  }
  const start = performance.now();
  const child = Bun.spawn(check.argv, { cwd: checkout, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const notes = code === 0 ? [] : `${out}\n${err}`.split('\n').filter((line) => line.trim() !== '');
  const seconds = (performance.now() - start) / 1000;
  return { name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds, notes };
}
