// Readers of single values: each takes what the YAML held and returns what the engine wants, or a sentence on why it cannot.
import { durationMs, MAX_DURATION_MS } from '../model/duration.ts';
import { isPlain } from './plain.ts';
import { nearest } from './suggest.ts';

export interface Unfit {
  unfit: string;
  suggestion?: string;
}

export type Reader<T> = (value: unknown) => T | Unfit;

export const isUnfit = (value: unknown): value is Unfit =>
  typeof value === 'object' && value !== null && 'unfit' in value;

const MISSING: Unfit = { unfit: 'is missing' };

/** How a value is quoted in a sentence. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (isPlain(value)) return value.text;
  return Array.isArray(value) ? 'a list' : 'a mapping';
}

/** Any text; a number or boolean counts as it was written, so that `tag: 1.10` stays 1.10. */
export const text: Reader<string> = (value) => {
  if (value === undefined) return MISSING;
  const words = isPlain(value) ? value.text : value;
  if (typeof words !== 'string') return { unfit: `must be text, not ${shown(value)}` };
  return words === '' ? { unfit: 'is empty' } : words;
};

/** Text of one line of a certain form. @param says what it must be, to follow "must be". */
export const textLike =
  (form: RegExp, says: string): Reader<string> =>
  (value) => {
    const words = text(value);
    if (isUnfit(words) || form.test(words)) return words;
    return { unfit: `is ${shown(words)}: must be ${says}` };
  };

export const oneOf =
  <const T extends string>(...words: readonly T[]): Reader<T> =>
  (value) => {
    const word = text(value);
    if (isUnfit(word)) return word;
    const found = words.find((known) => known === word);
    if (found !== undefined) return found;
    const suggestion = nearest(word, words);
    return {
      unfit: `is ${shown(word)}: must be ${alternatives(words)}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    };
  };

const alternatives = (words: readonly string[]) =>
  words.length === 1 ? String(words[0]) : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

export const flag: Reader<boolean> = (value) => {
  if (value === undefined) return MISSING;
  if (isPlain(value) && typeof value.value === 'boolean') return value.value;
  return { unfit: `is ${shown(value)}: must be true or false` };
};

export const whole =
  (from: number, to: number): Reader<number> =>
  (value) => {
    if (value === undefined) return MISSING;
    const number = isPlain(value) ? value.value : undefined;
    if (typeof number === 'number' && Number.isInteger(number) && number >= from && number <= to) return number;
    return { unfit: `is ${shown(value)}: must be a whole number from ${from} to ${to}` };
  };

/** `250ms`, `3s`, `10m`, `1h`, or 0; in milliseconds. */
export const duration =
  (leastMs: number): Reader<number> =>
  (value) => {
    const words = text(value);
    if (isUnfit(words)) return words;
    const ms = words === '0' ? 0 : durationMs(words);
    if (ms === undefined) {
      const bare = /^\d+$/.test(words);
      return {
        unfit: `is ${shown(words)}: must be a time ${bare ? 'with its unit, such as' : 'such as 250ms, 3s, 10m or'} ${bare ? `${words}s` : '1h'}`,
      };
    }
    if (ms < leastMs) return { unfit: `is ${words}: must be more than 0` };
    return ms > MAX_DURATION_MS ? { unfit: `is ${words}: must be 168h at most` } : ms;
  };

/** A path that stays below the folder it is meant for. */
export const relativePath: Reader<string> = (value) => {
  const path = text(value);
  if (isUnfit(path)) return path;
  if (path.startsWith('/') || path.startsWith('~')) return { unfit: `is ${shown(path)}: must be a relative path` };
  if (path.split('/').includes('..')) return { unfit: `is ${shown(path)}: must not contain ..` };
  return path.includes('\n') ? { unfit: 'must be a path of one line' } : path;
};

export const absolutePath: Reader<string> = (value) => {
  const path = text(value);
  if (isUnfit(path)) return path;
  if (!path.startsWith('/')) return { unfit: `is ${shown(path)}: must be an absolute path` };
  if (path.split('/').includes('..')) return { unfit: `is ${shown(path)}: must not contain ..` };
  return path.includes('\n') ? { unfit: 'must be a path of one line' } : path;
};

/** An absolute http URL, or a path that begins with a slash. */
export const endpoint: Reader<string> = (value) => {
  const address = text(value);
  if (isUnfit(address)) return address;
  const isUrl = /^https?:\/\//.test(address) && URL.canParse(address);
  if ((isUrl || /^\/(?!\/)/.test(address)) && !/\s/.test(address)) return address;
  return { unfit: `is ${shown(address)}: must be an http or https URL, or a path that begins with one /` };
};

const VARIABLE = /\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^${}]*)?\}/g;

/** As the reader wants it, or with `\${VAR}` or `\${VAR:-default}` in it, to be filled in from `.env` and read again then. */
export const orVariable =
  (reader: Reader<string>): Reader<string> =>
  (value) => {
    if (typeof value !== 'string' || !value.includes('${')) return reader(value);
    if (!value.replaceAll(VARIABLE, '').includes('${')) return value;
    return { unfit: `is ${shown(value)}: variables are written \${NAME} or \${NAME:-default}` };
  };

/** Both readers in turn: the first one's result is what the second one reads. */
export const also =
  <T>(first: Reader<T>, second: (value: T) => Unfit | undefined): Reader<T> =>
  (value) => {
    const read = first(value);
    return isUnfit(read) ? read : (second(read as T) ?? read);
  };
