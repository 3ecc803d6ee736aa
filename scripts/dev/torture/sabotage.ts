// Sabotage: each bug of the list is put into a copy of this checkout, and the suites that should see it run there.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { testEnvironment } from '../suites.ts';
import type { LongForm, Wish } from './long-form.ts';
import { repeats } from './long-form.ts';
import { type Points, SABOTAGES, type Sabotage } from './sabotages.ts';

const checkout = join(import.meta.dir, '..', '..', '..');
/** A bug that makes a suite hang is seen, too. */
const SUITE_MS = 300_000;
/** More than the suites have by themselves: a test that is only slow on a busy machine sees nothing. */
const TEST_MS = 90_000;

/** @returns the sabotaged source. @throws Error where the place is not there, or there more than once. */
export function sabotaged({ file, find, put, what }: Sabotage, source: string): string {
  const times = source.split(find).length - 1;
  if (times !== 1) throw new Error(`${file}: the place of "${what}" is there ${times} times`);
  return source.replace(find, () => put);
}

/** What git knows of, and what is new, without what it ignores. */
function copyCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'belay-sabotage-'));
  const listed = Bun.spawnSync(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: checkout,
  });
  for (const path of listed.stdout.toString().split('\0').filter(Boolean)) {
    if (!Bun.file(join(checkout, path)).size) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    copyFileSync(join(checkout, path), join(folder, path));
  }
  symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

async function exitOf(argv: string[], cwd: string): Promise<{ code: number; out: string }> {
  const child = Bun.spawn([process.execPath, ...argv], {
    cwd,
    env: { ...testEnvironment(process.env, {}), BELAY_TEST_SEED: '1' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    timeout: SUITE_MS,
    killSignal: 'SIGKILL',
  });
  const out = await new Response(child.stdout).text();
  await child.exited;
  return { code: child.exitCode ?? 137, out };
}

const testsFail = async (files: readonly string[], folder: string): Promise<boolean> => {
  const paths = files.map((file) => `./scripts/${file}`);
  const argv = ['test', ...paths, `--timeout=${TEST_MS}`, '--bail', '--only-failures'];
  return (await exitOf(argv, folder)).code !== 0;
};

async function pointsFail({ kind, only, most }: Points, folder: string): Promise<boolean> {
  const shard = { seed: 7, untilMs: Date.now() + SUITE_MS, only, kinds: [kind], part: 0, of: 1, most };
  const { code, out } = await exitOf(['scripts/dev/torture.ts', '--shard', JSON.stringify(shard)], folder);
  return code !== 0 || (JSON.parse(out) as { failures: unknown[] }).failures.length > 0;
}

interface Check {
  name: string;
  fails(folder: string): Promise<boolean>;
}

const checksOf = ({ seenBy, points }: Sabotage): Check[] => [
  ...seenBy.map((file) => ({ name: file, fails: (folder: string) => testsFail([file], folder) })),
  ...(points === undefined
    ? []
    : [{ name: JSON.stringify(points), fails: (folder: string) => pointsFail(points, folder) }]),
];

/** @param green checks that passed without a bug. @returns the first that fails with it; `red`, where there is no other: one that fails without it, too, and so sees nothing. */
async function seenByWhom(sabotage: Sabotage, folder: string, green: Set<string>): Promise<string | undefined> {
  let red: string | undefined;
  const path = join(folder, 'scripts', sabotage.file);
  const source = readFileSync(path, 'utf8');
  for (const { name, fails } of checksOf(sabotage)) {
    writeFileSync(path, sabotaged(sabotage, source));
    const failed = await fails(folder);
    writeFileSync(path, source);
    if (!failed) continue;
    if (!green.has(name) && !(await fails(folder))) green.add(name);
    if (green.has(name)) return name;
    red = `red: ${name}`;
  }
  return red;
}

async function run({ seed, untilMs, most, from }: Wish) {
  const chosen = SABOTAGES.slice(from, from + most);
  const folder = copyCheckout();
  const green = new Set<string>();
  const failures: string[] = [];
  let [tried, seen] = [0, 0];
  try {
    for (const [at, sabotage] of chosen.entries()) {
      if (Date.now() >= untilMs) break;
      const by = await seenByWhom(sabotage, folder, green);
      const caught = by !== undefined && !by.startsWith('red');
      tried += 1;
      console.log(`${caught ? 'caught    ' : 'NOT CAUGHT'} ${from + at} ${sabotage.what} (${by ?? 'by nothing'})`);
      if (caught) seen += 1;
      else
        failures.push(
          `sabotage ${from + at}: not caught (${by ?? 'by nothing'}): ${sabotage.what}  # ${repeats('sabotage', seed, from + at)}`,
        );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { tried, notes: [`${seen} of ${tried} caught`], failures };
}

export const SABOTAGE: LongForm = {
  kind: 'sabotage',
  what: 'bugs written into a copy of the engine, to be seen by its suites',
  count: SABOTAGES.length,
  run,
};
