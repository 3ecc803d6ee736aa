// The same shapes as zod schemas, and zod's issues as problems with line and column.
import * as z from 'zod';
import type { YamlFile } from './document.ts';
import { isUnfit, type Reader, shown } from './fields.ts';
import type { Problem } from './problems.ts';
import type { Form, Shape } from './sections.ts';
import { nearest } from './suggest.ts';

const schemas = new WeakMap<Form, z.ZodType>();

/** @returns the value, or everything that is wrong with it. @param at the path of the value in the file. */
export function readThoroughly<T>(
  of: Shape<T>,
  value: unknown,
  file: YamlFile,
  at: readonly PropertyKey[],
): { data: T } | { problems: Problem[] } {
  const schema = schemaOf(of);
  const result = schema.safeParse(value, { jitless: true });
  if (result.success) return { data: result.data as T };
  return { problems: result.error.issues.flatMap((issue) => issueProblems(schema, issue, file, at)) };
}

export function schemaOf({ form }: Shape<unknown>): z.ZodType {
  const made = schemas.get(form) ?? make(form);
  schemas.set(form, made);
  return made;
}

function make(form: Form): z.ZodType {
  switch (form.kind) {
    case 'field':
      return field(form.read);
    case 'optional':
      return schemaOf(form.of).optional();
    case 'section': {
      const shape = Object.fromEntries(Object.entries(form.keys).map(([key, one]) => [key, schemaOf(one)]));
      const error = mapping;
      return form.loose
        ? z.looseObject(shape, { error: 'must be a mapping of keys to values' })
        : z.strictObject(shape, { error });
    }
    case 'list': {
      const list = z
        .array(schemaOf(form.item), { error: (issue) => wanted(issue.input, form.says) })
        // zod's own .min also asks what is no list for its length.
        .refine(({ length }) => length >= form.least, { error: `is empty: must be ${form.says}` });
      return form.single
        ? z.preprocess((value) => (value === undefined || Array.isArray(value) ? value : [value]), list)
        : list;
    }
    case 'map':
      return z.record(field(form.key) as unknown as z.ZodString, schemaOf(form.value), { error: mapping });
    case 'refined':
      return schemaOf(form.of).refine(form.holds as (value: unknown) => boolean, { error: form.error });
  }
}

const field = <T>(read: Reader<T>) =>
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

const wanted = (value: unknown, says: string) =>
  value === undefined ? 'is missing' : `is ${shown(value)}: must be ${says}`;
const mapping = (issue: { input?: unknown }) => wanted(issue.input, 'a mapping of keys to values');

/** One zod issue as one or more problems. @param at the path of the value that was checked. */
function issueProblems(
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
  if (inner instanceof z.ZodObject)
    return schemaAt((inner.shape as Record<string, z.ZodType>)[String(key)] ?? z.unknown(), rest);
  if (inner instanceof z.ZodArray) return schemaAt(inner.element as z.ZodType, rest);
  return z.unknown();
}
