// One point: a command in a simulated host, disturbed at one effect; then the host is looked at, gone on with, and gone back from.

import { EXIT } from '../../model/error.ts';
import { verb as state } from '../../release/state.ts';
import { copyWorld } from '../simulation/beginning.ts';
import type { Cut } from '../simulation/disk.ts';
import { everythingOn } from '../simulation/everything.ts';
import { differences, type Fingerprint, fingerprint } from '../simulation/fingerprint.ts';
import { type Ended, runSim } from '../simulation/run-verb.ts';
import type { Orphans } from '../simulation/sim-host.ts';
import { reboot, seeded, type World } from '../simulation/world.ts';
import type { Command, Scenario } from './hosts.ts';

export type Disturbance =
  | { kind: 'kill'; orphans: Orphans }
  | { kind: 'power'; cut: Cut }
  /** `after`: of the recovery, too, the engine is killed, at this part of its effects. */
  | { kind: 'nested'; after: number }
  | { kind: 'error'; code: string }
  | { kind: 'exit'; code: number };

export interface Point {
  scenario: string;
  at: number;
  disturbance: Disturbance;
  seed: number;
}

export interface Prepared {
  scenario: Scenario;
  world: World;
  before: Fingerprint;
  after: Fingerprint;
  /** What the undisturbed command did, in order. */
  effects: World['effects'];
  /** What came of disturbed hosts, by everything that is on them: an equal one is not gone on with and back from again. */
  known: Map<string, Failure | undefined>;
}

export interface Verdict {
  failure: Failure | undefined;
  /** An equal host was judged before. */
  merged: boolean;
}

export interface Failure {
  point: Point;
  /** The effect at which it was disturbed. */
  where: string;
  what: string;
}

const commandOf = (command: Scenario['command'], world: World): Command =>
  typeof command === 'function' ? command(world) : command;

const run = (
  world: World,
  [verb, ...args]: Command,
  fault?: World['fault'],
  orphans: Orphans = 'end',
): Promise<Ended> => runSim(world, verb, args, { orphans, ...(fault ? { fault } : {}) });

/** Runs a scenario once undisturbed. @throws Error where it does not end as it says. */
export async function prepareScenario(scenario: Scenario): Promise<Prepared> {
  const world = await scenario.begin();
  const good = copyWorld(world, 1);
  const ended = await run(good, commandOf(scenario.command, good));
  if (ended.code !== scenario.code)
    throw new Error(`${scenario.name}: exited ${ended.code} instead of ${scenario.code}\n${ended.said.join('\n')}`);
  return {
    scenario,
    world,
    before: fingerprint(world),
    after: fingerprint(good),
    effects: ended.effects,
    known: new Map(),
  };
}

/** Chance of the command itself: the same at every point, so that what differs comes of the disturbance. */
const COMMAND_SEED = 11;

export async function runPoint(prepared: Prepared, point: Point): Promise<Verdict> {
  const { scenario, known } = prepared;
  const world = copyWorld(prepared.world, COMMAND_SEED);
  const disturbed = await disturb(world, commandOf(scenario.command, world), point);
  const struck = prepared.effects[point.at];
  const where = `${struck?.what} ${struck?.path}`;
  const fail = (what: string): Failure => ({ point, where, what });
  const crashed = crashOf(disturbed);
  if (crashed !== undefined) return { failure: fail(crashed), merged: false };
  // A recovery that is killed as well goes on from a moment of its own.
  const key = point.disturbance.kind === 'nested' ? undefined : everythingOn(world);
  if (key !== undefined && known.has(key)) {
    const what = known.get(key)?.what;
    return { failure: what === undefined ? undefined : fail(what), merged: true };
  }
  const what = await recoverBothWays(prepared, point, world);
  const failure = what === undefined ? undefined : fail(what);
  if (key !== undefined) known.set(key, failure);
  return { failure, merged: false };
}

/** @returns what is wrong, or undefined. */
async function recoverBothWays(prepared: Prepared, point: Point, world: World): Promise<string | undefined> {
  const { scenario } = prepared;
  const looked = await lookAt(world);
  if (looked !== undefined) return looked;

  const forward = copyWorld(world, point.seed + 1);
  if (point.disturbance.kind === 'nested')
    await disturbAgain(forward, commandOf(scenario.forward[0] ?? scenario.command, forward), point.disturbance.after);
  const wrong = await goOn(forward, scenario, prepared.after);
  if (wrong !== undefined) return `forward: ${wrong}`;
  if (scenario.back === undefined) return undefined;

  const back = copyWorld(world, point.seed + 2);
  if (point.disturbance.kind === 'nested') await disturbAgain(back, scenario.back, point.disturbance.after);
  const left = await goBack(back, scenario.back, prepared.before);
  return left === undefined ? undefined : `back: ${left}`;
}

async function disturb(world: World, command: Command, { at, disturbance, seed }: Point): Promise<Ended> {
  const kill = { at, fault: { kind: 'kill' } } as const;
  switch (disturbance.kind) {
    case 'kill':
      return await run(world, command, kill, disturbance.orphans);
    case 'nested':
      return await run(world, command, kill);
    case 'power': {
      const ended = await run(world, command, kill);
      world.random = seeded(seed);
      reboot(world, disturbance.cut);
      return ended;
    }
    case 'error':
      return await run(world, command, { at, fault: { kind: 'error', code: disturbance.code } });
    case 'exit':
      return await run(world, command, { at, fault: { kind: 'exit', code: disturbance.code } });
  }
}

/** Kills a recovery, too. @param part of its effects, 0 to 1. */
async function disturbAgain(world: World, command: Command, part: number): Promise<void> {
  const whole = await run(copyWorld(world, 7), command);
  await run(world, command, { at: Math.floor(whole.effects.length * part), fault: { kind: 'kill' } });
}

/** An end without a sentence of ours. */
function crashOf({ code, said }: Ended): string | undefined {
  const line = said.find((each) => each.startsWith('Belay itself failed'));
  // Nobody reads what a killed engine would still have said.
  return code === undefined || line === undefined
    ? undefined
    : `no sentence: ${said.slice(said.indexOf(line)).join(' | ').slice(0, 600)}`;
}

/** A look says how it stands, and changes nothing. */
async function lookAt(world: World): Promise<string | undefined> {
  const before = JSON.stringify(fingerprint(world));
  const ended = await run(copyWorld(world, 3), [state]);
  if (ended.effects.length > 0) return `release-state did ${ended.effects[0]?.what}`;
  // 4: there is no release to tell of yet.
  if (ended.code !== 0 && ended.code !== 4)
    return `release-state exited ${ended.code}: ${ended.said.slice(-3).join(' | ')}`;
  return JSON.stringify(fingerprint(world)) === before ? undefined : 'release-state changed the host';
}

async function again(world: World, command: Command): Promise<Ended> {
  const ended = await run(world, command);
  // A push that did not go through is gone on with by the same command.
  return ended.code === EXIT.notPushed ? await run(world, command) : ended;
}

/** Command after command, until the host is as it should be. */
async function goOn(world: World, { forward, code }: Scenario, after: Fingerprint): Promise<string | undefined> {
  let ended: Ended | undefined;
  let left = differences(after, fingerprint(world));
  for (const command of forward) {
    ended = await again(world, commandOf(command, world));
    left = differences(after, fingerprint(world));
    if (left.length === 0) return crashOf(ended);
  }
  return `exit ${ended?.code} instead of ${code}, ${left.join('; ').slice(0, 700)} | ${ended?.said.slice(-8).join(' | ')}`;
}

async function goBack(world: World, command: Command, before: Fingerprint): Promise<string | undefined> {
  const ended = await again(world, command);
  const left = differences(before, fingerprint(world));
  const refused = ended.code === 4 || ended.code === 5;
  // Nothing was begun: what a killed look left in its own folders goes with the next command.
  const only = refused ? left.filter((each) => !/^(?:worktrees|stage|locks): /.test(each)) : left;
  if (only.length === 0 && (ended.code === 0 || refused)) return undefined;
  return `exit ${ended.code}, ${only.join('; ').slice(0, 700)} | ${ended.said.slice(-8).join(' | ')}`;
}
