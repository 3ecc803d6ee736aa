// Trying again after a growing wait, for what a moment may mend. The waits are of this machine's clock.
import pRetry from 'p-retry';

/**
 * @param retries how often after the first time. @param firstWaitMs doubled after each. @param mayPass of an error: whether trying again can help.
 * @throws the last error.
 */
export const retrying = <T>(
  attempt: () => Promise<T>,
  { retries, firstWaitMs, mayPass }: { retries: number; firstWaitMs: number; mayPass: (error: unknown) => boolean },
): Promise<T> =>
  pRetry(attempt, { retries, minTimeout: firstWaitMs, factor: 2, shouldRetry: ({ error }) => mayPass(error) });
