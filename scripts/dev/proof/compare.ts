// Two proofs of one host, section by section, and the one difference that a way back is to leave: the revert commit.
import { createHash } from 'node:crypto';

export type Proof = Record<string, string[]>;

const MOST = 5;
const SHOWN = 12;

/** A line for each difference, at most five a section: `section: - before` and `section: + after`. */
export function differences(before: Proof, after: Proof): string[] {
  return sections(before, after).flatMap((section) => {
    const [then, now] = [before[section] ?? [], after[section] ?? []];
    if (then.join('\n') === now.join('\n')) return [];
    const [old, fresh] = [new Set(then), new Set(now)];
    const gone = then.filter((line) => !fresh.has(line)).map((line) => `${section}: - ${line}`);
    const come = now.filter((line) => !old.has(line)).map((line) => `${section}: + ${line}`);
    const all = [...gone.slice(0, MOST), ...come.slice(0, MOST)];
    return all.length > 0 ? all : [`${section}: the same lines in another order, or another number of them`];
  });
}

const sections = (before: Proof, after: Proof): string[] => [
  ...new Set([...Object.keys(before), ...Object.keys(after)]),
];

const digest = (lines: string[] | undefined): string =>
  lines === undefined ? 'none' : createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, SHOWN);

/** A line a section. */
export function table(before: Proof, after: Proof): string[] {
  const names = sections(before, after);
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name) => {
    const [then, now] = [digest(before[name]), digest(after[name])];
    return `${name.padEnd(width)}  ${then} -> ${now}  ${then === now ? 'the same' : 'DIFFERENT'}`;
  });
}

/**
 * @param log `git log --format=%H%x00%P%x00%B%x01` of the commits that came, the newest first.
 * @returns undefined where nothing came, or the newest takes back the one that it stands on; else what is wrong.
 */
export function notTheRevert(log: string): string | undefined {
  const [newest = ''] = log.split('\x01');
  if (newest.trim() === '') return undefined;
  const [sha = '', parents = '', message = ''] = newest.trim().split('\0');
  const reverted = /This reverts commit ([0-9a-f]{40})/.exec(message)?.[1];
  return reverted !== undefined && reverted === parents
    ? undefined
    : `commit: ${sha} is there, and is no revert of the commit that it stands on`;
}
