// `.env` merged: what the release changed comes back, what anybody changed since stays.
import { expect, test } from 'bun:test';
import { parse } from 'dotenv';
import { assert, constantFrom, dictionary, property } from 'fast-check';
import { mergeEnv } from './merge-env.ts';

test('changed, added and taken away by the release: as before; comments and order stay', () => {
  const before = '# ours\nA=1\nGONE="two\nlines" # why\nB=2\n';
  const now = '# ours\nA=9 # raised\n\n# new things\nNEW=x\nB=2\n';
  const merged = mergeEnv(before, now, parse(now));
  expect(merged.text).toBe('# ours\nA=1\n\n# new things\nB=2\nGONE="two\nlines" # why\n');
  expect(parse(merged.text)).toEqual(parse(before));
  expect(merged).toMatchObject({ restored: ['A', 'GONE', 'NEW'], kept: [] });
});

test('a secret that was rotated after the release stays, and is named', () => {
  const before = 'TOKEN=old\nTAG=1\nOTHER=a\n';
  const then = { TOKEN: 'old', TAG: '2', OTHER: 'b' };
  const now = 'TOKEN=rotated\nTAG=2\nOTHER=c\nMINE=1\n';
  const merged = mergeEnv(before, now, then);
  expect(merged.text).toBe('TOKEN=rotated\nTAG=1\nOTHER=c\nMINE=1\n');
  expect(merged).toMatchObject({ restored: ['TAG'], kept: ['MINE', 'OTHER', 'TOKEN'] });
});

test('values are compared as hashes where only these are known; the last of two assignments counts', () => {
  const hash = (value: string) => `#${value}`;
  const merged = mergeEnv('A=1\n', 'A=0\nexport A=2\nA: 3\n', { A: '#3' }, hash);
  expect(merged.text).toBe('A=0\nexport A=2\nA=1\n');
  expect(mergeEnv('', 'A=0\nA=3\nB=1', { A: '3' })).toMatchObject({ text: 'B=1', restored: ['A'], kept: ['B'] });
  expect(mergeEnv('A=1', 'B=1', { B: '1' }).text).toBe('A=1\n');
  expect(mergeEnv('A=1', 'B=1', { B: '0' }).text).toBe('B=1\nA=1\n');
});

test('whatever the release did, with nothing changed since, all values are as before', () => {
  const env = dictionary(
    constantFrom('A', 'B_C', 'D1', 'constructor'),
    constantFrom('', '1', 'two words', '"q # q"', "'it'", '`b`', '"a\nb"', 'x#y'),
  );
  const text = (values: Record<string, string>) =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');
  assert(
    property(env, env, (before, now) => {
      const merged = mergeEnv(text(before), text(now), parse(text(now)));
      expect(parse(merged.text)).toEqual(parse(text(before)));
      expect(mergeEnv(text(before), text(now), parse(text(before))).kept).toEqual(
        mergeEnv(text(before), text(now), parse(text(now))).restored,
      );
    }),
  );
});

test('a quote that is never closed: what is said to be back is back, or nothing is said to be', () => {
  const before = 'A=1\nKEY="two\nlines"\nB=2\n';
  const cut = 'A=1\nKEY="two\n';
  const merged = mergeEnv(before, cut, parse(cut));
  expect([parse(merged.text), merged.restored]).toEqual([parse(before), ['B', 'KEY']]);
  // Changed by somebody: it stays as it is, and what comes before it in neither file can be told from it.
  const own = mergeEnv('A=1\nB="x"\nC="y"\n', 'A="2\nC=3\n', { C: '3' });
  const said = parse(own.text);
  expect(own.restored.filter((name) => said[name] !== parse('A=1\nB="x"\nC="y"\n')[name])).toEqual([]);
  expect(own.kept).toContain('A');
});
