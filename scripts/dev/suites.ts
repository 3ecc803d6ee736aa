// The suites that run something: unit and contract tests, and scenarios. Bun counts them; a suite that cannot even start has failed once.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from './checks.ts';

const TEST_TIMEOUT_MS = 30_000;
const SCENARIO_TIMEOUT_MS = 240_000;
/** Names a folder that scenarios keep the frozen engine in, so that not each of their hosts makes its own. */
export const SHARED_FROZEN = 'BELAY_TEST_FROZEN';
/** Names a folder for what tests begin with and copy, so that not each of them makes its own. */
export const TEMPLATES = 'BELAY_TEST_TEMPLATES';

interface Suite {
  folder: string;
  timeoutMs: number;
  quiet: boolean;
  docker: boolean;
  /** More than cores: nearly half of the unit tests' time, and a third of the scenarios', is waiting for disks, containers, health. */
  workers: number;
}

export const SUITES: Record<string, Suite> = {
  unit: { folder: 'scripts', timeoutMs: TEST_TIMEOUT_MS, quiet: true, docker: false, workers: 4 },
  scenarios: { folder: 'tests/scenarios', timeoutMs: SCENARIO_TIMEOUT_MS, quiet: false, docker: true, workers: 3 },
};

/** What a test sees of this machine: neither its git settings nor its Docker engine. */
export function testEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  docker: Record<string, string>,
): Record<string, string> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^(?:GIT_|DOCKER_|COMPOSE_|ASD_)/.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
    ...docker,
  };
}

/** As it stands there. @param of the text of an element's tag. */
const attribute = (name: string, of: string): string | undefined => new RegExp(`\\b${name}="([^"]*)"`).exec(of)?.[1];

/** Numbers of the top element of a JUnit report. @param report its text; undefined where none was written. @param code of `bun test`. */
export function countReport(report: string | undefined, code: number): Pick<Outcome, 'passed' | 'failed' | 'skipped'> {
  const top = /<testsuites\b[^>]*>/.exec(report ?? '')?.[0] ?? '';
  const number = (name: string): number => Number(attribute(name, top) ?? 0);
  const [tests, failures, skipped] = [number('tests'), number('failures'), number('skipped')];
  // A file that does not load is no test, but it is a failure; and so is a suite in which nothing ran.
  const failed = failures === 0 && (code !== 0 || tests === 0) ? 1 : failures;
  return { passed: Math.max(0, tests - failures - skipped), failed, skipped };
}

const MAX_FAILURES = 20;
const MAX_FAILURE_LINES = 12;
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code, name) =>
    code === undefined ? (ENTITIES[name] ?? whole) : String.fromCodePoint(Number(code)),
  );

/** What failed, for the end of a long run: of each test its place, its name and the first lines of why. @param report a JUnit report's text. */
export function failuresOf(report: string): string[] {
  const cases = [...report.matchAll(/<testcase\b([^>]*[^/])>([\s\S]*?)<\/testcase>/g)];
  const failures = cases.flatMap(([, attributes = '', body = '']) => {
    const value = (name: string, of: string): string => unescaped(attribute(name, of) ?? '');
    const failure = /<failure\b[^>]*>/.exec(body)?.[0];
    if (failure === undefined) return [];
    const name = [value('classname', attributes), value('name', attributes)].filter(Boolean).join(' > ');
    const why = value('message', failure).split('\n').filter(Boolean).slice(0, MAX_FAILURE_LINES);
    return [[`${value('file', attributes)}:${value('line', attributes)}  ${name}`, ...why.map((line) => `  ${line}`)]];
  });
  const left = failures.length - MAX_FAILURES;
  return [...failures.slice(0, MAX_FAILURES).flat(), ...(left > 0 ? [`and ${left} more`] : [])];
}

/** Runs a suite; its own output goes through. */
export async function runSuite(name: string, checkout: string, env: Record<string, string>): Promise<Outcome> {
  const suite = SUITES[name];
  if (suite === undefined) throw new Error(`no suite ${name}`);
  const temp = mkdtempSync(join(tmpdir(), 'belay-test-'));
  const file = join(temp, 'junit.xml');
  const shared = { [SHARED_FROZEN]: join(temp, 'frozen'), [TEMPLATES]: temp };
  const start = performance.now();
  try {
    const argv = [
      process.execPath,
      'test',
      `./${suite.folder}`,
      `--timeout=${suite.timeoutMs}`,
      `--parallel=${suite.workers}`,
    ];
    const report = ['--reporter=junit', `--reporter-outfile=${file}`, ...(suite.quiet ? ['--only-failures'] : [])];
    const child = Bun.spawn([...argv, ...report], {
      cwd: checkout,
      env: { ...env, ...shared },
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
    });
    const code = await child.exited;
    const written = await readReport(file);
    const seconds = (performance.now() - start) / 1000;
    return { name, ...countReport(written, code), seconds, notes: failuresOf(written ?? '') };
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
}

async function readReport(file: string): Promise<string | undefined> {
  return (await Bun.file(file).exists()) ? readFileSync(file, 'utf8') : undefined;
}
