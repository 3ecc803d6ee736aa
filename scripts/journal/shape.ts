// Light checks of parsed JSON: enough that a file damaged by hand is refused with a sentence instead of misread.
import { sha256 } from '../host/keyed-hash.ts';
import { refused } from '../model/error.ts';
import { SCHEMA } from '../model/release.ts';

/** Says what is wrong, with the path inside the document; undefined where nothing is. */
export type Check = (value: unknown, at: string) => string | undefined;

const here = (at: string): string => at || 'the document';
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const text: Check = (value, at) => (typeof value === 'string' ? undefined : `${here(at)} is no text`);
export const number: Check = (value, at) =>
  typeof value === 'number' && Number.isFinite(value) ? undefined : `${here(at)} is no number`;
export const bool: Check = (value, at) =>
  typeof value === 'boolean' ? undefined : `${here(at)} is neither true nor false`;

export const matching =
  (pattern: RegExp, what: string): Check =>
  (value, at) =>
    typeof value === 'string' && pattern.test(value) ? undefined : `${here(at)} is no ${what}`;

export const oneOf =
  (...all: readonly string[]): Check =>
  (value, at) =>
    all.some((known) => known === value) ? undefined : `${here(at)} is none of ${all.join(', ')}`;

/** The key may be missing. */
export const maybe =
  (check: Check): Check =>
  (value, at) =>
    value === undefined ? undefined : check(value, at);

export const listOf =
  (check: Check): Check =>
  (value, at) =>
    Array.isArray(value) ? first(value.map((item, index) => check(item, `${at}[${index}]`))) : `${here(at)} is no list`;

export const mapOf =
  (check: Check): Check =>
  (value, at) =>
    isObject(value)
      ? first(Object.entries(value).map(([key, item]) => check(item, join(at, key))))
      : `${here(at)} is no map`;

/** Further keys are passed over. */
export const fields =
  (checks: Record<string, Check>): Check =>
  (value, at) => {
    if (!isObject(value)) return `${here(at)} is no map`;
    return first(
      Object.entries(checks).map(([key, check]) =>
        check(Object.hasOwn(value, key) ? value[key] : undefined, join(at, key)),
      ),
    );
  };

const first = (found: Array<string | undefined>): string | undefined => found.find((problem) => problem !== undefined);
const join = (at: string, key: string): string => (at === '' ? key : `${at}.${key}`);

const sumOf = (record: object): string => sha256(JSON.stringify(record));

/** The text of a JSON record, with a sum over all of it: a damaged byte that is still JSON of the right shape is found, too. */
export function sealed(record: object): string {
  const { sum: _, ...rest } = record as { sum?: unknown };
  return `${JSON.stringify({ ...rest, sum: sumOf(rest) }, undefined, 2)}\n`;
}

/**
 * Parses a JSON record and checks it. One without a sum is an older engine's.
 * @param what it is, for the sentence. @throws refused where it is no JSON, of a newer schema, not of the shape, or not what was sealed.
 */
export function readShape(content: string, file: string, what: string, check: Check): unknown {
  const damaged = (why: string, cause?: unknown) =>
    refused(
      {
        what: `The ${what} is damaged: ${why}`,
        where: file,
        hint: 'Put it back from a copy; it was not written like this. Where you know that it is right as it is: take its "sum" out.',
      },
      cause,
    );
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : 'it is no JSON', error);
  }
  const schema = isObject(value) ? value.schema : undefined;
  if (typeof schema !== 'number' || !Number.isInteger(schema) || schema < 1) throw damaged('schema is no whole number');
  if (schema > SCHEMA) {
    throw refused({
      what: `The ${what} has schema ${schema}: a newer engine wrote it, and this one reads up to ${SCHEMA}`,
      where: file,
      hint: 'Use the engine that ran the release, or bring this one up to date.',
    });
  }
  const problem = check(value, '');
  if (problem) throw damaged(problem);
  const { sum, ...rest } = value as { sum?: unknown };
  if (sum !== undefined && sum !== sumOf(rest)) throw damaged('its sum is not that of its content');
  return rest;
}
