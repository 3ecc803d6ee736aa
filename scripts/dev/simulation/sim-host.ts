// The port to the simulated world: the engine's own code runs on it, and cannot tell.
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { Clock, Exec, Host, Http, LongProcess, RunOptions, RunResult } from '../../host/port.ts';
import { refused } from '../../model/error.ts';
import { COMPOSE, compose } from './compose.ts';
import { osError } from './disk.ts';
import { dockerApi, dockerEvents } from './docker-api.ts';
import { git } from './git.ts';
import { type Call, type Outcome, type Program, said, textOf } from './program.ts';
import { simFiles } from './sim-files.ts';
import { TOOLS } from './tools.ts';
import { Killed, type World } from './world.ts';

const ENGINE_HASH = '0123456789abcdef';
/** Its containers print nothing. */
const docker: Program = ({ argv }) => {
  if (argv[1] === 'logs') return said();
  throw new Error(`the simulated docker has no ${argv.join(' ')}`);
};

const PROGRAMS: Readonly<Record<string, Program>> = { ...TOOLS, git, docker, 'docker-compose': compose };

/** What the simulated machine was started with. */
export const ENVIRONMENT: Readonly<Record<string, string>> = { PATH: '/usr/bin:/bin', HOME: '/root', USER: 'root' };

/** Whether a program that runs when the engine is killed ends with it, or finishes what it was told. */
export type Orphans = 'end' | 'finish';

/** @param root the host repository. */
export function simHost(world: World, root: string, orphans: Orphans): Host {
  return {
    files: simFiles(world),
    exec: simExec(world, orphans),
    http: simHttp(world),
    clock: simClock(world),
    machine: {
      hostname: 'simulated',
      user: 'root',
      uid: 0,
      pid: world.pid,
      cwd: root,
      startTime: (pid) => (pid === world.pid ? String(pid) : undefined),
      bootId: world.bootId,
      cores: 2,
      env: ENVIRONMENT,
      alive: (pid) => pid === world.pid,
      terminate: () => false,
      random: (bytes) =>
        Array.from({ length: bytes }, () =>
          Math.floor(world.random() * 256)
            .toString(16)
            .padStart(2, '0'),
        ).join(''),
    },
    own: {
      engineHash: ENGINE_HASH,
      async openEngine(paths, hash) {
        const folder = join(paths.engines, hash);
        if (world.disk.find(folder) === undefined)
          throw refused({ what: `the frozen engine ${hash} cannot be used: it is not there`, where: folder });
        return { hash, folder, bun: '/usr/bin/bun', nodePath: `${folder}/node_modules`, command: () => [] };
      },
      onStop: () => () => undefined,
    },
  };
}

function simClock(world: World): Clock {
  const { clock } = world;
  return {
    now: () => new Date(clock.now()),
    monotonicMs: () => clock.now(),
    async sleep(ms, signal) {
      if (signal?.aborted || ms <= 0) return;
      await new Promise<void>((resolve) => {
        const cancel = clock.at(ms, resolve, true);
        signal?.addEventListener('abort', () => {
          cancel();
          resolve();
        });
      });
    },
    deadline(ms) {
      const controller = new AbortController();
      clock.at(ms, () => controller.abort(new DOMException('The operation timed out', 'TimeoutError')), false);
      return controller.signal;
    },
  };
}

function simHttp(world: World): Http {
  const alive = (): void => {
    if (world.dead) throw new Killed('killed before a request');
  };
  return {
    async get(url) {
      alive();
      const { port, pathname } = new URL(url);
      const container = world.containers.onPort(port);
      if (container === undefined) throw osError('ECONNREFUSED', 'connect', url);
      const version = container.imageRef.slice(container.imageRef.lastIndexOf(':') + 1);
      const sick = version.startsWith('sick') && container.variables.MOOD !== 'healed';
      if (pathname === '/health' && sick) return { status: 503, headers: {}, body: 'sick' };
      return { status: 200, headers: {}, body: pathname === '/version' ? version : 'ok' };
    },
    async post(url) {
      alive();
      throw osError('ECONNREFUSED', 'connect', url);
    },
    async unix(_socket, method, path) {
      alive();
      return dockerApi(world, method, path);
    },
    async *unixLines(_socket, path, signal) {
      alive();
      yield* dockerEvents(world, path);
      if (path.includes('until=')) return;
      if (signal.aborted) return;
      const letGo = world.clock.hold();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      letGo();
    },
  };
}

function simExec(world: World, orphans: Orphans): Exec {
  /** One program, from its first effect to its last. A kill in the middle of it ends the engine, and with it, or not, the program. */
  const call = (argv: readonly string[], options: RunOptions, input: Uint8Array): Outcome => {
    const [name = ''] = argv;
    const program = PROGRAMS[basename(name)];
    if (program === undefined) throw new Error(`the simulation has no program ${argv.join(' ')}`);
    if (world.dead) throw new Killed(`killed before ${name}`);
    let outlived: Killed | undefined;
    const step: Call['step'] = (what, path) => {
      if (outlived !== undefined) return;
      try {
        const code = world.effect(what, path);
        if (code !== undefined) throw new Exit(code);
      } catch (error) {
        if (!(error instanceof Killed) || orphans === 'end') throw error;
        outlived = error;
      }
    };
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
    }
  };
  const inputOf = ({ input }: RunOptions): Uint8Array =>
    typeof input === 'string' ? Buffer.from(input) : (input ?? new Uint8Array());
  const tailOf = ({ stdout, stderr }: Outcome): string[] =>
    [...textOf(stdout).split('\n').filter(Boolean), ...stderr].slice(-30);

  return {
    async run(argv, options): Promise<RunResult> {
      const outcome = call(argv, options, inputOf(options));
      if (options.outputFile !== undefined) keep(world, options.outputFile, outcome);
      const stdout = options.maxStdoutBytes === 0 ? '' : textOf(outcome.stdout);
      return { code: outcome.code, signal: undefined, timedOut: false, stdout, tail: tailOf(outcome), durationMs: 1 };
    },
    async pipe(commands, options) {
      let input = options.fromFile === undefined ? new Uint8Array() : world.disk.get(options.fromFile).data;
      const codes: number[] = [];
      const tail: string[] = [];
      for (const argv of commands) {
        const outcome = call(argv, options, input);
        codes.push(outcome.code);
        tail.push(...outcome.stderr);
        input = outcome.stdout;
      }
      if (options.toFile !== undefined) {
        const { toFile } = options;
        world.effect('pipe.create', toFile);
        const made = world.disk.find(toFile) ?? world.disk.create(toFile, 'file', 0o600);
        world.effect('pipe.write', toFile);
        world.disk.write(made, input);
        world.effect('pipe.flush', toFile);
        world.disk.flush(made);
      }
      const sha256 = createHash('sha256').update(input).digest('hex');
      return { codes, bytes: input.length, sha256, tail, timedOut: false, durationMs: 1 };
    },
    start: (argv, options) => startHelper(world, argv, options),
    async endMarked() {
      return 0;
    },
    marked: () => [],
    detach(argv) {
      throw new Error(`the simulation starts nothing that outlives it: ${argv.join(' ')}`);
    },
    which(program) {
      if (program === COMPOSE) return COMPOSE;
      return !program.includes('/') && (program in PROGRAMS || program === 'docker' || program === 'sh')
        ? `/usr/bin/${program}`
        : undefined;
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
  world.effect('output', path);
  const inode = world.disk.find(path) ?? world.disk.create(path, 'file', 0o600);
  world.disk.write(inode, Buffer.concat([inode.data, outcome.stdout]));
}

/** The one helper that the engine starts: it lets held containers go when the engine closes its input, or is gone. */
function startHelper(world: World, argv: readonly string[], _options: RunOptions): LongProcess {
  const [action, ...ids] = argv.slice(5);
  if (argv[0] !== 'sh' || (action !== 'unpause' && action !== 'start'))
    throw new Error(`the simulation has no ${argv.join(' ')}`);
  world.effect('helper start', ids.join(' '));
  let over = false;
  const letGo = (): void => {
    if (over) return;
    over = true;
    for (const id of ids) {
      const container = world.containers.containers.get(id);
      if (container === undefined) continue;
      container.paused = false;
      if (action === 'start') world.containers.start(container, world.clock.now());
    }
  };
  world.helpers.add(letGo);
  return {
    pid: world.pid + 1,
    lines: nothing(),
    closeInput: letGo,
    async end() {
      over = true;
      world.helpers.delete(letGo);
    },
    exited: Promise.resolve(0),
  };
}

async function* nothing(): AsyncIterable<string> {
  yield* [];
}
