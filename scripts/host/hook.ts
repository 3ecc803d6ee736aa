// Runs what people wrote: hooks, ticket scripts, install and e2e commands. Their own process group, no standard input, a cleaned environment.
import pRetry from 'p-retry';
import { ReleaseError, stepFailed } from '../model/error.ts';
import { cleanEnvironment } from './environment.ts';
import type { Host } from './port.ts';

/** EX_TEMPFAIL of sysexits.h: "not yet, try again". */
const NOT_YET = 75;
/** What timeout(1) exits with. */
const TOO_LONG = 124;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

export interface HookCall {
  argv: readonly string[];
  /** What is run, as an operator knows it. */
  what: string;
  cwd: string;
  /** The host's `.env` and the ASD_ variables. */
  env: Readonly<Record<string, string>>;
  /** Folder of zx, yaml, dotenv, undici and p-retry. */
  nodePath: string;
  secrets: readonly string[];
  timeoutMs: number;
  signal: AbortSignal;
  /** The release's own: what is left of it after a crash is found by it. */
  mark: string;
  outputFile: string;
  /** Called before each further try after an exit 75. */
  onRetry(tries: number): void;
}

/**
 * The interpreter for a script by its ending: `.ts` runs on the given Bun, `.sh` on bash. What a tsconfig.json of the repository says of
 * paths would send even the script itself elsewhere, and that exits 0.
 */
export function interpreter(bun: string, file: string): string[] {
  return file.endsWith('.ts')
    ? [bun, '--no-env-file', '--no-install', '--config=/dev/null', '--tsconfig-override=/dev/null', file]
    : ['bash', '--noprofile', '--norc', file];
}

/** Returns when it exited 0. @throws step-failed with rc, the last lines and the output file. */
export async function runHook(host: Host, call: HookCall): Promise<void> {
  const deadline = host.clock.monotonicMs() + call.timeoutMs;
  const left = (): number => deadline - host.clock.monotonicMs();
  const mark = `${call.mark}.${host.machine.random(4)}`;
  const env = cleanEnvironment(host.machine.env, { ...call.env, NODE_PATH: call.nodePath });
  let said: string[] = [];
  let notYet = 0;
  const once = async (tries: number): Promise<void> => {
    if (tries > 1) call.onRetry(tries);
    const result = await host.exec.run(call.argv, {
      cwd: call.cwd,
      env,
      timeoutMs: Math.max(1, left()),
      signal: call.signal,
      outputFile: call.outputFile,
      maxStdoutBytes: 0,
      truncate: true,
      mark,
      endStragglers: true,
      secrets: call.secrets,
    });
    if (result.code === 0 && !result.timedOut) return;
    said = result.tail.slice(-10);
    const facts = { details: said, outputFile: call.outputFile };
    if (result.timedOut || left() <= 0) throw tooLong(call, notYet, facts);
    if (result.code === NOT_YET) {
      notYet += 1;
      throw stepFailed({ ...facts, what: `${call.what} says "not yet" (exit 75)`, rc: NOT_YET });
    }
    const how = result.code === undefined ? `was ended by ${result.signal ?? 'a signal'}` : `exited ${result.code}`;
    throw stepFailed({ ...facts, what: `${call.what} ${how}`, rc: result.code ?? 137 });
  };
  try {
    await pRetry(once, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: FIRST_WAIT_MS,
      maxTimeout: LONGEST_WAIT_MS,
      factor: 2,
      maxRetryTime: call.timeoutMs,
      signal: call.signal,
      // What cannot even be started will not be there in a moment either.
      shouldRetry: ({ error }) => error instanceof ReleaseError && error.facts.rc === NOT_YET,
    });
  } catch (error) {
    // Where the signal fired, p-retry throws the signal's reason instead of ours.
    if (error instanceof ReleaseError || !call.signal.aborted) throw error;
    throw tooLong(call, notYet, { details: said, outputFile: call.outputFile }, error);
  }
}

/** @param notYet how often it exited 75 before the time was over. */
function tooLong(
  call: HookCall,
  notYet: number,
  facts: { details: string[]; outputFile: string },
  cause?: unknown,
): ReleaseError {
  const asked = notYet === 0 ? '' : `: it said "not yet" (exit 75) ${notYet} ${notYet === 1 ? 'time' : 'times'}`;
  const what = `${call.what} did not end within ${Math.round(call.timeoutMs / 1000)} s${asked}`;
  return stepFailed({ ...facts, what, rc: TOO_LONG }, cause);
}
