import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { configSchema, parseReleaseConfig } from './release-config.ts';
import { sections } from './schema.ts';
import type { Shape } from './sections.ts';

const manifest = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');
const config = readFileSync(new URL('release.example.yaml', import.meta.url), 'utf8');

/** Every key of every mapping in a shape. */
function keys({ form }: Shape<unknown>): string[] {
  if (form.kind === 'section') return Object.entries(form.keys).flatMap(([key, one]) => [key, ...keys(one)]);
  if (form.kind === 'list') return keys(form.item);
  return form.kind === 'optional' || form.kind === 'refined' ? keys(form.of) : [];
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
