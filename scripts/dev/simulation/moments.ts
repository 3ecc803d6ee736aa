// A run of a command, kept as the host was before each of its effects: what died there is had from a copy, not from a run of its own.
import { copyWorld } from './beginning.ts';
import { type Orphans, runProgram } from './sim-exec.ts';
import { type Effect, Killed, type Running, type World } from './world.ts';

export interface Moment {
  /** The host just before the effect. */
  host: World;
  effect: Effect;
  /** The program whose effect it is, and the host as that one found it. */
  program: { running: Running; found: World } | undefined;
}

/** Keeps moments of a run that this is the watch of. @param wanted numbers of effects; undefined: all. @param moments by number, as they come. */
export function keepMoments(
  world: World,
  moments: Map<number, Moment>,
  wanted?: ReadonlySet<number>,
): (effect: Effect) => void {
  let program: Moment['program'];
  return (effect) => {
    const { running } = world;
    if (running === undefined) program = undefined;
    // Nothing that a program does comes before its first effect.
    else if (program?.running !== running) program = { running, found: copyWorld(world, 0) };
    if (wanted !== undefined && !wanted.has(effect.at)) return;
    moments.set(effect.at, { host: copyWorld(world, 0), effect, program });
  };
}

/** The host on which the engine was killed at that moment, and nobody has looked yet: helpers still run, locks are held. */
export function killedThere({ host, effect, program }: Moment, orphans: Orphans, seed: number): World {
  if (orphans === 'end' || program === undefined) {
    const world = copyWorld(host, seed);
    world.fault = { at: 0, fault: { kind: 'kill' } };
    untilKilled(() => void world.effect(effect.what, effect.path));
    return world;
  }
  const { found, running } = program;
  const world = copyWorld(found, seed);
  world.fault = { at: effect.at - running.from, fault: { kind: 'kill' } };
  untilKilled(() => void runProgram(world, 'finish', running.argv, running.options, running.input));
  return world;
}

function untilKilled(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (error instanceof Killed) return;
    throw error;
  }
  throw new Error('it was not killed where it should have been');
}
