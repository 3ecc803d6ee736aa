// What a torture run prints: figures by kind, and each failure with what repeats it.
import type { Failure } from './enumerate.ts';
import type { Tally } from './shard.ts';

export const KINDS = ['kill', 'nested', 'power', 'error', 'short', 'exit', 'hang'] as const;

const MEANING: Record<(typeof KINDS)[number], string> = {
  kill: 'kill -9 of the engine; what it had started ends, or finishes',
  nested: 'kill -9, and kill -9 again during the recovery',
  power: 'power cut: unflushed writes lost, kept, or kept in part',
  error: 'a system call refused: ENOSPC, EIO, EDQUOT, EMFILE, EROFS',
  short: 'a write takes half of what it is given, and the rest is refused, or the engine killed',
  exit: 'a command that fails: exit 1, 128, 137',
  hang: 'a command that does not end: to its time-out, or until Ctrl-C',
};

const sum = (tallies: readonly Tally[], of: 'visited' | 'all' | 'merged', kind: string): number =>
  tallies.reduce((total, tally) => total + (tally[of][kind] ?? 0), 0);

export function describeFailure({ point, where, what }: Failure, seed: number): string {
  const { scenario, at, disturbance } = point;
  return `${scenario}: ${JSON.stringify(disturbance)} at effect ${at} (${where}), seed ${seed}: ${what}`;
}

export function tableOf(tallies: readonly Tally[], seed: number, seconds: number): string[] {
  const failures = tallies.flatMap((tally) => tally.failures);
  const rows = KINDS.filter((kind) => sum(tallies, 'all', kind) > 0).map((kind) => {
    const failed = failures.filter(({ point }) => point.disturbance.kind === kind).length;
    return `| ${kind} | ${MEANING[kind]} | ${sum(tallies, 'visited', kind)} of ${sum(tallies, 'all', kind)} | ${sum(tallies, 'merged', kind)} | ${failed} |`;
  });
  return [
    '',
    `${tallies[0]?.scenarios ?? 0} scenarios, seed ${seed}, ${Math.round(seconds)} s`,
    '',
    '| kind | what | points | of them on an equal host | failures |',
    '|---|---|---|---|---|',
    ...rows,
    ...(failures.length === 0 ? [] : ['', ...failures.map((failure) => describeFailure(failure, seed))]),
  ];
}
