// The table of a measurement: what, median, spread, and for goals whether they are met.
import type { Stats } from './measure.ts';

export type Unit = 'ms' | 's' | 'MB' | 'x';

export interface Row {
  what: string;
  stats: Stats;
  unit: Unit;
  /** Upper bound of the median, in the row's unit, and where it comes from. */
  goal?: { bound: number; why: string };
}

export interface Table {
  title: string;
  rows: Row[];
  notes: string[];
}

const DIGITS: Record<Unit, number> = { ms: 0, s: 2, MB: 0, x: 2 };

const say = (value: number, unit: Unit): string =>
  unit === 'x' ? value.toFixed(DIGITS.x) : `${value.toFixed(DIGITS[unit])} ${unit}`;

/** @returns lines of Markdown. */
export function markdown({ title, rows, notes }: Table): string[] {
  const cells = rows.map(({ what, stats, unit, goal }) => [
    what,
    say(stats.median, unit),
    `${stats.min.toFixed(DIGITS[unit])} to ${say(stats.max, unit)}`,
    String(stats.runs),
    goal === undefined ? '' : `${say(goal.bound, unit)}${goal.why === '' ? '' : ` (${goal.why})`}`,
    goal === undefined ? '' : stats.median <= goal.bound ? 'met' : '**missed**',
  ]);
  const head = ['', 'median', 'spread', 'runs', 'goal: at most', ''];
  const widths = head.map((name, at) => Math.max(name.length, 3, ...cells.map((row) => (row[at] ?? '').length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return [`### ${title}`, '', line(head), rule, ...cells.map(line), '', ...notes.flatMap((note) => [note, ''])];
}
