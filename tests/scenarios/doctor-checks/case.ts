// One way in which a host can be wrong, and the proof that doctor says so and that what it prints mends it.
import { expect } from 'bun:test';
import type { Finding } from '../../../scripts/doctor/check.ts';

/** A host that doctor looks at. */
export interface Bed {
  look(check: string): Promise<Finding[]>;
  /** Types a printed line. @param answers what it asks for. @returns exit code and output. */
  type(line: string, answers?: string): Promise<[code: number, text: string]>;
}

export interface Case<B extends Bed> {
  check: string;
  name: string;
  outcome: 'fail' | 'warn';
  says: string | RegExp;
  /** Where nothing is wrong, there is nothing to look at on this machine. */
  idle?: true;
  /** --fix may run the first line. */
  safe?: true;
  /** What has to be there before the check passes. */
  before?(bed: B): unknown;
  /** Makes the host wrong; more than once, where more than one line is printed. */
  spoil(bed: B): unknown;
  /** What others do before the operator types the line: a correction is pushed, a release goes on. */
  meanwhile?(bed: B): unknown;
  /** Waits for what the line only watched. */
  settle?(bed: B): unknown;
  /** Typed where the line asks. */
  answers?: string;
  /** Only so many of the lines of a finding are tried: the others look, or are tried elsewhere. Default: all. */
  lines?: number;
  /** Why a program of that name stands in for the one that the line calls; default: it is run for real. */
  standIn?: string;
  after?(bed: B): unknown;
}

const ill = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'skip');

/** Words that would have to be replaced before a shell takes the line. A ticket may well be called NEW-TICKET. */
const PLACEHOLDER = /<\w+>|\.\.\.|\b(?:URL|VALUE|PATH|FILE|NAME|HOST|SERVICE)\b|(?<!NEW-)\bTICKET\b/;

/** It passes; it does not once the host is wrong; each printed line, as it is, makes it pass again. */
export async function proves<B extends Bed>(bed: B, each: Case<B>): Promise<void> {
  await each.before?.(bed);
  const well = await bed.look(each.check);
  expect(ill(well)).toEqual([]);
  const best = each.idle ? 'skip' : 'pass';
  expect(well.map(({ outcome }) => outcome)).toContain(best);
  for (let nth = 0, count = 1; nth < count; nth++) {
    await each.spoil(bed);
    const found = ill(await bed.look(each.check));
    expect(found.map(({ what }) => what).join('\n')).toMatch(each.says);
    expect([...new Set(found.map(({ outcome }) => outcome))]).toEqual([each.outcome]);
    for (const { what, mends } of found) expect([what, mends.length > 0]).toEqual([what, true]);
    expect(found.map(({ mends }) => mends[0]?.safe)).toEqual(found.map(() => each.safe ?? false));
    count = Math.min(each.lines ?? Number.POSITIVE_INFINITY, found[0]?.mends.length ?? 0);
    await each.meanwhile?.(bed);
    for (const { mends } of found) {
      const { command = 'false', does } = mends[nth] ?? mends[0] ?? {};
      expect(command).not.toMatch(PLACEHOLDER);
      const [code, text] = await bed.type(`${command}  # ${does}`, each.answers);
      expect([command, code, code === 0 ? '' : text]).toEqual([command, 0, '']);
    }
    await each.settle?.(bed);
    const mended = await bed.look(each.check);
    expect(ill(mended)).toEqual([]);
    expect(mended.map(({ outcome }) => outcome)).toContain(best);
  }
  await each.after?.(bed);
}
