// A host that was left in the middle: it is looked at, gone on with, and gone back from, and has to end where the undisturbed one does.
import { EXIT } from '../../model/error.ts';
import { verb as state } from '../../release/state.ts';
import { copyWorld } from '../simulation/beginning.ts';
import { everythingOn, hostOf } from '../simulation/everything.ts';
import { differences, type Fingerprint, fingerprint } from '../simulation/fingerprint.ts';
import { type Ended, runSim } from '../simulation/run-verb.ts';
import type { World } from '../simulation/world.ts';
import type { Command, Scenario } from './hosts.ts';

/** Where a scenario has to end, whatever happens, and what is known of it. */
export interface Promised {
  scenario: Scenario;
  before: Fingerprint;
  after: Fingerprint;
  /** By the host's clock. */
  beganMs: number;
  /** What the scenario tells of the undisturbed host. */
  stood: string | undefined;
  known: Known;
}

/** What came of hosts, by everything that is on them: an equal one is not judged again. */
interface Known {
  look: Map<string, string | undefined>;
  forward: Map<string, string | undefined>;
  back: Map<string, string | undefined>;
  /** How many effects the first command of a recovery has, by the host and the verb. */
  lengths: Map<string, number>;
}

export interface Judged {
  /** What is wrong, or undefined. */
  what: string | undefined;
  /** All of it was known. */
  merged: boolean;
}

export const nothingKnown = (): Known => ({
  look: new Map(),
  forward: new Map(),
  back: new Map(),
  lengths: new Map(),
});

export const commandOf = (command: Scenario['command'], world: World): Command =>
  typeof command === 'function' ? command(world) : command;

export const run = (world: World, [verb, ...args]: Command, options?: Parameters<typeof runSim>[3]): Promise<Ended> =>
  runSim(world, verb, args, options);

/** @param again of each recovery, too, the engine is killed, at this part of its effects (0 to 1), and the recovery begun anew. */
export async function judge(
  promised: Promised,
  world: World,
  seed: number,
  again: number | undefined,
): Promise<Judged> {
  const { scenario, known } = promised;
  let merged = true;
  const once = async (
    memory: Map<string, string | undefined>,
    host: World,
    look: (key: string) => Promise<string | undefined>,
  ): Promise<string | undefined> => {
    const key = everythingOn(host);
    if (memory.has(key)) return memory.get(key);
    merged = false;
    const what = await look(key);
    memory.set(key, what);
    return what;
  };
  const begin = async (way: Scenario['command'], of: number): Promise<World> => {
    const host = copyWorld(world, seed + of);
    if (again !== undefined) await killRecovery(known, host, commandOf(way, host), again);
    return host;
  };

  const looked = await once(known.look, world, () => lookAt(world));
  if (looked !== undefined) return { what: looked, merged };
  const forward = await begin(scenario.forward[0] ?? scenario.command, 1);
  const wrong = await once(known.forward, forward, (key) => goOn(promised, key, forward));
  if (wrong !== undefined) return { what: `forward: ${wrong}`, merged };
  if (scenario.back === undefined) return { what: undefined, merged };
  const back = await begin(scenario.back, 2);
  const left = await once(known.back, back, (key) => goBack(promised, key, back));
  return { what: left === undefined ? undefined : `back: ${left}`, merged };
}

/** revert.max_loss, by default. */
const MAX_LOSS_MS = 3_600_000;

const lengthOf = (key: string, [verb]: Command): string => `${key} ${verb.usage.verb}`;

async function killRecovery({ lengths }: Known, world: World, command: Command, part: number): Promise<void> {
  const name = lengthOf(everythingOn(world), command);
  const length = lengths.get(name) ?? (await run(copyWorld(world, 7), command)).effects.length;
  lengths.set(name, length);
  await run(world, command, { fault: { at: Math.floor(length * part), fault: { kind: 'kill' } } });
}

/** An end without a sentence of ours. */
export function crashOf({ code, said }: Ended): string | undefined {
  const line = said.find((each) => each.startsWith('Belay itself failed'));
  // Nobody reads what a killed engine would still have said.
  return code === undefined || line === undefined
    ? undefined
    : `no sentence: ${said.slice(said.indexOf(line)).join(' | ').slice(0, 600)}`;
}

/** A look says how it stands, and changes nothing. */
async function lookAt(world: World): Promise<string | undefined> {
  const looked = copyWorld(world, 3);
  const ended = await run(looked, [state]);
  if (ended.effects.length > 0) return `release-state did ${ended.effects[0]?.what}`;
  // 4: there is no release to tell of yet.
  if (ended.code !== 0 && ended.code !== 4)
    return `release-state exited ${ended.code}: ${ended.said.slice(-3).join(' | ')}`;
  return hostOf(looked) === hostOf(world) ? undefined : 'release-state changed the host';
}

/** @returns the end of the command, or of its repetition where it did not get its push through. @param begun is told how many effects it had. */
async function again(world: World, command: Command, begun?: (length: number) => void): Promise<Ended> {
  const ended = await run(world, command);
  begun?.(ended.effects.length);
  return ended.code === EXIT.notPushed ? await run(world, command) : ended;
}

/** Command after command, until the host is as it should be. */
async function goOn(
  { scenario, known, after, stood }: Promised,
  key: string,
  world: World,
): Promise<string | undefined> {
  const { forward, code } = scenario;
  let ended: Ended | undefined;
  let left: string[] = [];
  for (const [index, each] of forward.entries()) {
    const command = commandOf(each, world);
    ended = await again(world, command, (length) => index === 0 && known.lengths.set(lengthOf(key, command), length));
    left = differences(after, fingerprint(world));
    const stands = await scenario.stands?.(world);
    if (stands !== stood) left.push(`it is ${stands} instead of ${stood}`);
    if (left.length === 0) return crashOf(ended);
  }
  return `exit ${ended?.code} instead of ${code}, ${left.join('; ').slice(0, 700)} | ${ended?.said.slice(-8).join(' | ')}`;
}

async function goBack(
  { scenario, known, before, beganMs }: Promised,
  key: string,
  world: World,
): Promise<string | undefined> {
  const command = commandOf(scenario.back ?? scenario.command, world);
  let ended = await again(world, command, (length) => known.lengths.set(lengthOf(key, command), length));
  // Where a command hung for hours, more is lost than the settings allow without a word.
  const late = world.clock.now() - beganMs >= MAX_LOSS_MS;
  if (late && ended.said.some((line) => line.includes('revert.max_loss')))
    ended = await again(world, [...command, '--accept-loss']);
  const left = differences(before, fingerprint(world));
  const refused = ended.code === 4 || ended.code === 5;
  // Nothing was begun: what a killed look left in its own folders goes with the next command.
  const only = refused ? left.filter((each) => !/^(?:worktrees|stage|locks): /.test(each)) : left;
  if (only.length === 0 && (ended.code === 0 || refused)) return undefined;
  return `exit ${ended.code}, ${only.join('; ').slice(0, 700)} | ${ended.said.slice(-8).join(' | ')}`;
}
