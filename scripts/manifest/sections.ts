// What a section of a file may hold: keys and lists of our readers, read quickly where nothing is wrong. What is wrong, zod says.
import type { YamlFile } from './document.ts';
import { isUnfit, type Reader } from './fields.ts';
import { isPlain } from './plain.ts';
import type { Problem } from './problems.ts';

export type Form =
  | { kind: 'field'; read: Reader<unknown> }
  | { kind: 'section'; keys: Keys; loose: boolean }
  /** @param single one item may stand for a list of it. */
  | { kind: 'list'; item: Shape<unknown>; says: string; least: number; single: boolean }
  | { kind: 'map'; key: Reader<string>; value: Shape<unknown> }
  | { kind: 'optional'; of: Shape<unknown> }
  | { kind: 'refined'; of: Shape<unknown>; holds: (value: never) => boolean; error: string };

export interface Shape<out T> {
  readonly form: Form;
  /** For the compiler only. */
  readonly gives?: T;
  optional(): OptionalShape<T>;
  /** @param holds is asked where nothing else is wrong. */
  refine(holds: (value: T) => boolean, says: { error: string }): Shape<T>;
}

interface OptionalShape<out T> extends Shape<T | undefined> {
  readonly isOptional: true;
}

type Keys = Readonly<Record<string, Shape<unknown>>>;
/** What reading a value of this shape gives. */
export type Output<S> = S extends Shape<infer T> ? T : never;
type OptionalKey<K extends Keys> = { [N in keyof K]: K[N] extends { isOptional: true } ? N : never }[keyof K];
type Read<K extends Keys> = { [N in Exclude<keyof K, OptionalKey<K>>]: Output<K[N]> } & {
  [N in OptionalKey<K>]?: Output<K[N]> | undefined;
};

const shape = <T>(form: Form): Shape<T> => ({
  form,
  optional: () => ({ ...shape<T | undefined>({ kind: 'optional', of: shape(form) }), isOptional: true }),
  refine: (holds, { error }) => shape({ kind: 'refined', of: shape(form), holds, error }),
});

/** A value that one of our readers reads. */
export const field = <T>(read: Reader<T>): Shape<T> => shape({ kind: 'field', read });

/** A mapping with these keys and no others. */
export const section = <const K extends Keys>(keys: K): Shape<Read<K>> =>
  shape({ kind: 'section', keys, loose: false });

/** A mapping of which these keys are ours. */
export const looseSection = <const K extends Keys>(keys: K): Shape<Read<K>> =>
  shape({ kind: 'section', keys, loose: true });

/** @param says what it is a list of, and an example. */
export const listOf = <T>(item: Shape<T>, says = 'a list', least = 0): Shape<T[]> =>
  shape({ kind: 'list', item, says, least, single: false });

/** A list, or the only item of one. */
export const oneOrListOf = <T>(item: Shape<T>): Shape<T[]> =>
  shape({ kind: 'list', item, says: 'a list', least: 0, single: true });

/** A command: words that are handed to the program as they are. */
export const argv = (word: Reader<string>): Shape<string[]> =>
  listOf(field(word), 'a list of words, such as [bun, install] (no shell reads it)', 1);

/** A mapping whose keys are free. */
export const mapOf = <T>(key: Reader<string>, value: Shape<T>): Shape<Record<string, T>> =>
  shape({ kind: 'map', key, value });

/** Something is wrong somewhere in the value. */
export const UNREAD = Symbol('unread');

/** @returns the value, as the engine wants it. */
export function readQuickly<T>(of: Shape<T>, value: unknown): T | typeof UNREAD {
  return read(of.form, value) as T | typeof UNREAD;
}

function read(form: Form, value: unknown): unknown {
  switch (form.kind) {
    case 'field': {
      const result = form.read(value);
      return isUnfit(result) ? UNREAD : result;
    }
    case 'optional':
      return value === undefined ? undefined : read(form.of.form, value);
    case 'section':
      return isMapping(value) ? readSection(form, value) : UNREAD;
    case 'list': {
      if (!Array.isArray(value) && !form.single) return UNREAD;
      const items = (Array.isArray(value) ? value : [value]).map((item) => read(form.item.form, item));
      return items.length < form.least || items.includes(UNREAD) ? UNREAD : items;
    }
    case 'map':
      return isMapping(value) ? readMap(form, value) : UNREAD;
    case 'refined': {
      const result = read(form.of.form, value);
      return result === UNREAD || !form.holds(result as never) ? UNREAD : result;
    }
  }
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isPlain(value);

function readSection({ keys, loose }: Form & { kind: 'section' }, value: Record<string, unknown>): unknown {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(keys, key)) continue;
    if (!loose || key === '__proto__') return UNREAD;
    result[key] = value[key];
  }
  for (const [key, { form }] of Object.entries(keys)) {
    const one = read(form, value[key]);
    if (one === UNREAD) return UNREAD;
    if (one !== undefined) result[key] = one;
  }
  return result;
}

function readMap({ key, value: of }: Form & { kind: 'map' }, value: Record<string, unknown>): unknown {
  const result: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const [word, one] = [key(name), read(of.form, inner)];
    if (isUnfit(word) || one === UNREAD || name === '__proto__') return UNREAD;
    result[word as string] = one;
  }
  return result;
}

/** @param at the path of the value in the file. @returns the value, or everything that is wrong with it. */
export function readShape<T>(
  of: Shape<T>,
  value: unknown,
  file: YamlFile,
  at: readonly PropertyKey[],
): { data: T } | { problems: Problem[] } {
  const data = readQuickly(of, value);
  if (data !== UNREAD) return { data };
  // zod takes longer to load than all of this to run, and most files are sound.
  const { readThoroughly } = require('./issues.ts') as typeof import('./issues.ts');
  return readThoroughly(of, value, file, at);
}
