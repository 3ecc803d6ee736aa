// `.env` back to before a release, in the keys that the release itself changed. Everything else in it, comments too, stays as it is now.
import { parse } from 'dotenv';

/** As dotenv reads an assignment (its parser's own expression), with the places of name and value. */
const ASSIGNMENT =
  /^[^\S\r\n]*(?:export\s+)?([\w.-]+)(?:\s*=[^\S\r\n]*|:[^\S\r\n]+)('(?:\\'|[^'])*'|"(?:\\"|[^"])*"|`(?:\\`|[^`])*`|[^#\r\n]+)?/gm;

export interface MergedEnv {
  text: string;
  /** Names that are again as before. */
  restored: string[];
  /** Names that differ from before, and stay: the release did not change them, or somebody changed them after it. */
  kept: string[];
}

/**
 * @param before the file as it was before the release, as text. @param now the file as it is.
 * @param then what the release left, by name: `hash` of each value. @param hash default: the value itself.
 */
export function mergeEnv(
  before: string,
  now: string,
  then: Readonly<Record<string, string>>,
  hash: (value: string) => string = (value) => value,
): MergedEnv {
  const [old, current] = [valuesOf(before), valuesOf(now)];
  const of = (value: string | undefined) => (value === undefined ? undefined : hash(value));
  const left = (name: string) => (Object.hasOwn(then, name) ? then[name] : undefined);
  const names = [...new Set([...Object.keys(old), ...Object.keys(current)])].sort();
  const differing = names.filter((name) => old[name] !== current[name]);
  const restored = differing.filter((name) => of(current[name]) === left(name));
  const kept = differing.filter((name) => !restored.includes(name));
  const wanted = (name: string) => (restored.includes(name) ? old : current)[name];
  const holds = (text: string): boolean => {
    const said = valuesOf(text);
    return [...names, ...Object.keys(said)].every((name) => said[name] === wanted(name));
  };
  // A quote that is never closed takes in what follows it: then from the other side, what stays put into the file of before.
  const text = [take(before, restored, now), take(now, kept, before)].find(holds);
  return text === undefined ? { text: now, restored: [], kept: differing } : { text, restored, kept };
}

/** Names as one text has them, in another text. */
const take = (from: string, names: readonly string[], into: string): string =>
  names.reduce((text, name) => assign(text, name, lineOf(from, name)), into);

/** Without a prototype: a name may be `constructor`. */
const valuesOf = (text: string): Record<string, string | undefined> =>
  Object.assign(Object.create(null), parse(text)) as Record<string, string | undefined>;

interface Span {
  from: number;
  /** After the end of its line, comment and line break included. */
  to: number;
}

function spansOf(text: string, name: string): Span[] {
  return [...text.matchAll(ASSIGNMENT)]
    .filter((match) => match[1] === name)
    .map((match) => {
      const end = text.indexOf('\n', match.index + match[0].length);
      return { from: match.index, to: end < 0 ? text.length : end + 1 };
    });
}

/** The last one counts, as for dotenv. */
function lineOf(text: string, name: string): string | undefined {
  const span = spansOf(text, name).at(-1);
  return span && `${text.slice(span.from, span.to).replace(/\r?\n$/, '')}\n`;
}

/** @param line undefined: the name goes. */
function assign(text: string, name: string, line: string | undefined): string {
  const spans = spansOf(text, name);
  const last = spans.at(-1);
  if (last === undefined) {
    if (line === undefined) return text;
    return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}`;
  }
  const others = line === undefined ? spans : spans.slice(-1);
  return others
    .toReversed()
    .reduce((rest, span) => `${rest.slice(0, span.from)}${line ?? ''}${rest.slice(span.to)}`, text);
}
