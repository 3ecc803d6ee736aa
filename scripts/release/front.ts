// From the operator's terminal to the frozen engine: which copy of the engine a verb runs from.
import { toplevel } from '../host/git/repository.ts';
import { type HostPaths, hostPaths, ticketPaths } from '../host/paths.ts';
import { checkTicket } from '../model/names.ts';
import type { Given } from './arguments.ts';
import type { World } from './world.ts';

/** The engine that this process was started from: the checkout, or, inside a frozen copy, the checkout that it was made of. */
export function engineFolder(): string {
  return import.meta.dir.replace(/\/scripts\/release$/, '');
}

/** @param given the parsed words; the first one is the ticket where the verb has one. */
export async function enterFrozen(verb: string, args: readonly string[], given: Given, world: World): Promise<number> {
  const { host, engine } = world;
  const asked = toplevel(host, host.machine.env.ASD_ROOT ?? host.machine.cwd);
  // Awaited below; the engine is read while git runs.
  asked.catch(() => undefined);
  const { secureWorkspace } = await import('../journal/workspace.ts');
  const { engineHash } = await import('../host/engine-files.ts');
  const { freezeEngine, openFrozen } = await import('../host/freeze.ts');
  const { runFrozen } = await import('../host/front.ts');
  const later = goesOn(verb, given);
  const current = later ? undefined : engineHash(engine);
  const root = await asked;
  const paths = hostPaths(root, engine, '.asd/workspace/backups');
  secureWorkspace(host, paths);
  const own = later ? await recordedEngine(given, world, paths) : undefined;
  const frozen = own === undefined ? await freezeEngine(paths, current) : await openFrozen(paths, own);
  return await runFrozen(frozen, verb, args, { ...host.machine.env, ASD_ROOT: root, ASD_ENGINE: engine });
}

const LATER_PHASES = new Set(['release-migrate', 'release-ticket', 'release-verify']);

/** A release that is gone on with runs from the engine that it was begun with, unless a changed engine was accepted. */
const goesOn = (verb: string, given: Given): boolean =>
  (LATER_PHASES.has(verb) || given.has('resume') || !['prepare', undefined].includes(given.value('from'))) &&
  !given.has('accept-drift');

async function recordedEngine(given: Given, { host }: World, paths: HostPaths): Promise<string | undefined> {
  const [word] = given.words;
  if (word === undefined) return undefined;
  const { readState } = await import('../journal/state.ts');
  const state = readState(host, ticketPaths(paths, checkTicket(word)).state);
  return state?.engine === '' ? undefined : state?.engine;
}
