// a | b | c with pipes of the kernel between the stages, and the last one writing to the file itself.
import { closeSync } from 'node:fs';
import { basename } from 'node:path';
import { badInput, stepFailed } from '../model/error.ts';
import { type Child, endGroup, startChild } from './children.ts';
import type { FollowedFile } from './followed-file.ts';
import { memoryFile, osPipe } from './libc.ts';
import { openOutput } from './output.ts';
import { readPipe } from './pipe-reader.ts';
import type { Exec, RunOptions } from './port.ts';
import { openRegular } from './safe-open.ts';
import { supervise } from './supervise.ts';

/** How long a stage may go on when the one that reads from it has failed. */
const ORPHANED_MS = 300;
const PIPE_BYTES = 1024 * 1024;

type PipeOptions = RunOptions & { toFile?: string; fromFile?: string };
type PipeResult = Awaited<ReturnType<Exec['pipe']>>;

function openInput(options: PipeOptions): number | undefined {
  if (options.fromFile !== undefined) return openRegular(options.fromFile).fd;
  if (options.input === undefined) return undefined;
  return memoryFile(typeof options.input === 'string' ? new TextEncoder().encode(options.input) : options.input);
}

/** Starts all stages, or none. @param toFile for the last one's output; without it there is a pipe to read. */
async function startStages(
  commands: ReadonlyArray<readonly string[]>,
  options: PipeOptions,
  toFile: number | undefined,
) {
  const children: Child[] = [];
  const toClose: number[] = [];
  const newPipe = () => {
    const ends = osPipe(PIPE_BYTES);
    toClose.push(ends.writeEnd, ends.readEnd);
    return ends;
  };
  const keep = (fd: number) => toClose.splice(toClose.indexOf(fd), 1);
  try {
    const stderr = newPipe();
    const input = openInput(options);
    if (input !== undefined) toClose.push(input);
    let stdin: number | 'ignore' = input ?? 'ignore';
    let stdout: number | undefined;
    for (const [index, argv] of commands.entries()) {
      const direct = index === commands.length - 1 ? toFile : undefined;
      const next = direct === undefined ? newPipe() : undefined;
      children.push(
        startChild(argv, options, { stdin, stdout: next?.writeEnd ?? direct ?? 'ignore', stderr: stderr.writeEnd }),
      );
      stdin = next?.readEnd ?? 'ignore';
      stdout = next?.readEnd;
    }
    keep(stderr.readEnd);
    if (stdout !== undefined) keep(stdout);
    return { children, stderr: stderr.readEnd, stdout };
  } catch (error) {
    await Promise.all(children.map((child) => endGroup(child, 0)));
    throw error;
  } finally {
    for (const fd of toClose) closeSync(fd);
  }
}

/** A failed stage ends those before it; those after it see the end of their input and finish. */
function endOrphans(children: readonly Child[]): void {
  const over = new Set<Child>();
  for (const [index, child] of children.entries()) {
    void child.exited.then(async ({ code }) => {
      over.add(child);
      if (code === 0 || index === 0) return;
      await Bun.sleep(ORPHANED_MS);
      const orphans = children.slice(0, index).filter((earlier) => !over.has(earlier));
      await Promise.all(orphans.map((orphan) => endGroup(orphan, ORPHANED_MS)));
    });
  }
}

/** Counts and hashes what is dropped. */
function dropper() {
  const hasher = new Bun.CryptoHasher('sha256');
  let bytes = 0;
  return {
    push(chunk: Uint8Array) {
      bytes += chunk.length;
      hasher.update(chunk);
    },
    total: () => ({ bytes, sha256: hasher.digest('hex') }),
  };
}

const heldOpen = (commands: ReadonlyArray<readonly string[]>) =>
  stepFailed({
    what: `a background process still holds the output of ${commands.at(-1)?.[0]}, which is over: what was read may not be all of it`,
  });

/** What a signal ended could not say so itself, and what failed may have said nothing. */
function howItEnded([program = '']: readonly string[], { code, signal }: Awaited<Child['exited']>, silent: boolean) {
  if (signal !== undefined) return [`(${basename(program)} was ended by ${signal})`];
  return silent && code !== 0 ? [`(${basename(program)} ended with exit code ${code} and said nothing)`] : [];
}

/** See Exec.pipe. @throws step-failed where the file cannot be flushed, or where its end cannot be known. */
export async function runPipeline(
  commands: ReadonlyArray<readonly string[]>,
  options: PipeOptions,
): Promise<PipeResult> {
  if (commands.length === 0) throw badInput({ what: 'a pipe without commands' });
  const began = performance.now();
  const dropped = dropper();
  const output = openOutput(options);
  let file: FollowedFile | undefined;
  try {
    if (options.toFile !== undefined) {
      // Loaded here: it brings node's promises of files, which a verb that only looks does without.
      const { followFile } = await import('./followed-file.ts');
      file = await followFile(options.toFile);
    }
    const { children, stdout, stderr } = await startStages(commands, options, file?.fd);
    const errors = output.stream();
    const readers = [readPipe(stderr, (chunk) => errors.push(chunk))];
    if (stdout !== undefined) readers.push(readPipe(stdout, dropped.push));
    const supervisor = supervise(children, options, readers);
    endOrphans(children);
    const ends = await Promise.all(children.map((child) => child.exited));
    const codes = ends.map(({ code }) => code);
    const [, whole] = await supervisor.finish();
    errors.end();
    const { timedOut } = supervisor;
    if (whole === false && !timedOut && !options.signal?.aborted) throw heldOpen(commands);
    const { bytes, sha256 } = file === undefined ? dropped.total() : await file.finish();
    const silent = output.tail.length === 0;
    const tail = [...output.tail, ...ends.flatMap((end, index) => howItEnded(commands[index] ?? [], end, silent))];
    return { codes, bytes, sha256, tail, timedOut, durationMs: performance.now() - began };
  } finally {
    output.close();
    await file?.close();
  }
}
