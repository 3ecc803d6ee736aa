// One point: a command in a simulated host, disturbed at one effect; then the host is looked at, gone on with, and gone back from.
import { copyWorld } from '../simulation/beginning.ts';
import type { Cut } from '../simulation/disk.ts';
import { fingerprint } from '../simulation/fingerprint.ts';
import { keepMoments, killedThere, type Moment } from '../simulation/moments.ts';
import type { Orphans } from '../simulation/sim-exec.ts';
import { type Fault, nextProcess, reboot, type Struck, type World } from '../simulation/world.ts';
import type { Scenario } from './hosts.ts';
import { commandOf, crashOf, judge, nothingKnown, type Promised, run } from './judge.ts';

export type Disturbance =
  | { kind: 'kill'; orphans: Orphans }
  | { kind: 'power'; cut: Cut }
  /** `after`: of the recovery, too, the engine is killed, at this part of its effects. */
  | { kind: 'nested'; after: number }
  | { kind: 'error'; code: string }
  | Struck;

export interface Point {
  scenario: string;
  at: number;
  disturbance: Disturbance;
  seed: number;
}

export interface Prepared extends Promised {
  world: World;
  /** What the undisturbed command did, in order. */
  effects: World['effects'];
  /** Hosts within the undisturbed command, by the effect that comes next: those that `keep` was asked for last. */
  moments: Map<number, Moment>;
}

export interface Verdict {
  failure: Failure | undefined;
  /** Everything that was to be judged had been judged on an equal host. */
  merged: boolean;
}

export interface Failure {
  point: Point;
  /** The effect at which it was disturbed. */
  where: string;
  what: string;
}

/** Chance of the command itself: the same at every point, so that what differs comes of the disturbance. */
const COMMAND_SEED = 11;

/** Runs a scenario once undisturbed. @throws Error where it does not end as it says. */
export async function prepareScenario(scenario: Scenario): Promise<Prepared> {
  const world = await scenario.begin();
  const good = copyWorld(world, COMMAND_SEED);
  const ended = await run(good, commandOf(scenario.command, good));
  if (ended.code !== scenario.code)
    throw new Error(`${scenario.name}: exited ${ended.code} instead of ${scenario.code}\n${ended.said.join('\n')}`);
  return {
    scenario,
    world,
    before: fingerprint(world),
    after: fingerprint(good),
    beganMs: world.clock.now(),
    stood: await scenario.stands?.(good),
    effects: ended.effects,
    moments: new Map(),
    known: nothingKnown(),
  };
}

/** Runs a scenario once more, and keeps the host before each of these effects: points there begin with a copy of it. */
export async function keep(prepared: Prepared, wanted: ReadonlySet<number>): Promise<void> {
  const { scenario, moments } = prepared;
  moments.clear();
  if (wanted.size === 0) return;
  const world = copyWorld(prepared.world, COMMAND_SEED);
  await run(world, commandOf(scenario.command, world), { watch: keepMoments(world, moments, wanted) });
}

export async function runPoint(prepared: Prepared, point: Point): Promise<Verdict> {
  const struck = prepared.effects[point.at];
  const fail = (what: string | undefined): Failure | undefined =>
    what === undefined ? undefined : { point, where: `${struck?.what} ${struck?.path}`, what };
  const { world, wrong } = await disturbedHost(prepared, point);
  if (wrong !== undefined) return { failure: fail(wrong), merged: false };
  const again = point.disturbance.kind === 'nested' ? point.disturbance.after : undefined;
  const { what, merged } = await judge(prepared, world, point.seed, again);
  return { failure: fail(what), merged };
}

/**
 * The host after the disturbance, the engine gone, and what was wrong with its end. @param replay as if no moment had been kept.
 */
export async function disturbedHost(
  prepared: Prepared,
  point: Point,
  replay = false,
): Promise<{ world: World; wrong: string | undefined }> {
  const { at, disturbance, seed } = point;
  const moment = replay ? undefined : prepared.moments.get(at);
  const fault = faultOf(disturbance);
  const orphans = disturbance.kind === 'kill' ? disturbance.orphans : 'end';
  const cut = disturbance.kind === 'power' ? { how: disturbance.cut, seed } : undefined;
  if (moment !== undefined && fault.kind === 'kill') {
    const world = killedThere(moment, orphans, COMMAND_SEED);
    if (cut === undefined) nextProcess(world);
    else reboot(world, cut);
    return { world, wrong: undefined };
  }
  const world = copyWorld(prepared.world, COMMAND_SEED);
  const command = commandOf(prepared.scenario.command, world);
  const ended = await run(world, command, { fault: { at, fault }, orphans, cut });
  return { world, wrong: crashOf(ended) };
}

/** Whether nothing but a copy of the host at that moment is needed. */
export const endsTheEngine = (disturbance: Disturbance): boolean => faultOf(disturbance).kind === 'kill';

function faultOf(disturbance: Disturbance): Fault {
  switch (disturbance.kind) {
    case 'error':
      return { kind: 'error', code: disturbance.code };
    case 'exit':
    case 'hang':
    case 'short':
      return disturbance;
    default:
      return { kind: 'kill' };
  }
}
