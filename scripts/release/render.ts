// The one place where an error becomes lines for an operator.
import { messageOf, ReleaseError } from '../model/error.ts';
import { inWords } from './system-error.ts';

/** What failed, where, details, the last lines of output, the file with the rest, what to do. */
export function renderError(raw: unknown): string[] {
  const error = inWords(raw);
  if (!(error instanceof ReleaseError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const [first, ...rest] = text.split('\n');
    return [
      `Belay itself failed: ${first}`,
      ...rest,
      'The records of the release are as they were written last; see: just release-state',
    ];
  }
  const { what, where, details, outputFile, hint } = error.facts;
  const lines = [`error: ${what}`];
  if (where !== undefined) lines.push(`  where: ${where}`);
  for (const detail of details ?? []) lines.push(`  | ${detail}`);
  if (outputFile !== undefined) lines.push(`  all of its output: ${outputFile}`);
  const hints = hint === undefined ? [] : typeof hint === 'string' ? [hint] : hint;
  for (const line of hints) lines.push(`  ${line}`);
  return lines;
}

/** The same facts for --json. */
export function errorFields(raw: unknown): Record<string, unknown> {
  const error = inWords(raw);
  if (!(error instanceof ReleaseError)) return { error: messageOf(error), kind: 'bug', exit: exitCodeOf(error) };
  return { error: error.message, kind: error.kind, exit: error.exitCode, ...error.facts };
}

export const exitCodeOf = (error: unknown): number => (error instanceof ReleaseError ? error.exitCode : 1);
