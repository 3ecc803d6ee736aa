// The words after a verb: flags that are known, values that fit, everything else refused by name.
import { parseArgs } from 'node:util';
import { nearest } from '../manifest/suggest.ts';
import { badInput, messageOf } from '../model/error.ts';

type Flag = { type: 'boolean' | 'string'; what: string };
export type Flags = Readonly<Record<string, Flag>>;

/** What a verb takes, as its help prints it. */
export interface Usage {
  verb: string;
  /** Names of positional words; a name in brackets may be left out, and one that ends in `...` stands for any number. */
  words: readonly string[];
  flags: Flags;
  what: string;
}

export interface Given {
  words: string[];
  has(flag: string): boolean;
  /** undefined where the flag was not given. */
  value(flag: string): string | undefined;
}

/** Asked for by --help: the caller prints it and exits 0. */
export class HelpAsked extends Error {
  readonly lines: string[];
  constructor(lines: string[]) {
    super('help');
    this.lines = lines;
  }
}

/** @throws bad-input with a sentence, HelpAsked where --help is among the words. */
export function parseArguments(usage: Usage, args: readonly string[]): Given {
  const options = Object.fromEntries(Object.entries(usage.flags).map(([name, flag]) => [name, { type: flag.type }]));
  if (args.includes('--help') || args.includes('-h')) throw new HelpAsked(help(usage));
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw badInput({ what: sentence(error, usage), where: usage.verb, hint: help(usage) }, error);
  }
  for (const [name, value] of Object.entries(parsed.values)) {
    if (value === '') throw badInput({ what: `--${name} needs a value`, where: usage.verb });
    if (String(value).includes('\0')) throw badInput({ what: `--${name} has a NUL in it`, where: usage.verb });
  }
  const needed = usage.words.filter((word) => !word.startsWith('['));
  if (parsed.positionals.length < needed.length) {
    throw badInput({
      what: `${usage.verb} needs ${needed.slice(parsed.positionals.length).join(' and ')}`,
      hint: help(usage),
    });
  }
  const many = usage.words.some((word) => word.includes('...'));
  if (!many && parsed.positionals.length > usage.words.length) {
    const extra = parsed.positionals.slice(usage.words.length).map((word) => JSON.stringify(word.slice(0, 80)));
    throw badInput({ what: `${usage.verb} does not know what to do with ${extra.join(' ')}`, hint: help(usage) });
  }
  return {
    words: parsed.positionals,
    has: (flag) => parsed.values[flag] === true,
    value: (flag) => (typeof parsed.values[flag] === 'string' ? parsed.values[flag] : undefined),
  };
}

export function help(usage: Usage): string[] {
  const flags = Object.entries(usage.flags).map(
    ([name, f]) => `  ${`--${name}${f.type === 'string' ? '=...' : ''}`.padEnd(26)} ${f.what}`,
  );
  return [`just ${usage.verb} ${usage.words.join(' ')}`.trimEnd(), `  ${usage.what}`, ...flags];
}

function sentence(error: unknown, usage: Usage): string {
  const text = messageOf(error);
  const unknown = /Unknown option '-{0,2}([^'\s=]*)/.exec(text)?.[1];
  if (unknown === undefined) return text.split('. ')[0]?.split('\n')[0] ?? text;
  const close = nearest(unknown, Object.keys(usage.flags));
  return `There is no flag --${unknown}${close === undefined ? '' : ` (did you mean --${close}?)`}`;
}
