// KEY=value lines that bash can source and dotenv can read, and both get the same: the state file and the lock's holder.
import { parse } from 'dotenv';
import { refused } from '../model/error.ts';

const BARE = /^[A-Za-z0-9._:/@+,-]*$/;
// Inside double quotes bash looks at " $ ` \ and interactively at !, dotenv at " and \; a comment sign is left out for older readers.
const QUOTED = /^[A-Za-z0-9._:/@+,=%~ -]*$/;

/** @throws refused where the value holds a character that a reader could take for more than itself. */
export function formatPairs(pairs: ReadonlyArray<readonly [string, string]>, file: string): string {
  return pairs.map(([key, value]) => `${key}=${formatOne(key, value, file)}\n`).join('');
}

function formatOne(key: string, value: string, file: string): string {
  if (BARE.test(value)) return value;
  if (QUOTED.test(value)) return `"${value}"`;
  throw refused({
    what: `${key} cannot be ${JSON.stringify(value.slice(0, 80))}: a file that bash sources takes plain characters only`,
    where: file,
    hint: 'Letters, digits, space and ._:/@+,=%~- are plain.',
  });
}

/** The text with every character that is not plain replaced by `_`: for what people read and nothing computes with. */
export const plain = (text: string): string => text.replaceAll(/[^A-Za-z0-9._:/@+,=%~ -]/gu, '_');

/** Lines that are no KEY=value are passed over; of two lines with one key the last counts, as in bash. */
export function parsePairs(text: string): Record<string, string> {
  return parse(text);
}
