// Runs what is compared in turns (A B A B ...), so that a machine that becomes slower becomes slower for all, and keeps medians and spread.

export interface Stats {
  median: number;
  min: number;
  max: number;
  runs: number;
}

/** One turn of one candidate: figures by name, in the unit that their rows say. */
export type Figures = Record<string, number>;
export type Candidate = () => Promise<Figures>;

/** @throws Error where there are no values. */
export function statsOf(values: readonly number[]): Stats {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || min === undefined || max === undefined) throw new Error('no values');
  return { median: (low + high) / 2, min, max, runs: sorted.length };
}

/** @param warmUp turns that are not counted. @returns for each candidate, the statistics of each of its figures. */
export async function sideBySide<Name extends string>(
  candidates: Record<Name, Candidate>,
  runs: number,
  warmUp = 1,
): Promise<Record<Name, Record<string, Stats>>> {
  const names = Object.keys(candidates) as Name[];
  const values = new Map<Name, Map<string, number[]>>(names.map((name) => [name, new Map()]));
  for (let turn = -warmUp; turn < runs; turn += 1) {
    for (const name of names) {
      const figures = await candidates[name]();
      if (turn < 0) continue;
      for (const [figure, value] of Object.entries(figures)) {
        const own = values.get(name);
        own?.set(figure, [...(own.get(figure) ?? []), value]);
      }
    }
  }
  const result = names.map((name) => [
    name,
    Object.fromEntries([...(values.get(name) ?? [])].map(([figure, all]) => [figure, statsOf(all)])),
  ]);
  return Object.fromEntries(result);
}

/** A figure that a candidate must have given. */
export function figure(of: Record<string, Stats>, name: string): Stats {
  const stats = of[name];
  if (stats === undefined) throw new Error(`nothing measured ${name}`);
  return stats;
}
