import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { ReleaseError } from '../model/error.ts';
import { parseManifest } from './parse.ts';
import { parseReleaseConfig } from './release-config.ts';

const MANIFEST = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');
const CONFIG = readFileSync(new URL('release.example.yaml', import.meta.url), 'utf8');

function onlyRefuses(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    expect(error.kind).toBe('refused');
    expect(error.facts.details?.length).toBeGreaterThan(0);
    for (const line of error.facts.details ?? []) expect(line).toMatch(/^(f:[1-9]\d*:[1-9]\d*: [^\n]|and \d+ more)/);
  }
}

const both = (text: string) => {
  onlyRefuses(() => parseManifest(text, { file: 'f', folder: 'redmine' }));
  onlyRefuses(() => parseReleaseConfig(text, 'f'));
};

test('any text is read or refused', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), both), { numRuns: 200 });
  const bits = fc.constantFrom(
    'a',
    ': ',
    '\n',
    '  ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '"',
    "'",
    '&a ',
    '*a',
    '!!str ',
    '<<',
    '|',
    '>',
    '#',
    '? ',
    '---\n',
    '%',
    '\t',
    '__proto__',
    'name',
    'backup',
    'shared',
  );
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 40 }), (words) => both(words.join(''))),
    { numRuns: 400 },
  );
});

test('a manifest with bytes flipped is read or refused', () => {
  const flips = fc.array(fc.record({ at: fc.nat(), bit: fc.nat(7) }), { minLength: 1, maxLength: 4 });
  const flipped = (text: string, changes: Array<{ at: number; bit: number }>) => {
    const bytes = Buffer.from(text.replaceAll(/^ *#.*\n/gm, ''));
    for (const { at, bit } of changes) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit);
    return bytes.toString('utf8');
  };
  fc.assert(
    fc.property(flips, (changes) =>
      onlyRefuses(() => parseManifest(flipped(MANIFEST, changes), { file: 'f', folder: 'redmine' })),
    ),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(flips, (changes) => onlyRefuses(() => parseReleaseConfig(flipped(CONFIG, changes), 'f'))),
    { numRuns: 100 },
  );
});

test('any values under our keys are read or refused', () => {
  const values = fc.json({ maxDepth: 3 });
  const keys = fc.constantFrom(
    'name',
    'containers',
    'backup',
    'health',
    'image',
    'install',
    'release',
    'framework',
    'shared',
    'ignore',
    'requirements',
  );
  fc.assert(
    fc.property(fc.dictionary(keys, values), (all) =>
      both(
        Object.entries(all)
          .map(([key, value]) => `${key}: ${value}`)
          .join('\n'),
      ),
    ),
    { numRuns: 300 },
  );
});
