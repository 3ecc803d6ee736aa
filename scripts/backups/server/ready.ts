// A server that was just started does not answer yet: that is waited for, and nothing else is.
import { ReleaseError } from '../../model/error.ts';
import type { BackupContext } from '../kind.ts';

const PATIENCE_MS = 60_000;
const NOT_YET =
  /starting up|not yet accepting|Can't connect|could not connect|Connection refused|connection to server .*No such file|LOADING|Could not connect/i;

/** Asks again while the server is only starting, for a minute. @throws what `ask` throws. */
export async function whenReady<T>(context: BackupContext, ask: () => Promise<T>): Promise<T> {
  const { clock } = context.host;
  const until = clock.monotonicMs() + Math.min(PATIENCE_MS, context.timeoutMs);
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const text = error instanceof ReleaseError ? `${error.facts.what}\n${error.facts.details?.join('\n')}` : '';
      if (!NOT_YET.test(text) || clock.monotonicMs() > until || context.signal?.aborted) throw error;
      await clock.sleep(200, context.signal);
    }
  }
}
