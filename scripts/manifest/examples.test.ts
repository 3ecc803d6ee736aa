import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { configSchema, parseReleaseConfig } from './release-config.ts';
import { sections } from './schema.ts';

const manifest = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');
const config = readFileSync(new URL('release.example.yaml', import.meta.url), 'utf8');

/** Every key of every mapping in a schema. */
function keys(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodOptional) return keys(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) return [...keys(schema.in as z.ZodType), ...keys(schema.out as z.ZodType)];
  if (schema instanceof z.ZodArray) return keys(schema.element as z.ZodType);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, value]) => [key, ...keys(value as z.ZodType)]);
}

const absent = (text: string, wanted: string[]) => wanted.filter((key) => !new RegExp(`\\b${key}\\b`).test(text));

test('every key of a manifest is in the example', () => {
  const wanted = [...Object.keys(sections), ...Object.values(sections).flatMap((schema) => keys(schema))];
  expect(wanted).toContain('data_uid');
  expect(wanted).toContain('startup_priority');
  expect(absent(manifest, wanted)).toEqual([]);
});

test('every key of the settings is in the example, which is read', () => {
  const wanted = keys(configSchema);
  expect(wanted).toContain('helper_image');
  expect(absent(config, wanted)).toEqual([]);
  expect(parseReleaseConfig(config).config.shared).toEqual({ 'shared/**': 'all', 'proxy/**': ['caddy'] });
});
