// What every kind of backup has to keep: one suite, run on each kind with real data.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type KillOptions, restoreTests } from './contract-restore.ts';
import type { BackupContext, BackupFile, BackupItem, BackupKind, Restoring } from './kind.ts';
import { runLines } from './odd-tree.ts';
import { listOf, treeOf } from './snapshot/basis.ts';

export interface BackupCase {
  kind: BackupKind;
  context: BackupContext;
  /** Everything that has to be the same again, as text. */
  fingerprint(): string;
  /** The same while a restore is open; default: fingerprint. */
  open?(): string;
  /** Loses or changes the data. */
  spoil(): void;
  end(): Promise<void>;
  /** Nothing of a restore may be left below it. */
  root?: string;
  /** What a release left of the configuration; asked for after `spoil`. */
  left?(): NonNullable<Restoring['left']>;
  /** What is tested is a second backup, upon a first one. */
  basis?: true;
  /** For the shell that runs RESTORE.txt. */
  env?: Record<string, string>;
}

/** @param make called once; the data is there when it returns. */
export function backupContract(
  name: string,
  make: () => Promise<BackupCase>,
  options: KillOptions = { kills: true, limitMs: 60_000 },
): void {
  describe(`backup kind ${name}`, () => {
    let it: BackupCase;
    let folder: string;
    const taken: Array<{ item: BackupItem; files: BackupFile[] }> = [];
    const checkAll = async () => {
      for (const { item, files } of taken) await it.kind.check(it.context, item, folder, files);
    };

    beforeAll(async () => {
      it = await make();
      folder = mkdtempSync(join(tmpdir(), 'belay-contract-'));
      const first = join(folder, '..', `${basename(folder)}-first`);
      for (const item of await it.kind.items(it.context)) {
        if (!it.basis) {
          taken.push({ item, files: await it.kind.write(it.context, item, folder) });
          continue;
        }
        mkdirSync(first);
        await it.kind.write(it.context, item, first);
        const basis = { stamp: 'first', tree: join(first, treeOf(item)), list: join(first, listOf(item)) };
        taken.push({ item, files: await it.kind.write(it.context, item, folder, basis) });
      }
      rmSync(first, { recursive: true, force: true });
    });
    afterAll(async () => {
      await it.end();
      rmSync(folder, { recursive: true, force: true });
    });

    test('writes files that nobody else can read, under names that are theirs alone', () => {
      expect(taken.length).toBeGreaterThan(0);
      const files = taken.flatMap((each) => each.files.map((file) => file.file));
      expect(files.length).toBeGreaterThan(0);
      expect(new Set(files).size).toBe(files.length);
      for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    });

    test('passes its own read-back, twice, and leaves nothing beside its files', async () => {
      await checkAll();
      await checkAll();
      const trees = taken.filter(({ item }) => item.method === 'incremental').map(({ item }) => `${treeOf(item)}/`);
      const listed = [...new Bun.Glob('**/*').scanSync({ cwd: folder, dot: true })]
        .filter((path) => !trees.some((tree) => path.startsWith(tree)))
        .sort();
      expect(listed).toEqual(taken.flatMap((each) => each.files.map((file) => file.file)).sort());
    });

    test('a damaged byte, a missing end or a missing file fails the read-back', async () => {
      const seed = Number(process.env.BELAY_SEED ?? Date.now() % 1e6);
      let state = seed + 1;
      const random = (below: number) => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state % below;
      };
      for (const { item, files } of taken)
        for (const { file } of files) {
          const path = join(folder, file);
          const whole = readFileSync(path);
          const check = () => it.kind.check(it.context, item, folder, files);
          for (const at of [0, whole.length - 1, random(whole.length), random(whole.length), random(whole.length)]) {
            const flipped = Buffer.from(whole);
            flipped[at] = (flipped[at] ?? 0) ^ (1 << random(8));
            writeFileSync(path, flipped);
            await expect(check(), `byte ${at} of ${file}, BELAY_SEED=${seed}`).rejects.toThrow('checksum differs');
          }
          writeFileSync(path, whole.subarray(0, -1));
          await expect(check()).rejects.toThrow('bytes');
          rmSync(path);
          await expect(check()).rejects.toThrow();
          writeFileSync(path, whole, { mode: 0o600 });
        }
      await checkAll();
    });

    test('a damaged byte in a snapshot, a lost mode, name or link: found and named', async () => {
      for (const { item } of taken.filter((each) => each.item.method === 'incremental')) {
        const tree = join(folder, treeOf(item));
        const undo = join(folder, '..', `${basename(folder)}-whole`);
        for (const [harm, named] of [
          [`printf X | dd of='$(id)' conv=notrunc status=none; touch -d @1 '$(id)'`, './$(id) has another time'],
          [
            `printf X | dd of=sparse bs=1 seek=1000000 conv=notrunc status=none; touch -r "$WHOLE/sparse" sparse`,
            './sparse is not what was written: its checksum differs',
          ],
          [`chmod 0644 'back\\slash'; chmod 0640 'back\\slash'`, './back\\slash has mode 0640'],
          [`rm nothing`, './nothing is missing'],
          [`printf x > more; touch -r "$WHOLE" .`, './more should not be there'],
          [`cp -p hard x; mv x hard; touch -r "$WHOLE" .`, './hard is no hard link to what it should be linked to'],
          [`rm $'new\\nline'; ln ' -rf *' $'new\\nline'; touch -r "$WHOLE" .`, './new%0aline'],
        ] as const) {
          runLines([`cp --archive -- "$TREE" "$WHOLE"; cd -- "$TREE"; ${harm}`], folder, { TREE: tree, WHOLE: undo });
          const error = await checkAll().then(
            () => new Error('it passed'),
            (thrown: Error & { facts?: { details?: string[] } }) =>
              new Error([thrown.message, ...(thrown.facts?.details ?? [])].join('\n')),
          );
          expect(error.message).toContain(named);
          runLines([`rm -r -- "$TREE"; mv -- "$WHOLE" "$TREE"`], folder, { TREE: tree, WHOLE: undo });
        }
      }
      await checkAll();
    });

    test('facts that the files do not bear out fail the read-back, whatever the checksum says', async () => {
      for (const { item, files } of taken) {
        const numbers = [
          'listing',
          ...files.flatMap((file) => Object.keys(file.facts)).filter((key) => key.startsWith('rows:')),
        ];
        for (const key of numbers.filter((each) => files[0]?.facts[each] !== undefined)) {
          const wrong = files.map((file) => ({ ...file, facts: { ...file.facts, [key]: 424_242 } }));
          await expect(it.kind.check(it.context, item, folder, wrong)).rejects.toThrow();
        }
      }
    });

    test('its restore commands, run in bash, bring the data back as it was', () => {
      const before = it.fingerprint();
      it.spoil();
      expect(it.fingerprint()).not.toBe(before);
      for (const { item, files } of taken) runLines(it.kind.restoreCommands(item, files), folder, it.env);
      expect(it.fingerprint()).toBe(before);
    });

    test('they work again over what they restored, from a moved folder', () => {
      const before = it.fingerprint();
      const moved = join(folder, '..', `${basename(folder)} it's moved`);
      runLines([`cp --archive . "$MOVED"`], folder, { MOVED: moved });
      for (const { item, files } of taken) runLines(it.kind.restoreCommands(item, files), moved, it.env);
      rmSync(moved, { recursive: true });
      expect(it.fingerprint()).toBe(before);
    });

    restoreTests(name, () => ({ it, folder, taken }), options);
  });
}
