// The frozen engine of this checkout, made once for all hosts of a run: others get it by hard links, before their first verb would make it.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SHARED_FROZEN } from '../../../scripts/dev/suites.ts';
import { mustRun } from './process.ts';

const enginesOf = (prod: string): string => join(prod, '.asd', 'workspace', 'engine');
const link = (script: string, from: string, to: string) =>
  mustRun(['sh', '-euc', script, 'sh', from, to], '/', { PATH: process.env.PATH ?? '' });

/** Nothing happens where no run shares them, or none is there yet. */
export async function takeFrozen(prod: string): Promise<void> {
  const shared = process.env[SHARED_FROZEN];
  if (shared === undefined || !existsSync(join(shared, 'engine'))) return;
  await link('mkdir -p -m 0700 "${2%/*}"; cp -al "$1/engine" "$2"', shared, enginesOf(prod));
}

/** Gives the one engine that a host's first verb made to those that come later; the first one given stays. */
export async function giveFrozen(prod: string): Promise<void> {
  const shared = process.env[SHARED_FROZEN];
  if (shared === undefined || existsSync(join(shared, 'engine')) || readdirSync(enginesOf(prod)).length !== 1) return;
  await link(
    'mkdir -p "$2"; t=$(mktemp -d "$2/XXXXXX"); cp -al "$1/." "$t"; mv -nT "$t" "$2/engine"',
    enginesOf(prod),
    shared,
  );
}
