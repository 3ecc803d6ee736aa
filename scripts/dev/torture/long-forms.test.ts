// Samples of the long forms, and that each of them can fail. BELAY_TEST_SEED has the same sample again.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSeed } from '../kill-points.ts';
import { exactChange, exactChanges } from './changes.ts';
import { FUZZ, inputAt, taken } from './inputs.ts';
import { longTable, runLong } from './long-forms.ts';
import { RACES } from './races.ts';
import { sabotaged } from './sabotage.ts';
import { SABOTAGES } from './sabotages.ts';
import { SECRETS } from './secrets.ts';
import { specimens } from './specimens.ts';

const SEED = Number(process.env.BELAY_TEST_SEED ?? newSeed()) % 2 ** 31;
const sample = (most: number) => ({ seed: SEED, untilMs: Number.POSITIVE_INFINITY, most, from: 0 });

test.each([
  [FUZZ, 1000],
  [RACES, 60],
  [SECRETS, 400],
] as const)('a sample of %#', async (form, most) => {
  const { tried, failures } = await form.run(sample(most));
  expect(failures).toEqual([]);
  expect(tried).toBe(most);
});

test('each flipped bit of the small records of a release is found, or harmless', async () => {
  const small = (await specimens()).filter(({ kind }) => ['verdict', 'lock'].includes(kind));
  expect(small.length).toBe(2);
  for (const specimen of small) {
    for (let at = 0; at < exactChanges(specimen.bytes); at += 1)
      expect(taken({ specimen, bytes: exactChange(specimen.bytes, at) })).toBeUndefined();
  }
});

test('the numbers of the inputs reach every file, each bit of it, and its lengths', async () => {
  const all = await specimens();
  const seen = new Set<string>();
  for (let at = 0; at < 4000; at += 1) {
    const { specimen, bytes } = inputAt(all, 5, at);
    seen.add(`${specimen.kind} ${bytes.length === specimen.bytes.length ? 'flipped' : 'changed'}`);
  }
  expect(seen.size).toBe(new Set(all.map(({ kind }) => kind)).size * 2);
});

test('every sabotage has its place in the tree, and its suites are there', () => {
  const scripts = join(import.meta.dir, '..', '..');
  for (const sabotage of SABOTAGES) {
    const source = readFileSync(join(scripts, sabotage.file), 'utf8');
    expect(sabotaged(sabotage, source)).not.toBe(source);
    expect(sabotage.seenBy.length > 0 || sabotage.points !== undefined).toBe(true);
    for (const file of sabotage.seenBy) expect(readFileSync(join(scripts, file), 'utf8')).toContain('test');
  }
  expect(new Set(SABOTAGES.map(({ what }) => what)).size).toBe(SABOTAGES.length);
  expect(SABOTAGES.length).toBeGreaterThanOrEqual(40);
});

test('a table has a line a kind, and what repeats a failure', async () => {
  const rows = await runLong(['secrets'], { seed: 3, untilMs: Number.POSITIVE_INFINITY, from: 0, most: 2 });
  const failed = rows.map((row) => ({
    ...row,
    notes: ['1 of 2 caught'],
    failures: ['secrets 1: seen  # just torture'],
  }));
  const lines = longTable(failed, 3).join('\n');
  expect(lines).toMatch(/\| secrets \| .* \| 2 \| 1 \| \d+ s \|/);
  expect(lines).toContain('secrets: 1 of 2 caught\nsecrets 1: seen  # just torture');
  expect(longTable([], 3)).toEqual([]);
});
