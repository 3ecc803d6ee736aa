// What doctor prints: a line a finding, below it the commands that mend it; whatever was found, no secret and nothing that moves a cursor.
import { makeMasker } from '../host/mask.ts';
import type { Finding, Outcome } from './check.ts';
import { exitOf, type Result } from './examine.ts';

const WORDS: Record<Outcome, string> = { pass: 'ok', warn: 'warn', fail: 'FAIL', skip: 'skip', broken: 'BROKEN' };
const INDENT = '        ';

/** Takes the secrets out of everything that was found. A command that would hold one is left out: it could not be run any more. */
export function masked(results: readonly Result[], secrets: readonly string[]): Result[] {
  const clean = (text: string): string => {
    const masker = makeMasker(secrets);
    return masker.push(text) + masker.flush();
  };
  const cleaned = ({ outcome, what, mends }: Finding): Finding => ({
    outcome,
    what: clean(what),
    mends: mends.filter(({ command }) => clean(command) === command),
  });
  return results.map(({ check, findings }) => ({ check, findings: findings.map(cleaned) }));
}

/** Each mend is a line that a shell takes as it is: what it does stands behind a `#`. */
export function reportLines(results: readonly Result[]): string[] {
  const width = Math.max(...results.map(({ check }) => check.length));
  const lines = results.flatMap(({ check, findings }) =>
    findings.flatMap(({ outcome, what, mends }) => [
      `${WORDS[outcome].padEnd(6)}  ${check.padEnd(width)}  ${what.replaceAll('\n', ' ')}`,
      ...mends.map(({ command, does }) => `${INDENT}${command}  # ${does}`),
    ]),
  );
  const count = (outcome: Outcome) => results.flatMap((r) => r.findings).filter((f) => f.outcome === outcome).length;
  const counts = [
    `${count('fail')} failed`,
    `${count('warn')} warnings`,
    `${count('pass')} ok`,
    `${count('skip')} skipped`,
  ];
  if (count('broken') > 0) counts.unshift(`${count('broken')} checks broken`);
  return [...lines, '', `${exitOf(results) === 0 ? 'Ready' : 'Not ready'}: ${counts.join(', ')}`];
}

export const reportJson = (results: readonly Result[]): string =>
  JSON.stringify({ ready: exitOf(results) === 0, exit: exitOf(results), checks: results });
