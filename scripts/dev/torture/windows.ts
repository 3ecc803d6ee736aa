// Releases that wait for their confirmation, and commands that go on where another one was stopped, disturbed in the same way.
import { verb as confirm } from '../../release/confirm.ts';
import { verb as run } from '../../release/run.ts';
import { verb as sweep } from '../../release/sweep.ts';
import { copyWorld } from '../simulation/beginning.ts';
import { runSim } from '../simulation/run-verb.ts';
import type { World } from '../simulation/world.ts';
import {
  again,
  BACK,
  type Command,
  ONE,
  packages,
  RESUME,
  restorable,
  restoreFirst,
  SCRIPT,
  type Scenario,
  SECOND,
  statusOf,
  T,
  TWO,
  unconfirmed,
  WINDOW,
  waiting,
} from './hosts.ts';

const second = () => unconfirmed(ONE, packages(again(ONE, '2')));

/** @returns how many effects a command has on a host as this one. */
const effectsOf = async (world: World, [verb, ...args]: Command): Promise<number> =>
  (await runSim(copyWorld(world, 1), verb, args)).effects.length;

/** A release that an operator stopped in its middle. */
async function stopped(): Promise<World> {
  const world = await waiting(TWO, { ...packages(SECOND), ...SCRIPT });
  const middle = Math.floor((await effectsOf(world, [run, T])) / 2);
  const { code } = await runSim(world, run, [T], {
    watch: ({ at }) => {
      if (at === middle) for (const stop of world.stops) stop('SIGINT', 1);
    },
  });
  if (code !== 8) throw new Error(`the release exited ${code} when it was stopped`);
  return world;
}

const undo = (world: World): Command => [...restoreFirst(world), '--undo'];

/** A restore that was killed when half of it was done. */
async function halfRestored(): Promise<World> {
  const world = await restorable(TWO);
  const [verb, ...args] = restoreFirst(world);
  const middle = Math.floor((await effectsOf(world, [verb, ...args])) * 0.7);
  await runSim(world, verb, args, { fault: { at: middle, fault: { kind: 'kill' } } });
  return world;
}

/** Nobody looks any more: its time is over, and what comes by puts it back. */
const expired = (world: World): Command => {
  world.clock.tick(7 * 24 * 3_600_000);
  return [sweep];
};

export const WINDOWS: readonly Scenario[] = [
  {
    name: 'release that waits for its confirmation',
    begin: () => waiting(ONE, packages(again(ONE, '2'))),
    command: [run, T, ...WINDOW],
    code: 10,
    forward: [
      [run, T, '--resume', '--detach'],
      [run, T, ...WINDOW],
    ],
    back: expired,
    stands: statusOf,
  },
  {
    name: 'confirmation of a release',
    begin: second,
    command: [confirm, T],
    code: 0,
    forward: [[confirm, T]],
    stands: statusOf,
  },
  {
    name: 'refusal of a release that waits',
    begin: second,
    command: [confirm, T, '--no'],
    code: 0,
    forward: [[confirm, T, '--no'], [sweep], BACK],
    stands: statusOf,
  },
  {
    name: 'release that was not confirmed in time',
    begin: async () => {
      const world = await second();
      world.clock.tick(11 * 60_000);
      return world;
    },
    command: [sweep],
    code: 0,
    forward: [[sweep], [sweep], BACK],
    stands: statusOf,
  },
  {
    name: 'revert by hand of a release that waits',
    begin: () => unconfirmed(TWO, packages(SECOND)),
    command: [...BACK, '--accept-loss'],
    code: 0,
    forward: [[...BACK, '--accept-loss']],
    stands: statusOf,
  },
  {
    name: 'resume of a stopped release',
    begin: stopped,
    command: [run, T, '--resume'],
    code: 0,
    forward: RESUME,
    stands: statusOf,
  },
  {
    name: 'undoing of a restore that was cut off',
    begin: halfRestored,
    command: undo,
    code: 0,
    forward: [undo],
  },
];
