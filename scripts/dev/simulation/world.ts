// A host that exists only here: one disk, one clock, one Docker engine, and a count of everything that is done to them.
import type { RunOptions } from '../../host/port.ts';
import type { Cut, Disk } from './disk.ts';
import type { Containers } from './docker-state.ts';
import type { GitObjects } from './git-objects.ts';

/** Thrown at whoever goes on after the engine was killed. Nothing happens any more. */
export class Killed extends Error {}

/** What is done at an effect instead of it, or in its middle. */
export type Fault =
  /** kill -9 of the engine before it happens. */
  | { kind: 'kill' }
  /** The operating system says no. */
  | { kind: 'error'; code: string }
  /** A command exits with this code, having done what came before. */
  | { kind: 'exit'; code: number }
  /** A command goes no further, and does not end by itself. */
  | { kind: 'hang' }
  /** A write takes half of what it is given. The next one is refused, or the engine is killed before it. */
  | { kind: 'short'; then: 'refused' | 'killed' };

/** What is not thrown, but has to be done by whoever has the effect. */
export type Struck = Extract<Fault, { kind: 'exit' | 'hang' | 'short' }>;

export interface Effect {
  /** From 0, in the order in which they happened. */
  at: number;
  /** What is done: `replace.rename`, `git merge.write`. */
  what: string;
  path: string;
}

/** A process beside the engine that lets held containers go when the engine closes its input, or is gone. */
export interface Helper {
  action: 'unpause' | 'start';
  /** Of the containers. */
  ids: readonly string[];
}

/** A program in the middle of its work, and what it was started with. */
export interface Running {
  argv: readonly string[];
  options: RunOptions;
  input: Uint8Array;
  /** Number of its first effect, if it has any. */
  from: number;
}

export interface World {
  disk: Disk;
  objects: GitObjects;
  containers: Containers;
  clock: VirtualClock;
  /** Of the engine that runs now. */
  pid: number;
  bootId: string;
  /** When the machine was started, by its clock. */
  bootedMs: number;
  /** Paths of held locks, by the pid that holds them. */
  locks: Map<string, number>;
  helpers: Set<Helper>;
  /** Other processes, which a kill of the engine does not end. */
  processes: Set<number>;
  running: Running | undefined;
  /** Who wants to hear of Ctrl-C. */
  stops: Set<(signal: 'SIGINT' | 'SIGTERM', count: number) => void>;
  random(): number;
  /** Called before every effect. @throws Killed, or an error of the operating system. */
  effect(what: string, path: string): Struck | undefined;
  effects: Effect[];
  /** Called before an effect, and before its time has come. */
  watch: ((effect: Effect) => void) | undefined;
  fault: { at: number; fault: Fault } | undefined;
  dead: boolean;
}

/** Time passes only while everybody waits. */
export class VirtualClock {
  private nowMs: number;
  private readonly waiting: Array<{ at: number; order: number; wake: () => void; keeps: boolean }> = [];
  private order = 0;
  private turning = false;
  /** Who waits for nothing but a deadline. */
  private held = 0;
  private stopped = false;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  now = (): number => this.nowMs;

  /** A little passes with everything that is done, so that no two moments are the same. */
  tick(ms: number): void {
    this.nowMs += ms;
  }

  /** @param keeps whether somebody waits for it: time runs on for those alone. */
  at(afterMs: number, wake: () => void, keeps: boolean): () => void {
    this.order += 1;
    const entry = { at: this.nowMs + afterMs, order: this.order, wake, keeps };
    this.waiting.push(entry);
    if (keeps) this.turn();
    return () => {
      const index = this.waiting.indexOf(entry);
      if (index >= 0) this.waiting.splice(index, 1);
    };
  }

  /** Time also runs on for deadlines until the returned function is called. */
  hold(): () => void {
    this.held += 1;
    this.turn();
    return () => {
      this.held -= 1;
    };
  }

  /** Who still waits wakes at once: no time passes for the dead. */
  stop(): void {
    this.stopped = true;
  }

  /** For the next process: nobody waits, and time passes. */
  restart(): void {
    this.waiting.length = 0;
    this.held = 0;
    this.stopped = false;
  }

  private turn(): void {
    if (this.turning) return;
    this.turning = true;
    // Microtasks, and with them all work that is not waiting, are done before an immediate.
    setImmediate(() => {
      this.turning = false;
      this.waiting.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.waiting.shift();
      if (next === undefined) return;
      if (!this.stopped) this.nowMs = Math.max(this.nowMs, next.at);
      next.wake();
      if (this.held > 0 || this.waiting.some((each) => each.keeps)) this.turn();
    });
  }
}

/** A linear congruential generator; the constants are those of Numerical Recipes. @returns numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** How long a machine has run when its world begins. */
const UPTIME_MS = 5_000_000;

export interface WorldParts {
  disk: Disk;
  objects: GitObjects;
  containers: Containers;
  nowMs: number;
  seed: number;
}

export function makeWorld(parts: WorldParts): World {
  const clock = new VirtualClock(parts.nowMs);
  const world: World = {
    disk: parts.disk,
    objects: parts.objects,
    containers: parts.containers,
    clock,
    pid: 1000,
    bootId: '11111111-1111-4111-8111-111111111111',
    bootedMs: parts.nowMs - UPTIME_MS,
    locks: new Map(),
    helpers: new Set(),
    processes: new Set(),
    running: undefined,
    stops: new Set(),
    random: seeded(parts.seed),
    effects: [],
    watch: undefined,
    fault: undefined,
    dead: false,
    effect(what, path) {
      if (world.dead) throw new Killed(`killed before ${what} ${path}`);
      const effect = { at: world.effects.length, what, path };
      world.watch?.(effect);
      clock.tick(1);
      world.disk.nowMs = clock.now();
      world.effects.push(effect);
      if (world.fault?.at !== effect.at) return undefined;
      const { fault } = world.fault;
      if (fault.kind === 'kill') die(world, `${what} ${path}`);
      if (fault.kind === 'error') throw Object.assign(new Error(`refused: ${what} '${path}'`), { code: fault.code });
      return fault;
    },
  };
  return world;
}

/** kill -9. @param before what it did not come to. */
export function die(world: World, before: string): never {
  world.dead = true;
  world.clock.stop();
  throw new Killed(`killed before ${before}`);
}

/** The engine is over, however it ended: its locks are free, its number is nobody's. What it did so far stays. */
export function nextProcess(world: World): void {
  for (const helper of world.helpers) letGo(world, helper);
  world.locks.clear();
  world.stops.clear();
  world.pid += 1;
  world.dead = false;
  world.fault = undefined;
  world.watch = undefined;
  world.effects = [];
  world.clock.restart();
}

/** What a helper is there for. Does it once. */
export function letGo(world: World, helper: Helper): void {
  if (!world.helpers.delete(helper)) return;
  for (const id of helper.ids) {
    const container = world.containers.containers.get(id);
    if (container === undefined) continue;
    container.paused = false;
    if (helper.action === 'start') world.containers.start(container, world.clock.now());
  }
}

export interface PowerCut {
  how: Cut;
  seed: number;
}

/** The machine is started anew from what its disk has. */
export function reboot(world: World, { how, seed }: PowerCut): void {
  world.helpers.clear();
  world.processes.clear();
  // It is up again at a full minute: the hour alone makes no two hosts different.
  world.clock.tick(60_000 - (world.clock.now() % 60_000));
  world.disk.cut(how, seeded(seed));
  world.containers.reboot(world.clock.now());
  nextProcess(world);
  world.bootedMs = world.clock.now();
  world.bootId = `${String(world.pid).padStart(8, '0')}-1111-4111-8111-111111111111`;
}
