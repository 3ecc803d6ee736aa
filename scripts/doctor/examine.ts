// Runs all checks at once, each for itself: one that throws or hangs is reported, and the others go on.
import { ReleaseError } from '../model/error.ts';
import { type Check, type Finding, fail, mend, type Outcome, pass, skip } from './check.ts';
import type { Patient } from './patient.ts';

export interface Result {
  check: string;
  findings: Finding[];
}

/** Longer than any single look of a check may take. */
const CHECK_MS = 30_000;
const SHOWN = 40;

/** @returns results in the order of the checks. Never throws. */
export const examine = (at: Patient, checks: readonly Check[]): Promise<Result[]> =>
  Promise.all(checks.map(async (check) => ({ check: check.id, findings: await findingsOf(at, check) })));

async function findingsOf(at: Patient, check: Check): Promise<Finding[]> {
  if (check.needs === 'repository' && at.repo === undefined) return [skip('this is no checkout that git knows')];
  if (check.needs === 'docker' && !at.usesCompose) return [skip('no installed service runs on Docker')];
  const over = new AbortController();
  const { clock } = at.host;
  try {
    const late = clock
      .sleep(CHECK_MS, over.signal)
      .then((): Finding[] => [fail(`it took longer than ${CHECK_MS / 1000} s`)]);
    const found = await Promise.race([Promise.resolve().then(() => check.look(at)), late]);
    return found.length === 0 ? [pass('nothing to look at')] : shortened(found);
  } catch (error) {
    return [error instanceof ReleaseError ? refusal(error) : broken(error)];
  } finally {
    over.abort();
  }
}

const WORST_FIRST: readonly Outcome[] = ['broken', 'fail', 'warn', 'skip', 'pass'];

/** What is left out is never worse than what is shown. */
function shortened(found: Finding[]): Finding[] {
  if (found.length <= SHOWN) return found;
  const sorted = found.toSorted((a, b) => WORST_FIRST.indexOf(a.outcome) - WORST_FIRST.indexOf(b.outcome));
  const next = sorted[SHOWN]?.outcome ?? 'pass';
  return [...sorted.slice(0, SHOWN), { outcome: next, what: `and ${found.length - SHOWN} more`, mends: [] }];
}

/** A refusal says itself what to do; those of its hints that are commands are mends. */
function refusal({ message, facts }: ReleaseError): Finding {
  const hints = facts.hint === undefined ? [] : [facts.hint].flat();
  const commands = hints.filter((line) => /^(?:just|git|docker|systemctl|apt-get|chmod|chown) \S/.test(line));
  const words = hints.filter((line) => !commands.includes(line));
  const details = (facts.details ?? []).slice(0, 5);
  return fail([message, ...details, ...words].join('; '), ...commands.map((line) => mend(line, 'as the engine says')));
}

function broken(error: unknown): Finding {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { outcome: 'broken', what: `the check itself failed: ${text}`, mends: [] };
}

/** 0 ready, 1 something failed, 2 a check is broken. */
export function exitOf(results: readonly Result[]): number {
  const outcomes = new Set(results.flatMap(({ findings }) => findings.map(({ outcome }) => outcome)));
  return outcomes.has('broken') ? 2 : outcomes.has('fail') ? 1 : 0;
}
