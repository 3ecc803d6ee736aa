// A process that stays: its lines as they come, and its end when we want it or when we die (its input closes).
import { closeSync } from 'node:fs';
import { endGroup, startChild } from './children.ts';
import { osPipe } from './libc.ts';
import { lineSplitter, openOutput } from './output.ts';
import { readPipe } from './pipe-reader.ts';
import type { LongProcess, RunOptions } from './port.ts';
import { supervise } from './supervise.ts';

const GRACE_MS = 5000;
/** Lines that nobody has asked for yet; beyond it the process has to wait. */
const WAITING_LINES = 1000;
const LINE_CHARS = 1024 * 1024;

/** A queue of lines between the reader of the pipe and whoever iterates. */
function lineQueue() {
  const lines: string[] = [];
  let unlimited = false;
  let over = false;
  let news = Promise.withResolvers<void>();
  const changed = () => {
    news.resolve();
    news = Promise.withResolvers();
  };
  return {
    push(line: string) {
      lines.push(line);
      changed();
    },
    /** Waits while too much is unread. */
    async room(): Promise<void> {
      while (lines.length > WAITING_LINES && !unlimited) await news.promise;
    },
    /** Nobody waits for room any more. */
    unlimit() {
      unlimited = true;
      changed();
    },
    close() {
      over = true;
      changed();
    },
    async *iterate(): AsyncGenerator<string> {
      for (;;) {
        const line = lines.shift();
        if (line !== undefined) {
          changed();
          yield line;
        } else if (over) return;
        else await news.promise;
      }
    },
  };
}

/** See Exec.start. Its input is an open pipe (`options.input` is not used), its standard error goes to the output file. */
export function startLong(argv: readonly string[], options: RunOptions): LongProcess {
  const output = openOutput(options);
  const pipes = { input: osPipe(), out: osPipe(), err: osPipe() };
  const childEnds = [pipes.input.readEnd, pipes.out.writeEnd, pipes.err.writeEnd] as const;
  const ourEnds = [pipes.input.writeEnd, pipes.out.readEnd, pipes.err.readEnd] as const;
  const start = () => {
    try {
      const [stdin, stdout, stderr] = childEnds;
      return startChild(argv, options, { stdin, stdout, stderr });
    } catch (error) {
      for (const fd of ourEnds) closeSync(fd);
      output.close();
      throw error;
    } finally {
      for (const fd of childEnds) closeSync(fd);
    }
  };
  const child = start();
  const queue = lineQueue();
  const splitter = lineSplitter(queue.push, LINE_CHARS);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const streams = [output.stream(), output.stream()] as const;
  const readers = [
    readPipe(pipes.out.readEnd, (chunk) => {
      streams[0].push(chunk);
      splitter.push(decoder.decode(chunk, { stream: true }));
      return queue.room();
    }),
    readPipe(pipes.err.readEnd, (chunk) => streams[1].push(chunk)),
  ];

  const supervisor = supervise([child], options, readers);
  let open = true;
  const closeInput = () => {
    if (open) closeSync(pipes.input.writeEnd);
    open = false;
  };
  const over = async () => {
    const { code } = await child.exited;
    closeInput();
    queue.unlimit();
    try {
      await supervisor.finish();
      splitter.flush();
      for (const stream of streams) stream.end();
    } finally {
      queue.close();
      output.close();
    }
    return code;
  };
  const exited = over();
  // Whoever awaits it gets the error of a full disk; an unread one must not end this process.
  exited.catch(() => undefined);
  return {
    pid: child.pid,
    lines: { [Symbol.asyncIterator]: () => queue.iterate() },
    closeInput,
    async end(graceMs) {
      closeInput();
      await endGroup(child, graceMs ?? GRACE_MS);
      queue.close();
      await exited;
    },
    exited,
  };
}
