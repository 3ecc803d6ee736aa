// A verb, and the way into it: from the operator's terminal (enter), or inside the frozen engine (runVerb).
import { toplevel } from '../host/git/repository.ts';
import { openHost } from '../host/real.ts';
import { openTerminal } from '../host/terminal.ts';
import { ReleaseError } from '../model/error.ts';
import { type Given, HelpAsked, parseArguments, type Usage } from './arguments.ts';
import { engineFolder, enterFrozen } from './front.ts';
import { errorFields, exitCodeOf, renderError } from './render.ts';
import type { World } from './world.ts';

export interface Verb {
  usage: Usage;
  /** Mutating verbs run from a frozen copy of the engine, in a session of their own. */
  mutating: boolean;
  /** Asked for a look that writes no records, with these words. Default: a dry run. */
  looks?(given: Given): boolean;
  /** Refuses bad words before anything is written. @throws bad-input. */
  check?(given: Given): void;
  /** @returns the exit code. */
  run(given: Given, world: World): Promise<number>;
}

/** The whole of a verb in this process: words, work, and whatever goes wrong rendered. */
export async function runVerb(verb: Verb, args: readonly string[], world: World): Promise<number> {
  return await rendered(verb, args, world, async (given) => await verb.run(given, world));
}

/** From a script's command line. Sets the exit code when all is over. Nobody waits for it at the top level: what is compiled beforehand could not. */
export async function enter(verb: Verb): Promise<void> {
  // Should nothing be left to wait for before it is over, that is no success.
  process.exitCode = 1;
  const host = openHost();
  const args = process.argv.slice(2);
  const world = { host, terminal: openTerminal(), engine: engineFolder() };
  process.exitCode = await rendered(verb, args, world, async (given) =>
    // A look writes nothing, not even a copy of the engine.
    verb.mutating && !(verb.looks ?? ((words) => words.has('dry-run')))(given)
      ? await enterFrozen(verb.usage.verb, args, given, world)
      : await verb.run(given, world),
  );
}

async function rendered(
  verb: Verb,
  args: readonly string[],
  world: World,
  act: (given: Given) => Promise<number>,
): Promise<number> {
  const { terminal } = world;
  try {
    const given = parseArguments(verb.usage, args);
    verb.check?.(given);
    return await act(given);
  } catch (error) {
    if (error instanceof HelpAsked) {
      for (const line of error.lines) terminal.say(line);
      return 0;
    }
    const known = await knownFailures(error, world);
    if (args.includes('--json'))
      terminal.say(
        JSON.stringify({ event: 'error', ...errorFields(error), ...(known ? { known: known.failures } : {}) }),
      );
    else for (const line of [...renderError(error), ...(known?.lines ?? [])]) terminal.warn(line);
    return exitCodeOf(error);
  } finally {
    // A refusal is said while other looks go on, a push to a remote that does not answer among them: nothing outlives its verb.
    await world.host.exec.close();
  }
}

/** What the playbooks know of a refusal. Bad words and a held lock are what they are. */
async function knownFailures(error: unknown, { host, engine }: World) {
  if (!(error instanceof ReleaseError) || ['bad-input', 'locked', 'stopped'].includes(error.kind)) return undefined;
  const { knownOf } = await import('./known-failures.ts');
  const { knownLines } = await import('../playbooks/known.ts');
  const root = await toplevel(host, host.machine.env.ASD_ROOT ?? host.machine.cwd).catch((unknown: unknown) => {
    // That there is no checkout may be the very failure.
    if (unknown instanceof ReleaseError) return undefined;
    throw unknown;
  });
  const known = await knownOf({ host, engine, root }, error);
  return { failures: known.failures, lines: knownLines(known) };
}
