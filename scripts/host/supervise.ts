// Watching over the children of one command: deadline, abort, and what they leave behind.
import { type Child, endGroup, killStragglers } from './children.ts';
import type { PipeReader } from './pipe-reader.ts';
import type { RunOptions } from './port.ts';

const GRACE_MS = 5000;

export type Limits = Pick<RunOptions, 'timeoutMs' | 'graceMs' | 'signal' | 'mark' | 'endStragglers'>;

export interface Supervisor {
  readonly timedOut: boolean;
  /** Ends all children: TERM, grace, KILL. */
  end(): Promise<void>;
  /** Call it when the children are over: drains the pipes and ends stragglers where asked. @returns for each pipe, whether it was read to its end. */
  finish(): Promise<boolean[]>;
}

/** Watches from now on. A sink that throws ends the children, too. */
export function supervise(children: readonly Child[], limits: Limits, readers: readonly PipeReader[]): Supervisor {
  let timedOut = false;
  let ending: Promise<unknown> | undefined;
  const end = async () => {
    ending ??= Promise.all(children.map((child) => endGroup(child, limits.graceMs ?? GRACE_MS)));
    await ending;
  };
  const expire = () => {
    timedOut = true;
    void end();
  };
  const timer = limits.timeoutMs === undefined ? undefined : setTimeout(expire, limits.timeoutMs);
  const aborted = () => void end();
  limits.signal?.addEventListener('abort', aborted, { once: true });
  if (limits.signal?.aborted) aborted();
  for (const reader of readers) reader.done.catch(end);

  return {
    get timedOut() {
      return timedOut;
    },
    end,
    async finish() {
      clearTimeout(timer);
      limits.signal?.removeEventListener('abort', aborted);
      await ending;
      const results = await Promise.allSettled(readers.map((reader) => reader.drain()));
      if (limits.endStragglers) for (const child of children) await killStragglers(child, limits.mark);
      return results.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      });
    },
  };
}
