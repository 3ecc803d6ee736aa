// A command that does not end: how long it is waited for, and what ends it.
import type { RunOptions } from '../../host/port.ts';
import type { World } from './world.ts';

/** An operator who has seen nothing for so long presses Ctrl-C; and once more. */
const PATIENCE_MS = 24 * 3_600_000;

/** What hangs is waited for: to its time-out, until it is aborted, or until an operator has enough. @returns whether its time was over. @throws Error where nothing ends it. */
export async function hang(
  { clock, stops }: World,
  what: string,
  { timeoutMs, signal }: Pick<RunOptions, 'timeoutMs' | 'signal'>,
): Promise<boolean> {
  const over = (ms: number): Promise<boolean> =>
    new Promise((resolve) => {
      if (signal?.aborted) resolve(false);
      const cancel = clock.at(ms, () => resolve(true), true);
      signal?.addEventListener('abort', () => {
        cancel();
        resolve(false);
      });
    });
  if (timeoutMs !== undefined) return await over(timeoutMs);
  for (const count of [1, 2]) {
    if (!(await over(PATIENCE_MS))) return false;
    for (const stop of stops) stop('SIGINT', count);
  }
  if (!(await over(PATIENCE_MS))) return false;
  throw new Error(`${what} hung, and nothing ended it`);
}
