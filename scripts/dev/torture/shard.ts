// A part of all points: made in an order that the seed gives, visited until the time is over.
import type { Effect } from '../simulation/world.ts';
import { seeded } from '../simulation/world.ts';
import {
  type Disturbance,
  endsTheEngine,
  type Failure,
  keep,
  type Point,
  type Prepared,
  prepareScenario,
  runPoint,
} from './enumerate.ts';
import { SCENARIOS } from './scenarios.ts';

export interface Shard {
  seed: number;
  /** Wall time at which it ends, wherever it is; undefined: when every point was visited. */
  untilMs?: number | undefined;
  /** Words of scenarios' names; empty for all. */
  only: string;
  kinds: readonly string[];
  part: number;
  of: number;
  /** At most so many points. */
  most?: number;
}

export interface Tally {
  scenarios: number;
  /** Points by kind: visited, and how many there are. */
  visited: Record<string, number>;
  all: Record<string, number>;
  /** Of the visited: the host was equal to one that had been gone on with and back from. */
  merged: Record<string, number>;
  failures: Failure[];
}

/** So many points are drawn from all scenarios before the next are: where the time ends early, each has had its share. */
const ROUND = 2000;
const ERRORS = ['ENOSPC', 'EIO', 'EDQUOT', 'EMFILE', 'EROFS'] as const;
/** Effects of the file system itself: a program's own are refused by its exit code. */
const OF_FILES = /^(?:replace|append|mkdir|rename|unlink|sync|chmod|copy|link|symlink|lock|pipe|output)\b/;
const OF_PROGRAMS = /^(?:git|docker|tar|script|program)\b/;
const WRITES = /[ .]write$/;

/** What is done at one effect. */
function disturbances({ what }: Effect, kinds: readonly string[], random: () => number): Disturbance[] {
  const found: Disturbance[] = [];
  if (kinds.includes('kill')) found.push({ kind: 'kill', orphans: 'end' }, { kind: 'kill', orphans: 'finish' });
  if (kinds.includes('nested')) found.push({ kind: 'nested', after: random() });
  if (kinds.includes('power')) for (const cut of ['lost', 'kept', 'mixed'] as const) found.push({ kind: 'power', cut });
  if (kinds.includes('error') && OF_FILES.test(what)) for (const code of ERRORS) found.push({ kind: 'error', code });
  if (kinds.includes('exit') && OF_PROGRAMS.test(what))
    for (const code of [1, 128, 137]) found.push({ kind: 'exit', code });
  if (kinds.includes('hang') && OF_PROGRAMS.test(what)) found.push({ kind: 'hang' });
  if (kinds.includes('short') && WRITES.test(what))
    for (const then of ['refused', 'killed'] as const) found.push({ kind: 'short', then });
  return found;
}

interface Place {
  point: Point;
  /** By scenario, effect and kind. */
  made: number;
  /** By chance. */
  order: number;
  prepared: Prepared;
}

/** @throws Error where a scenario does not end as it says when nothing disturbs it. */
export async function runShard(shard: Shard): Promise<Tally> {
  const tally: Tally = { scenarios: 0, visited: {}, all: {}, merged: {}, failures: [] };
  const random = seeded(shard.seed);
  const mine: Place[] = [];
  for (const [index, scenario] of SCENARIOS.filter(({ name }) => name.includes(shard.only)).entries()) {
    const prepared = await prepareScenario(scenario);
    tally.scenarios += 1;
    for (const [at, effect] of prepared.effects.entries()) {
      // Neighbours stay together, since their hosts are often equal: each part has a stretch of every scenario, and not always the first one.
      const part = (Math.floor((at * shard.of) / prepared.effects.length) + index) % shard.of;
      for (const disturbance of disturbances(effect, shard.kinds, random)) {
        const point = { scenario: scenario.name, at: effect.at, disturbance, seed: Math.floor(random() * 2 ** 31) };
        const place: Place = { point, made: mine.length, order: random(), prepared };
        if (part === shard.part) mine.push(place);
      }
    }
  }
  mine.sort((a, b) => a.order - b.order);
  for (const { point } of mine) tally.all[point.disturbance.kind] = (tally.all[point.disturbance.kind] ?? 0) + 1;
  const wanted = mine.slice(0, shard.most);
  const round = shard.untilMs === undefined ? wanted.length : ROUND;
  for (let from = 0; from < wanted.length; from += round) await visit(wanted.slice(from, from + round), shard, tally);
  return tally;
}

/** Scenario by scenario: one run of it keeps the hosts that its points begin with. */
async function visit(places: readonly Place[], shard: Shard, tally: Tally): Promise<void> {
  const { untilMs = Number.POSITIVE_INFINITY } = shard;
  for (const [prepared, own] of Map.groupBy(places, (place) => place.prepared)) {
    if (Date.now() >= untilMs) return;
    const ends = own.filter(({ point }) => endsTheEngine(point.disturbance));
    await keep(prepared, new Set(ends.map(({ point }) => point.at)));
    // A kill comes before the nested one at the same effect: how long its recovery is, is known then.
    for (const { point } of own.sort((a, b) => a.made - b.made)) {
      if (Date.now() >= untilMs) break;
      const { failure, merged } = await runPoint(prepared, point);
      if (failure !== undefined) tally.failures.push(failure);
      const { kind } = point.disturbance;
      tally.visited[kind] = (tally.visited[kind] ?? 0) + 1;
      if (merged) tally.merged[kind] = (tally.merged[kind] ?? 0) + 1;
    }
    prepared.moments.clear();
  }
}
