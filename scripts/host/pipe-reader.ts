// Reading what children write into a pipe, until its end or until nobody who matters writes any more.
import { closeSync } from 'node:fs';
import { hasInput } from './libc.ts';

/** How long a pipe may stay silent after the command is over, while a background process still holds it. */
const SILENT_MS = 500;
const POLL_MS = 20;
/** More than a pipe can hold: what comes after it was written when the command was over. */
const PIPE_BYTES = 1024 * 1024;

export interface PipeReader {
  /** Everyone closed the other end, or `drain` gave up. Rejects with what `each` threw. */
  readonly done: Promise<void>;
  /** Call it when the command is over. @returns false where somebody still held the pipe, so that reading was given up. */
  drain(silentMs?: number): Promise<boolean>;
}

/** Reads a pipe and closes it in the end. @param each awaited, so that a slow sink slows the writer. */
export function readPipe(fd: number, each: (chunk: Uint8Array) => void | Promise<void>): PipeReader {
  const reader = Bun.file(fd).stream().getReader();
  let ended = false;
  let busy = false;
  let bytes = 0;
  const read = async () => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        bytes += value.length;
        busy = true;
        await each(value);
        busy = false;
      }
    } finally {
      ended = true;
      await reader.cancel();
      closeSync(fd);
    }
  };
  const done = read();
  // Whoever waits for it gets the rejection; until then it is nobody's.
  done.catch(() => undefined);
  return {
    done,
    async drain(silentMs = SILENT_MS) {
      const before = bytes;
      let silent = 0;
      for (let seen = bytes; !ended && silent < silentMs && seen - before < PIPE_BYTES; seen = bytes) {
        await Promise.race([done, Bun.sleep(POLL_MS)]);
        // A slow disk or a busy process is no silence: what the command wrote is read, however long that takes.
        silent = ended || busy || bytes > seen || hasInput(fd) ? 0 : silent + POLL_MS;
      }
      const whole = ended;
      if (!whole) await reader.cancel();
      await done;
      return whole;
    },
  };
}
