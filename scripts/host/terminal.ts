// Where lines for the operator go. A terminal or pipe that is gone is let go of: the release goes on, its log has everything.
import { writeSync } from 'node:fs';
import { isTerminal } from './libc.ts';

export interface Terminal {
  /** A line on standard output. */
  say(line: string): void;
  /** A line on standard error. */
  warn(line: string): void;
  /** Redraws the one line at the bottom that shows what is going on; nothing where there is no terminal. */
  status(line: string): void;
  readonly isTty: boolean;
  /** The output is gone (EPIPE, EIO after a hang-up). */
  readonly detached: boolean;
}

const GONE = new Set(['EPIPE', 'ECONNRESET', 'EIO', 'EBADF', 'ENXIO']);
const CLEAR = '\r\x1b[2K';

/** A line of text, whatever is in it: names of files and words of commands move no cursor. Valid in JSON strings, too. */
export const inert = (line: string): string =>
  line.replaceAll(
    /[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Standard output and error of this process. */
export function openTerminal(): Terminal {
  const isTty = isTerminal(1);
  const gone = new Set<number>();
  let shown = '';
  const write = (fd: number, text: string): void => {
    if (gone.has(fd)) return;
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(fd, bytes, at);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? '';
        if (code === 'EAGAIN') {
          Bun.sleepSync(5);
          continue;
        }
        if (!GONE.has(code)) throw error;
        gone.add(fd);
        return;
      }
    }
  };
  const clear = (): void => {
    if (shown !== '') write(1, CLEAR);
    shown = '';
  };
  return {
    say(line) {
      clear();
      write(1, `${inert(line)}\n`);
    },
    warn(line) {
      clear();
      write(2, `${inert(line)}\n`);
    },
    status(line) {
      if (!isTty || line === shown) return;
      const cut = inert(line).slice(0, (process.stdout.columns ?? 80) - 1);
      write(1, `${CLEAR}${cut}`);
      shown = line;
    },
    isTty,
    get detached() {
      return gone.has(1);
    },
  };
}
