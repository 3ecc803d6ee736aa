import { expect, test } from 'bun:test';
import { join, normalize } from 'node:path';
import fc from 'fast-check';
import { ReleaseError } from './error.ts';
import { checkBranch, checkServiceName, checkTicket, isBranch, isServiceName, isTicket } from './names.ts';

const refusedTickets = [
  '',
  '../x',
  '-x',
  '.x',
  '_x',
  'a; rm -rf x',
  'a b',
  'a/b',
  'a\nb',
  'a\0b',
  'a..b',
  '1.lock',
  '1.log',
  '1.env',
  '1.receipt.json',
  'a'.repeat(65),
  'é',
];
for (const word of refusedTickets) {
  test(`${JSON.stringify(word)} is no ticket`, () => {
    expect(isTicket(word)).toBe(false);
    const error = thrown(() => checkTicket(word));
    expect(error.exitCode).toBe(2);
    expect(error.facts.what).toContain(JSON.stringify(word.slice(0, 80)));
    expect([error.facts.hint].flat().join(' ')).toContain('64 characters');
  });
}

test('tickets as people have them', () => {
  for (const word of ['1', '1234', 'PROJ-12', 'a.b_c-d', '1.2', 'a'.repeat(64), 'x.env.1', 'lock'])
    expect(checkTicket(word)).toBe(word);
});

test('whatever is a ticket names a path below the folder, is no option and no word for a shell', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 70 }), (word) => {
      if (!isTicket(word)) return;
      expect(normalize(join('/records', word))).toBe(`/records/${word}`);
      expect(word).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
    }),
    { numRuns: 500 },
  );
});

test('no two tickets share a file of their records', () => {
  const word = fc
    .stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,4}(\.env|\.log|\.receipt\.json|\.receipt)?$/)
    .filter(isTicket);
  const files = (ticket: string) => ['.env', '.log', '.receipt.json', ''].map((ending) => `${ticket}${ending}`);
  fc.assert(
    fc.property(word, word, (a, b) => {
      if (a !== b) expect(files(a).filter((file) => files(b).includes(file))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test('branches', () => {
  for (const word of ['main', 'release/2026.05', 'a-b_c', '1'])
    expect([isBranch(word), checkBranch(word)]).toEqual([true, word]);
  const wrong = [
    '',
    '-x',
    '/x',
    'x/',
    'a..b',
    'a//b',
    'x.lock',
    'x.',
    'a b',
    'a$(b)',
    'a:b',
    '@{u}',
    'a~1',
    'x'.repeat(201),
  ];
  for (const word of wrong) expect(thrown(() => checkBranch(word)).exitCode).toBe(2);
});

test('services', () => {
  for (const word of ['wiki', 'a-b_c', '2fa'])
    expect([isServiceName(word), checkServiceName(word)]).toEqual([true, word]);
  for (const word of ['', 'Wiki', '-a', 'a/b', '../a', 'a b', 'x'.repeat(64)])
    expect(thrown(() => checkServiceName(word)).exitCode).toBe(2);
});

function thrown(act: () => unknown): ReleaseError {
  try {
    act();
  } catch (error) {
    if (error instanceof ReleaseError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
