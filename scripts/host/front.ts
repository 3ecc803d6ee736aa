// The process that the operator's terminal sees. The work itself runs in a session of its own, which a lost connection does not reach.
import { constants } from 'node:os';
import type { FrozenEngine } from './freeze.ts';

/** Names, in the environment of a frozen engine, the one that was found whole just before it was started. */
export const CHECKED = 'ASD_ENGINE_CHECKED';

const FORWARDED = ['SIGINT', 'SIGTERM'] as const;
const SIGNAL_BASE = 128;

/**
 * Runs a verb from a frozen engine, in its own session, with our output streams. INT and TERM are passed on; HUP, or our own end, are not.
 * @param env the whole environment of the child.
 * @returns its exit code; 128 + n where signal n ended it.
 */
export async function runFrozen(
  frozen: FrozenEngine,
  verb: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  let child: Bun.Subprocess | undefined;
  const early: NodeJS.Signals[] = [];
  const forward = (signal: NodeJS.Signals) => {
    if (child === undefined) early.push(signal);
    else child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    child = Bun.spawn(frozen.command(verb, args), {
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
      detached: true,
      env: { ...env, [CHECKED]: frozen.hash, BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' },
    });
    for (const signal of early) child.kill(signal);
    const code = await child.exited;
    return child.signalCode === null ? code : SIGNAL_BASE + (signalNumber(child.signalCode) ?? 0);
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

const signalNumber = (signal: string | number): number | undefined =>
  typeof signal === 'number' ? signal : (constants.signals as Record<string, number>)[signal];
