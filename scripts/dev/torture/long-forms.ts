// The long forms that are no points of a simulated host, and the table of what they found.
import { FUZZ } from './inputs.ts';
import type { LongForm, Tried, Wish } from './long-form.ts';
import { RACES } from './races.ts';
import { DISK } from './real/disk.ts';
import { DOCKERD } from './real/dockerd.ts';
import { EXT4 } from './real/ext4.ts';
import { REMOTE } from './real/remote.ts';
import { STRACE } from './real/strace.ts';
import { SABOTAGE } from './sabotage.ts';
import { SECRETS } from './secrets.ts';

export const LONG_FORMS: readonly LongForm[] = [FUZZ, RACES, SECRETS, SABOTAGE, STRACE, EXT4, DISK, REMOTE, DOCKERD];

interface Row extends Tried {
  kind: string;
  what: string;
  seconds: number;
}

/** One after the other. @param wish.most how many of each; undefined: all that there are. */
export async function runLong(
  kinds: readonly string[],
  wish: Omit<Wish, 'most'> & { most: number | undefined },
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { kind, what, count, run } of LONG_FORMS.filter((form) => kinds.includes(form.kind))) {
    const began = performance.now();
    const most = wish.most ?? Math.max(0, count - wish.from);
    const tried = await run({ ...wish, most });
    rows.push({ ...tried, kind, what, seconds: (performance.now() - began) / 1000 });
  }
  return rows;
}

export function longTable(rows: readonly Row[], seed: number): string[] {
  if (rows.length === 0) return [];
  const line = ({ kind, what, tried, failures, seconds }: Row): string =>
    `| ${kind} | ${what} | ${tried} | ${failures.length} | ${Math.round(seconds)} s |`;
  return [
    '',
    `seed ${seed}`,
    '',
    '| kind | what | tried | failures | time |',
    '|---|---|---|---|---|',
    ...rows.map(line),
    '',
    ...rows.filter(({ notes }) => notes.length > 0).map(({ kind, notes }) => `${kind}: ${notes.join(', ')}`),
    ...rows.flatMap(({ failures }) => failures),
  ];
}
