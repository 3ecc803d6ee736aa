// A few points of each real kind of `just torture`, the same each time unless BELAY_TEST_SEED says otherwise; and that what judges them can fail.
import { describe, expect, test } from 'bun:test';
import { DISK } from '../../scripts/dev/torture/real/disk.ts';
import { DOCKERD } from '../../scripts/dev/torture/real/dockerd.ts';
import { EXT4 } from '../../scripts/dev/torture/real/ext4.ts';
import { folderCopies } from '../../scripts/dev/torture/real/folder.ts';
import { openRealHost } from '../../scripts/dev/torture/real/host.ts';
import { prepare, recover, unsaid } from '../../scripts/dev/torture/real/recover.ts';
import { STRACE } from '../../scripts/dev/torture/real/strace.ts';

const SEED = Number(process.env.BELAY_TEST_SEED ?? 20261129) % 2 ** 31;
const SAMPLES = [
  [STRACE, 4],
  [EXT4, 3],
  [DISK, 3],
  [DOCKERD, 1],
] as const;

for (const [form, most] of SAMPLES) {
  const lacks = form.lacks();
  if (lacks !== undefined) console.warn(`skipped, ${form.kind}: ${lacks}`);
  describe.skipIf(lacks !== undefined)(form.what, () => {
    test(`${most} of them, seed ${SEED}`, async () => {
      const { tried, failures } = await form.run({ seed: SEED, untilMs: Number.POSITIVE_INFINITY, most, from: 0 });
      expect(failures).toEqual([]);
      // A call that is not made this time, a recreate that is over already: not all, for then nothing was looked at.
      expect(tried).toBeGreaterThanOrEqual(form === DOCKERD ? 0 : Math.ceil(most / 2));
    });
  });
}

test('a release that says it is done and is not, and one that loses what it should bring back, are found out', async () => {
  const host = await openRealHost();
  try {
    const copies = folderCopies(host);
    const expected = await prepare(host, copies);
    const said = { code: 0, stdout: '', stderr: '', text: 'Released T-1' };
    const other = { ...expected, after: { ...expected.after, data: 'value third' } };
    expect(await recover(host, copies, other, said)).toContain(
      'exit 0, but data is value second instead of value third',
    );
    expect(await recover(host, copies, other, undefined)).toContain('release-state says released, but data');
    const lost = { ...expected, before: { ...expected.before, env: 'another' } };
    expect(await recover(host, copies, lost, said)).toContain('back: env is');
  } finally {
    await host.close();
  }
});

test('an end without a sentence is found out', () => {
  const said = (text: string, code = 1) => unsaid({ code, stdout: '', stderr: text, text });
  expect(said('error: the disk is full\n  Make room.')).toBeUndefined();
  expect(said('Belay itself failed: TypeError: x\n    at a (/x.ts:1:2)')).toContain(
    'no sentence (exit 1): Belay itself',
  );
  expect(said('Error: EIO\n      at open (/x.ts:1:2)\n')).toContain('no sentence');
  expect(said('')).toBe('exit 1 without a word');
  expect(said('', 0)).toBeUndefined();
});
