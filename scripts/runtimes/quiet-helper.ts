// The helpers that let a held service go: whoever takes the lock after a killed engine waits until they have done so.
import type { Host } from '../host/port.ts';
import type { RuntimeContext } from './runtime.ts';

const PATIENCE_MS = 15_000;
const LOOK_MS = 20;

/** Not below the release's own mark, since what carries that is ended after a crash, and a helper has to outlive it. */
const markOf = (mark: string): string => `quiet-${mark}`;

export const helperMark = ({ mark }: Pick<RuntimeContext, 'mark'>): { mark?: string } =>
  mark === undefined ? {} : { mark: markOf(mark) };

/** A helper starts what was stopped for a backup: it may not do so in the middle of whatever comes next. Gives up after 15 s. */
export async function awaitHelpers({ exec, clock }: Host, mark: string): Promise<void> {
  const end = clock.monotonicMs() + PATIENCE_MS;
  while (exec.marked(markOf(mark)).length > 0 && clock.monotonicMs() < end) await clock.sleep(LOOK_MS);
}
