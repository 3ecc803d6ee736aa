// The clock: wall time for people, boot time for durations.
import { bootTimeMs } from './libc.ts';
import type { Clock } from './port.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @returns true where the signal ended it. */
function nap(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const early = () => {
      clearTimeout(timer);
      resolve(true);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', early);
      resolve(false);
    }, ms);
    signal?.addEventListener('abort', early, { once: true });
  });
}

export function openClock(): Clock {
  return {
    now: () => new Date(),
    monotonicMs: bootTimeMs,
    deadline: (ms) => AbortSignal.timeout(Math.max(0, Math.min(Math.ceil(ms), LONGEST_TIMER_MS))),
    async sleep(ms, signal) {
      const end = bootTimeMs() + ms;
      for (let left = ms; left > 0 && !signal?.aborted; left = end - bootTimeMs()) {
        if (await nap(Math.min(left, LONGEST_TIMER_MS), signal)) return;
      }
    },
  };
}
