// Patterns of playbooks: tried on single lines of bounded length, and refused where they could take forever even so.
import { messageOf } from '../model/error.ts';

const LONGEST = 500;
/** A repeated group that holds a repetition itself: `(a+)*`. */
const NESTED = /\((?:[^()\\]|\\.)*[+*](?:[^()\\]|\\.)*\)[+*{]/;

/** @returns what is wrong with it; undefined: nothing. */
export function patternProblem(source: string): { unfit: string } | undefined {
  if (source.length > LONGEST) return { unfit: `has ${source.length} characters: ${LONGEST} at most` };
  if (NESTED.test(source.replaceAll(/\[(?:[^\]\\]|\\.)*\]/g, '_')))
    return { unfit: 'repeats a group that repeats itself: that can take forever' };
  if (/\\[1-9]|\\k</.test(source)) return { unfit: 'refers back to a group: that can take forever' };
  try {
    new RegExp(source);
    return undefined;
  } catch (error) {
    return { unfit: `is no pattern: ${messageOf(error)}` };
  }
}

const LINE = 2_000;

/** The named groups of the first line that fits, by name; undefined where none does. */
export function firstMatch(source: string, lines: readonly string[]): Record<string, string> | undefined {
  const pattern = new RegExp(source);
  for (const line of lines) {
    const found = pattern.exec(line.slice(0, LINE));
    if (found === null) continue;
    return Object.fromEntries(
      Object.entries(found.groups ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined),
    );
  }
  return undefined;
}
