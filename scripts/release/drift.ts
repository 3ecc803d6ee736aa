// What changed on the host since a release halted: HEAD, tracked files, `.env`, the engine.

import { workingTree } from '../host/git/working-tree.ts';
import { openKeyedHash } from '../host/keyed-hash.ts';
import type { Receipt } from '../model/receipt.ts';
import type { ReleaseState } from '../model/release.ts';
import type { Plan } from '../model/step.ts';
import type { Context } from './context.ts';

export interface Drift {
  /** HEAD moved: never acceptable. */
  never: string[];
  /** Acceptable with --accept-drift; names only for `.env`. */
  differences: string[];
  /** Tracked files that differ. */
  paths: string[];
  /** Names in `.env` that differ. */
  names: string[];
}

export interface Remembered {
  state: ReleaseState;
  plan: Plan;
  receipt: Receipt;
  advanced: boolean;
  /** The engine died in the middle of its Advance: the step itself mends or refuses what that left. */
  cutOff: boolean;
}

export async function findDrift(
  context: Context,
  { state, plan, receipt, advanced, cutOff }: Remembered,
): Promise<Drift> {
  const tree = await workingTree(context.repo);
  const never: string[] = [];
  const expected = advanced ? [state.mergeSha] : [plan.headSha, plan.targetSha];
  if (!expected.includes(tree.head))
    never.push(`HEAD is ${tree.head.slice(0, 12)}, the release left it at ${expected[0]?.slice(0, 12)}`);
  const paths = cutOff ? [] : tree.dirty.map((d) => d.path);
  const env = envDifferences(context, receipt);
  const differences = [...paths.map((path) => `${path} was changed by hand`), ...env.map(({ what }) => what)];
  const engine = context.host.own.engineHash;
  if (state.engine !== '' && state.engine !== engine)
    differences.push(`the engine is ${engine}, this release was begun with ${state.engine}`);
  return { never, differences, paths, names: env.map(({ name }) => name) };
}

function envDifferences(context: Context, receipt: Receipt): Array<{ name: string; what: string }> {
  const hash = openKeyedHash(context.host, context.paths);
  const names = [...new Set([...Object.keys(receipt.env), ...Object.keys(context.env)])].toSorted();
  return names.flatMap((name) => {
    const [then, now] = [receipt.env[name], context.env[name]];
    if (then === undefined) return [{ name, what: `.env: ${name} is new` }];
    if (now === undefined) return [{ name, what: `.env: ${name} is gone` }];
    return hash(now) === then ? [] : [{ name, what: `.env: ${name} has another value` }];
  });
}
