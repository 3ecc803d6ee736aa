// The test command: types, lint, dead exports, shell, unit and contract tests, scenarios. Ends with `N passed, N failed`.
import { join } from 'node:path';
import { messageOf } from '../model/error.ts';
import { type Outcome, runCheck, sourceChecks } from './checks.ts';
import { KILLS, newSeed, SEED } from './kill-points.ts';
import { runSuite, SUITES, testEnvironment } from './suites.ts';

const USAGE = `usage: ./bootstrap test [unit|scenarios]...   without a word: these, and types, lint, dead exports, shell`;
const checkout = join(import.meta.dir, '..', '..');
const strict = process.env.CI === 'true';

function line({ name, passed, failed, skipped, seconds }: Outcome): string {
  const verdict = failed > 0 ? `FAILED (${failed})` : passed === 0 && skipped > 0 ? 'skipped' : 'ok';
  const counts = passed + failed + skipped > 1 ? `  ${passed} passed, ${failed} failed, ${skipped} skipped` : '';
  return `${name.padEnd(14)} ${verdict.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s${counts}`;
}

const outcomes: Outcome[] = [];
function record(outcome: Outcome): void {
  outcomes.push(outcome);
  console.log(line(outcome));
}

function tellFailures({ failed, notes }: Outcome): void {
  if (failed > 0) for (const note of notes) console.log(`  ${note}`);
}

/** The Docker engine for all suites, or why there is none. Where it has to be there, its lack is a failure. */
async function startEngine(): Promise<{ env: Record<string, string>; reason?: string; stop(): Promise<void> }> {
  const { SHARED_ENGINE, startTestEngine, unavailableReason } = await import('./engine/test-engine.ts');
  try {
    const reason = unavailableReason();
    if (reason !== undefined) return { env: {}, reason, stop: async () => undefined };
    const engine = await startTestEngine();
    return { env: { ...engine.env, [SHARED_ENGINE]: engine.env.DOCKER_HOST }, stop: () => engine.stop() };
  } catch (error) {
    return { env: {}, reason: messageOf(error), stop: async () => undefined };
  }
}

const words = process.argv.slice(2);
if (words.some((word) => !(word in SUITES))) {
  console.error(USAGE);
  process.exit(2);
}
const suites = words.length > 0 ? Object.keys(SUITES).filter((name) => words.includes(name)) : Object.keys(SUITES);
const checks = words.length > 0 ? [] : sourceChecks(checkout, strict);

const seed = process.env[SEED] ?? newSeed();
process.env[SEED] = seed;
const none = { env: {}, stop: async () => undefined };
const starting = suites.some((name) => SUITES[name]?.docker) ? startEngine() : Promise.resolve(none);
for (const outcome of await Promise.all(checks.map((check) => runCheck(check, checkout, strict)))) {
  record(outcome);
  tellFailures(outcome);
}
const engine: Awaited<ReturnType<typeof startEngine>> = await starting;
console.log(`kills at ${process.env[KILLS] ?? 'a sample of the'} points  (${SEED}=${seed})`);
try {
  if (engine.reason !== undefined && strict) {
    const notes = [`no Docker engine for the tests: ${engine.reason}`];
    record({ name: 'docker engine', passed: 0, failed: 1, skipped: 0, seconds: 0, notes });
  }
  for (const name of suites) record(await runSuite(name, checkout, testEnvironment(process.env, engine.env)));
} finally {
  await engine.stop();
}

// Once more, all of it: where it was first told may be thousands of lines away.
const failing = outcomes.filter(({ failed }) => failed > 0);
if (failing.length > 0) console.log('\nwhat failed');
for (const outcome of failing) {
  console.log(line(outcome));
  tellFailures(outcome);
}

const sum = (of: 'passed' | 'failed' | 'skipped'): number =>
  outcomes.reduce((total, outcome) => total + outcome[of], 0);
if (sum('skipped') > 0 || engine.reason !== undefined) {
  const missing = outcomes.filter(({ failed, skipped }) => failed === 0 && skipped > 0).flatMap(({ notes }) => notes);
  const reasons = [...(engine.reason === undefined ? [] : [`no Docker engine: ${engine.reason}`]), ...missing];
  console.log(`${sum('skipped')} skipped${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}`);
}
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
