// The hosts that scenarios begin on, and what an operator types there.
import { verb as adopt } from '../../release/adopt.ts';
import { verb as backup } from '../../release/backup.ts';
import { verb as restore } from '../../release/restore.ts';
import { verb as revert } from '../../release/revert.ts';
import { verb as run } from '../../release/run.ts';
import { verb as state } from '../../release/state.ts';
import type { Verb } from '../../release/verb.ts';
import {
  BACKUPS,
  beginWorld,
  copyWorld,
  type Files,
  packageFiles,
  pushCommit,
  type ServiceSpec,
  writeData,
} from '../simulation/beginning.ts';
import { runSim } from '../simulation/run-verb.ts';
import type { World } from '../simulation/world.ts';

export type Command = readonly [verb: Verb, ...args: string[]];

export interface Scenario {
  name: string;
  /** The host before the command. */
  begin(): Promise<World>;
  command: Command | ((world: World) => Command);
  /** Its exit code where nothing goes wrong. */
  code: number;
  /** What an operator types after a crash to go on; the host is then as after the command. */
  forward: ReadonlyArray<Command | ((world: World) => Command)>;
  /** What an operator types to go back; the host is then as before it. Not for what has no way back of its own. */
  back?: Command | ((world: World) => Command);
  /** What else a way on has to come to: told of the undisturbed host, and of each that was gone on with. */
  stands?(world: World): Promise<string>;
}

export const T = 'T-1';
export const RESUME: readonly Command[] = [
  [run, T, '--resume'],
  [run, T],
];
export const BACK: Command = [revert, T];

/** @throws Error where the preparation of a scenario does not end as it should. */
export async function must(world: World, expected: number, [verb, ...args]: Command): Promise<void> {
  const ended = await runSim(world, verb, args);
  if (ended.code !== expected)
    throw new Error(`${verb.usage.verb} ${args.join(' ')} exited ${ended.code}: ${ended.said.join('\n')}`);
}

export type Services = Record<string, ServiceSpec>;

/** An adopted host. */
export async function host(services: Services, config: Record<string, unknown> = {}): Promise<World> {
  const world = beginWorld(services, { config });
  await must(world, 0, [adopt, '--no-backup']);
  return world;
}

export const packages = (services: Services): Files =>
  Object.assign({}, ...Object.entries(services).map(([name, spec]) => packageFiles(name, spec)));

export const ONE: Services = { alpha: { version: '1' } };
export const TWO: Services = { alpha: { version: '1', database: true }, beta: { version: '1' } };
export const SECOND: Services = { alpha: { version: '2', database: true }, beta: { version: '2' } };
export const WINDOW = ['--confirm-within=10m', '--detach'] as const;
export const SCRIPT: Files = { [`releases/${T}-note.sh`]: 'append $ASD_ROOT/.asd/workspace/marks said\n' };

/** A host on which something new waits at the remote. */
export async function waiting(before: Services, next: Files, config: Record<string, unknown> = {}): Promise<World> {
  const world = await host(before, config);
  pushCommit(world, next, 'second');
  return world;
}

/** A host on which it was released, and then used. */
export async function released(before: Services, next: Files, config: Record<string, unknown> = {}): Promise<World> {
  const world = await waiting(before, next, config);
  await must(world, 0, [run, T]);
  writeData(world, 'alpha', 'written by a user');
  return world;
}

/** What release-state says of the release: its record alone may be older than the log. */
export async function statusOf(world: World): Promise<string> {
  const { said } = await runSim(copyWorld(world, 1), state, [T, '--json']);
  const view = JSON.parse(said.join('\n')) as { state?: Record<string, string>; deadline?: unknown };
  // There may be no record of it at all.
  const status = view.state?.RELEASE_STATUS ?? 'none';
  return status === 'awaiting-confirm' && view.deadline !== undefined ? `${status}, with a deadline` : status;
}

/** A host on which it was released, and waits for its confirmation. */
export async function unconfirmed(before: Services, next: Files): Promise<World> {
  const world = await waiting(before, next);
  await must(world, 10, [run, T, ...WINDOW]);
  writeData(world, 'alpha', 'written by a user');
  return world;
}

/** A host with a backup, on which something was written since. */
export async function restorable(services: Services): Promise<World> {
  const world = await host(services);
  await must(world, 0, [backup]);
  writeData(world, 'alpha', 'written by a user');
  return world;
}

/** The oldest backup of a service. */
export const restoreFirst = (world: World): Command => [
  restore,
  'alpha',
  world.disk.list(`${BACKUPS}/alpha`).find((name) => /^\d/.test(name)) ?? '',
];

export const again = (services: Services, version: string): Services =>
  Object.fromEntries(Object.entries(services).map(([name, spec]) => [name, { ...spec, version }]));
