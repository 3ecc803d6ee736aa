// Running one command: argv, no shell, a group of its own, everything bounded.
import { closeSync } from 'node:fs';
import { stepFailed } from '../model/error.ts';
import { type Child, endMarked, findProgram, markedBelow, startChild } from './children.ts';
import { type Enclosure, endEnclosures, openEnclosure } from './enclosure.ts';
import { memoryFile, osPipe } from './libc.ts';
import { startLong } from './long.ts';
import { openOutput } from './output.ts';
import { readPipe } from './pipe-reader.ts';
import { runPipeline } from './pipeline.ts';
import type { Exec, RunOptions, RunResult } from './port.ts';
import { supervise } from './supervise.ts';

const MAX_STDOUT = 1024 * 1024;

/** Keeps the beginning of standard output. */
function keeper(options: RunOptions, program: string) {
  const max = options.maxStdoutBytes ?? MAX_STDOUT;
  const parts: Uint8Array[] = [];
  let size = 0;
  return {
    push(chunk: Uint8Array) {
      if (size + chunk.length > max && !options.truncate) {
        throw stepFailed({
          what: `${program} wrote more than ${max} bytes to its standard output`,
          ...(options.outputFile === undefined ? {} : { outputFile: options.outputFile }),
        });
      }
      if (size < max) parts.push(chunk.subarray(0, max - size));
      size += chunk.length;
    },
    text: () => Buffer.concat(parts).toString('utf8'),
  };
}

/** Opens what the child gets, starts it, and closes our copies of it. */
function startWithPipes(
  argv: readonly string[],
  options: RunOptions & { enclosure?: Enclosure },
): { child: Child; stdout: number; stderr: number } {
  const input = typeof options.input === 'string' ? new TextEncoder().encode(options.input) : options.input;
  const out = osPipe();
  const err = osPipe();
  const ours = [out.writeEnd, err.writeEnd];
  let started = false;
  try {
    let stdin: number | 'ignore' = 'ignore';
    if (input !== undefined) {
      stdin = memoryFile(input);
      ours.push(stdin);
    }
    const child = startChild(argv, options, { stdin, stdout: out.writeEnd, stderr: err.writeEnd });
    started = true;
    return { child, stdout: out.readEnd, stderr: err.readEnd };
  } finally {
    for (const fd of started ? ours : [...ours, out.readEnd, err.readEnd]) closeSync(fd);
  }
}

/** See Exec.run. An abort gives a result, too: its signal is set, and timedOut is false. */
async function run(argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const began = performance.now();
  const kept = keeper(options, argv[0] ?? '');
  if (options.signal?.aborted)
    return { code: undefined, signal: 'SIGTERM', timedOut: false, stdout: '', tail: [], durationMs: 0 };
  const output = openOutput(options);
  const enclosure = options.endStragglers && options.mark !== undefined ? openEnclosure(options.mark) : undefined;
  try {
    const { child, stdout, stderr } = startWithPipes(
      argv,
      enclosure === undefined ? options : { ...options, enclosure },
    );
    const streams = [output.stream(), output.stream()] as const;
    const readers = [
      readPipe(stdout, (chunk) => {
        streams[0].push(chunk);
        kept.push(chunk);
      }),
      readPipe(stderr, (chunk) => streams[1].push(chunk)),
    ];
    const supervisor = supervise([child], options, readers);
    const { code, signal } = await child.exited;
    await supervisor.finish();
    for (const stream of streams) stream.end();
    const { timedOut } = supervisor;
    return { code, signal, timedOut, stdout: kept.text(), tail: output.tail, durationMs: performance.now() - began };
  } finally {
    await enclosure?.end();
    output.close();
  }
}

/** What runs of one Exec, and the signal that ends it. */
function underWay() {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();
  return {
    /** The same options, with a signal that fires when either does. */
    within: <O extends RunOptions>(options: O): O => ({
      ...options,
      signal: options.signal === undefined ? closing.signal : AbortSignal.any([options.signal, closing.signal]),
    }),
    keep<T>(result: Promise<T>): Promise<T> {
      // Whoever asked for it hears of an error; here it is only over.
      const over: Promise<unknown> = result.catch(() => undefined).finally(() => running.delete(over));
      running.add(over);
      return result;
    },
    async close(): Promise<void> {
      closing.abort();
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/** @param path where `which` looks when it is not told. */
export function openExec(path: string): Exec {
  const { within, keep, close } = underWay();
  return {
    run: (argv, options) => keep(run(argv, within(options))),
    pipe: (commands, options) => keep(runPipeline(commands, within(options))),
    start(argv, options) {
      const long = startLong(argv, within(options));
      void keep(long.exited);
      return long;
    },
    detach: (argv, options) =>
      startChild(argv, options, { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' }).forget(),
    marked: markedBelow,
    endMarked: async (mark) => (await endMarked(mark)) + (await endEnclosures(mark)),
    which: (program, on) => findProgram(program, on ?? path),
    close,
  };
}
