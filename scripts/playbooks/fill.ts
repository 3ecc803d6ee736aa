// Names in braces and what they stand for. What fills them comes from logs and outputs: it is data, whatever it looks like.
import { shellWord } from '../backups/shell.ts';

const NAME = /(?<![%$\\])\{([a-z][A-Za-z0-9_]*)\}/g;

export const namesIn = (text: string): string[] => [...text.matchAll(NAME)].map(([, name = '']) => name);

/** A value that could be taken for an option, or that has more than one line, is none. */
const isWord = (value: string | undefined): value is string =>
  value !== undefined &&
  value !== '' &&
  !value.startsWith('-') &&
  !/[\x00-\x1f\x7f]/.test(value) &&
  value.length <= 500;

/** For people: an unknown one stays in capitals. */
export const fillText = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replaceAll(NAME, (_, name: string) => (isWord(values[name]) ? values[name] : name.toUpperCase()));

/** One line for a shell: each value is quoted. @returns undefined where one is unknown. */
export const fillCommand = (line: string, values: Readonly<Record<string, string>>): string | undefined =>
  namesIn(line).every((name) => isWord(values[name]))
    ? line.replaceAll(NAME, (_, name: string) => shellWord(values[name] ?? ''))
    : undefined;

/** A command as words; no shell reads it. @returns undefined where a value is unknown. */
export const fillWords = (words: readonly string[], values: Readonly<Record<string, string>>): string[] | undefined =>
  words.every((word) => namesIn(word).every((name) => isWord(values[name])))
    ? words.map((word) => word.replaceAll(NAME, (_, name: string) => values[name] ?? ''))
    : undefined;
