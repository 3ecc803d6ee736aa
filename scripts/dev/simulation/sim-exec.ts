// Programs in the simulated world: each runs from its first effect to its last, or to where it is struck.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Exec, RunOptions, RunResult } from '../../host/port.ts';
import { errorCode } from '../../host/safe-open.ts';
import { startHelper, startWatchdog } from './beside.ts';
import { COMPOSE, compose } from './compose.ts';
import { git } from './git.ts';
import { hang } from './hanging.ts';
import { type Call, Hung, type Outcome, type Program, said, textOf } from './program.ts';
import { TOOLS } from './tools.ts';
import { Killed, type World } from './world.ts';
import { writeAll } from './writing.ts';

/** Its containers print nothing. */
const docker: Program = ({ argv }) => {
  if (argv[1] === 'logs') return said();
  throw new Error(`the simulated docker has no ${argv.join(' ')}`);
};

const PROGRAMS: Readonly<Record<string, Program>> = { ...TOOLS, git, docker, 'docker-compose': compose };

/** Whether a program that runs when the engine is killed ends with it, or finishes what it was told. */
export type Orphans = 'end' | 'finish';

/**
 * One program, from its first effect to its last.
 * @param orphans what becomes of it where the engine is killed in its middle. @throws Killed then, in both cases; Hung.
 */
export function runProgram(
  world: World,
  orphans: Orphans,
  argv: readonly string[],
  options: RunOptions,
  input: Uint8Array,
): Outcome {
  const [name = ''] = argv;
  const program = PROGRAMS[basename(name)];
  if (program === undefined) throw new Error(`the simulation has no program ${argv.join(' ')}`);
  if (world.dead) throw new Killed(`killed before ${name}`);
  let outlived: Killed | undefined;
  const step: Call['step'] = (what, path) => {
    if (outlived !== undefined) return undefined;
    try {
      const struck = world.effect(what, path);
      if (struck?.kind === 'exit') throw new Exit(struck.code);
      if (struck?.kind === 'hang') throw new Hung(`${name} hangs`);
      return struck;
    } catch (error) {
      if (!(error instanceof Killed) || orphans === 'end') throw error;
      outlived = error;
      return undefined;
    }
  };
  world.running = { argv, options, input, from: world.effects.length };
  try {
    const outcome = program({ world, argv, cwd: options.cwd ?? '/', env: options.env, input, step });
    if (outlived !== undefined) throw outlived;
    return outcome;
  } catch (error) {
    if (error instanceof Exit)
      return { code: error.code, stdout: new Uint8Array(), stderr: [`${name}: it was told to fail`] };
    // The disk's own refusal, inside of a program.
    if (error instanceof Error && 'code' in error && !(error instanceof Killed))
      return { code: 1, stdout: new Uint8Array(), stderr: [`${name}: ${error.message}`] };
    throw error;
  } finally {
    world.running = undefined;
  }
}

export function simExec(world: World, orphans: Orphans): Exec {
  const call = (argv: readonly string[], options: RunOptions, input: Uint8Array): Outcome =>
    runProgram(world, orphans, argv, options, input);
  const inputOf = ({ input }: RunOptions): Uint8Array =>
    typeof input === 'string' ? Buffer.from(input) : (input ?? new Uint8Array());
  const tailOf = ({ stdout, stderr }: Outcome): string[] =>
    [...textOf(stdout).split('\n').filter(Boolean), ...stderr].slice(-30);

  return {
    async run(argv, options): Promise<RunResult> {
      let outcome: Outcome;
      try {
        outcome = call(argv, options, inputOf(options));
      } catch (error) {
        if (!(error instanceof Hung)) throw error;
        const timedOut = await hang(world, argv.join(' '), options);
        return { code: undefined, signal: 'SIGTERM', timedOut, stdout: '', tail: [], durationMs: 1 };
      }
      if (options.outputFile !== undefined) keep(world, options.outputFile, outcome);
      const stdout = options.maxStdoutBytes === 0 ? '' : textOf(outcome.stdout);
      return { code: outcome.code, signal: undefined, timedOut: false, stdout, tail: tailOf(outcome), durationMs: 1 };
    },
    async pipe(commands, options) {
      let input = options.fromFile === undefined ? new Uint8Array() : world.disk.get(options.fromFile).data;
      const codes: Array<number | undefined> = [];
      const tail: string[] = [];
      let timedOut = false;
      for (const argv of commands) {
        try {
          const outcome = call(argv, options, input);
          codes.push(outcome.code);
          tail.push(...outcome.stderr);
          input = outcome.stdout;
        } catch (error) {
          if (!(error instanceof Hung)) throw error;
          timedOut = await hang(world, argv.join(' '), options);
          codes.push(undefined);
          // The next one sees the end of its input.
          input = new Uint8Array();
        }
      }
      if (options.toFile !== undefined) {
        const { toFile } = options;
        world.effect('pipe.create', toFile);
        const made = world.disk.find(toFile) ?? world.disk.create(toFile, 'file', 0o600);
        try {
          writeAll(world, world.effect, { what: 'pipe.write', path: toFile, inode: made }, input);
        } catch (error) {
          // It is the last program that writes.
          if (errorCode(error) !== 'ENOSPC' || world.fault?.fault.kind !== 'short') throw error;
          codes[codes.length - 1] = 1;
          tail.push('Write error: No space left on device');
          input = world.disk.get(toFile).data;
        }
        world.effect('pipe.flush', toFile);
        world.disk.flush(made);
      }
      const sha256 = createHash('sha256').update(input).digest('hex');
      return { codes, bytes: input.length, sha256, tail, timedOut, durationMs: 1 };
    },
    start: (argv) => startHelper(world, argv),
    async endMarked() {
      return 0;
    },
    marked: () => [],
    detach: (argv) => startWatchdog(world, argv),
    which(program) {
      if (program === COMPOSE) return COMPOSE;
      return !program.includes('/') && (program in PROGRAMS || program === 'docker' || program === 'sh')
        ? `/usr/bin/${program}`
        : undefined;
    },
    async close() {
      // Nothing here is a process of its own.
    },
  };
}

class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

function keep(world: World, path: string, outcome: Outcome): void {
  const there = world.disk.find(path);
  if (there === undefined) world.effect('output.create', path);
  const inode = there ?? world.disk.create(path, 'file', 0o600);
  writeAll(world, world.effect, { what: 'output.write', path, inode }, outcome.stdout, inode.data);
}
