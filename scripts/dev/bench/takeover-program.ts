// release-adopt in this very process, and its memory in the end: takeover-program.ts FLAGS...
import { openHost } from '../../host/real.ts';
import { openTerminal } from '../../host/terminal.ts';
import { verb } from '../../release/adopt.ts';
import { runVerb } from '../../release/verb.ts';
import { ownPeakMb } from './own-memory.ts';
import { CHECKOUT } from './program.ts';

/** @returns the exit code. */
export async function main(word: string, rest: readonly string[]): Promise<number> {
  const world = { host: openHost(), terminal: openTerminal(), engine: CHECKOUT };
  const exit = await runVerb(verb, [word, ...rest], world);
  console.log(JSON.stringify({ ownMb: ownPeakMb() }));
  return exit;
}
