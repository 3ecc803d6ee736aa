// What restoring has to keep for every kind: the identity, forward and back, killed after any effect and called again.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atPoint, killPoints } from '../dev/kill-points.ts';
import type { BackupCase } from './contract.ts';
import type { BackupContext, BackupFile, BackupItem, Restorer, Restoring } from './kind.ts';
import { mortalHost } from './mortal-host.ts';

const STAMP = '20260102_030405';
/** More effects than any step has: what counts them does not die. */
const IMMORTAL = 10_000;

export interface KillOptions {
  /** false: without those tests that take long. */
  kills: boolean;
  /** Of each test, milliseconds. */
  limitMs: number;
  /** How many points of an enumeration are tried where nothing else is asked for. */
  points?: number;
}

interface Parts {
  it: BackupCase;
  folder: string;
  taken: Array<{ item: BackupItem; files: BackupFile[] }>;
}

/** @param name of the contract. @param parts what backupContract made; the data is as it was saved when the first of these tests begins. */
export function restoreTests(name: string, parts: () => Parts, { kills, limitMs, points }: KillOptions): void {
  let work: string;
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'belay-restore-'));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));
  const each = async (
    act: (restorer: Restorer, restoring: Restoring, context: BackupContext) => Promise<void>,
    context = parts().it.context,
    before = new Map<string, Restoring['before']>(),
  ) => {
    const { it, folder, taken } = parts();
    for (const { item, files } of taken) {
      const saved = before.get(item.name);
      const left = it.left?.();
      const restoring = {
        item,
        files,
        folder,
        stamp: STAMP,
        work,
        ...(left && { left }),
        ...(saved && { before: saved }),
      };
      await act(it.kind.restore, restoring, context);
    }
  };
  const forward = async (context?: BackupContext) => {
    await each((restorer, restoring, at) => restorer.stage(at, restoring), context);
    await each((restorer, restoring, at) => restorer.swap(at, restoring), context);
  };
  const settle = (context?: BackupContext) =>
    each((restorer, restoring, at) => restorer.settle(at, restoring), context);
  const undo = (before: Map<string, Restoring['before']>, context?: BackupContext) =>
    each((restorer, restoring, at) => restorer.undo(at, restoring), context, before);
  const leftovers = () => {
    const { root } = parts().it;
    return root === undefined
      ? []
      : [...new Bun.Glob('**/*.asd-*').scanSync({ cwd: root, dot: true, onlyFiles: false })];
  };
  /** What there is now, saved: what a restore is undone with where the world keeps nothing aside. */
  const savePresent = async () => {
    const { it, taken } = parts();
    const folder = mkdtempSync(join(work, 'before-'));
    const saved = new Map<string, Restoring['before']>();
    for (const { item } of taken)
      saved.set(item.name, { folder, files: await it.kind.write(it.context, item, folder) });
    return saved;
  };
  /** Runs act to its end, counts its effects, and then again, dying at points of them. @returns how often it died. */
  const killed = async (
    label: string,
    act: (context: BackupContext) => Promise<void>,
    then: () => Promise<void>,
  ): Promise<number> => {
    const { it } = parts();
    const whole = mortalHost(it.context.host, IMMORTAL);
    await act({ ...it.context, host: whole.host });
    await then();
    const count = whole.spent();
    let deaths = 0;
    for (const point of killPoints(count, `${name} ${label}`, points)) {
      await atPoint(point, count, label, async () => {
        const mortal = mortalHost(it.context.host, point);
        try {
          await act({ ...it.context, host: mortal.host });
        } catch (error) {
          if (!mortal.dead()) throw error;
          deaths++;
        }
        await then();
      });
    }
    return deaths;
  };

  test(
    'stage, swap and settle bring back what was saved, and leave nothing',
    async () => {
      const { it } = parts();
      const open = it.open ?? it.fingerprint;
      const [saved, openSaved] = [it.fingerprint(), open()];
      it.spoil();
      const spoilt = it.fingerprint();
      await each((restorer, restoring, at) => restorer.stage(at, restoring));
      expect(it.fingerprint()).toBe(spoilt);
      await each((restorer, restoring, at) => restorer.swap(at, restoring));
      expect(open()).toBe(openSaved);
      await forward();
      expect(open()).toBe(openSaved);
      await settle();
      await settle();
      expect(it.fingerprint()).toBe(saved);
      expect(leftovers()).toEqual([]);
    },
    limitMs,
  );

  test(
    'undo brings back what was there before the swap, and leaves nothing',
    async () => {
      const { it } = parts();
      it.spoil();
      const spoilt = it.fingerprint();
      const before = await savePresent();
      await undo(before);
      expect(it.fingerprint()).toBe(spoilt);
      await each((restorer, restoring, at) => restorer.stage(at, restoring));
      await undo(before);
      expect(it.fingerprint()).toBe(spoilt);
      await forward();
      await undo(before);
      await undo(before);
      expect(it.fingerprint()).toBe(spoilt);
      expect(leftovers()).toEqual([]);
      await forward();
      await settle();
    },
    limitMs,
  );

  test.if(kills)(
    'killed after any effect of stage and swap, and run again: restored',
    async () => {
      const { it } = parts();
      const open = it.open ?? it.fingerprint;
      const [saved, openSaved] = [it.fingerprint(), open()];
      it.spoil();
      const deaths = await killed('stage and swap', forward, async () => {
        await forward();
        expect(open()).toBe(openSaved);
        await settle();
        expect(it.fingerprint()).toBe(saved);
        expect(leftovers()).toEqual([]);
        it.spoil();
      });
      expect(deaths).toBeGreaterThan(0);
      await forward();
      await settle();
    },
    limitMs,
  );

  test.if(kills)(
    'killed after any effect of settle, and run again: restored',
    async () => {
      const { it } = parts();
      const saved = it.fingerprint();
      it.spoil();
      await forward();
      await killed('settle', settle, async () => {
        await settle();
        expect(it.fingerprint()).toBe(saved);
        expect(leftovers()).toEqual([]);
        it.spoil();
        await forward();
      });
      await settle();
    },
    limitMs,
  );

  test.if(kills)(
    'killed after any effect of stage, swap or undo, and undone: as it was before',
    async () => {
      const { it } = parts();
      it.spoil();
      const spoilt = it.fingerprint();
      const before = await savePresent();
      const check = () => {
        expect(it.fingerprint()).toBe(spoilt);
        expect(leftovers()).toEqual([]);
      };
      await killed('stage and swap, undone', forward, async () => {
        await undo(before);
        check();
      });
      await forward();
      await killed(
        'undo',
        (context) => undo(before, context),
        async () => {
          await undo(before);
          check();
          await forward();
        },
      );
      await killed(
        'undo, and forward',
        (context) => undo(before, context),
        async () => {
          await forward();
          await undo(before);
          check();
          await forward();
        },
      );
      await settle();
    },
    limitMs,
  );

  test(
    'a damaged byte is refused, and nothing is touched',
    async () => {
      const { it, folder, taken } = parts();
      it.spoil();
      const spoilt = it.fingerprint();
      const file = taken.flatMap((each) => each.files).at(-1)?.file ?? '';
      const path = join(folder, file);
      const whole = readFileSync(path);
      const flipped = Buffer.from(whole);
      const middle = whole.length >> 1;
      flipped[middle] = (flipped[middle] ?? 0) ^ 1;
      writeFileSync(path, flipped);
      await expect(each((restorer, restoring, at) => restorer.stage(at, restoring))).rejects.toThrow(
        'checksum differs',
      );
      writeFileSync(path, whole);
      await undo(new Map());
      expect(it.fingerprint()).toBe(spoilt);
      expect(leftovers()).toEqual([]);
      await forward();
      await settle();
    },
    limitMs,
  );
}
