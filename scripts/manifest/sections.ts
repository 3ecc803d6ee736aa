// Zod schemas made of our readers, and zod's issues as problems with line and column.
import * as z from 'zod';
import type { YamlFile } from './document.ts';
import { isUnfit, type Reader, shown } from './fields.ts';
import type { Problem } from './problems.ts';
import { nearest } from './suggest.ts';

type Section = Record<string, z.ZodType>;

/** A value that one of our readers reads. */
export const field = <T>(read: Reader<T>) =>
  z.unknown().transform((value, context): T => {
    const result = read(value);
    if (!isUnfit(result)) return result as T;
    context.issues.push({
      code: 'custom',
      input: value,
      message: result.unfit,
      params: { suggestion: result.suggestion },
    });
    return z.NEVER;
  });

/** A mapping with these keys and no others. */
export const section = <const S extends Section>(shape: S) =>
  z.strictObject(shape, { error: (issue) => wanted(issue.input, 'a mapping of keys to values') });

/** @param says what it is a list of, and an example. */
export const listOf = <T extends z.ZodType>(item: T, says = 'a list', least = 0) =>
  z.array(item, { error: (issue) => wanted(issue.input, says) }).min(least, { error: `is empty: must be ${says}` });

/** A command: words that are handed to the program as they are. */
export const argv = (word: Reader<string>) =>
  listOf(field(word), 'a list of words, such as [bun, install] (no shell reads it)', 1);

/** A mapping whose keys are free. */
export const mapOf = <T extends z.ZodType>(key: Reader<string>, value: T) =>
  z.record(field(key) as unknown as z.ZodString, value, {
    error: (issue) => wanted(issue.input, 'a mapping of keys to values'),
  });

const wanted = (value: unknown, says: string) =>
  value === undefined ? 'is missing' : `is ${shown(value)}: must be ${says}`;

/** One zod issue as one or more problems. @param at the path of the value that was checked. */
export function issueProblems(
  schema: z.ZodType,
  issue: z.core.$ZodIssue,
  file: YamlFile,
  at: readonly PropertyKey[],
): Problem[] {
  const path = [...at, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = keysOf(schemaAt(schema, issue.path));
    return issue.keys.map((key) => {
      const suggestion = nearest(key, known);
      const what =
        suggestion === undefined
          ? `is not a key of this section (it has ${known.join(', ')})`
          : 'is not a key of this section';
      return file.problem([...path, key], what, { atKey: true, ...(suggestion === undefined ? {} : { suggestion }) });
    });
  }
  if (issue.code === 'invalid_key')
    return issue.issues.map((inner) => file.problem(path, inner.message, { atKey: true }));
  const suggestion = issue.code === 'custom' ? issue.params?.suggestion : undefined;
  return [file.problem(path, issue.message, typeof suggestion === 'string' ? { suggestion } : {})];
}

/** What a wrapper (optional, checked) wraps. */
function bare(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional) return bare(schema.unwrap() as z.ZodType);
  return schema;
}

function keysOf(schema: z.ZodType): string[] {
  const inner = bare(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** The schema of the value at a path below; list indexes are any number. */
function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType {
  const [key, ...rest] = path;
  const inner = bare(schema);
  if (key === undefined) return inner;
  if (inner instanceof z.ZodObject) return schemaAt((inner.shape as Section)[String(key)] ?? z.unknown(), rest);
  if (inner instanceof z.ZodArray) return schemaAt(inner.element as z.ZodType, rest);
  return z.unknown();
}
