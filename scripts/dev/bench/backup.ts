// Measurement 5: a volume of 1 GB, saved by the engine and by `tar | zstd -T0`.
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Candidate, figure, sideBySide } from './measure.ts';
import { ownEnv, ownProgram, timed } from './program.ts';
import type { Scratch } from './scratch.ts';
import type { Table } from './table.ts';

const FILES = 64;
const BLOCK = 1 << 20;
const BLOCKS_A_FILE = 16;
const SHARE = 1.1;
const MEMORY_MB = 100;

/** 1 GiB in 64 files: every second block is random, the others are text. Seeded, so that every run has the same. */
function fill(folder: string): void {
  mkdirSync(folder);
  const text = Buffer.from('the quick brown fox jumps over the lazy dog 0123456789\n'.repeat(BLOCK / 55 + 1)).subarray(
    0,
    BLOCK,
  );
  let state = 1;
  const words = new Uint32Array(BLOCK / 4);
  for (let file = 0; file < FILES; file += 1) {
    const fd = openSync(join(folder, `file-${String(file).padStart(2, '0')}`), 'w');
    for (let block = 0; block < BLOCKS_A_FILE; block += 1) {
      if (block % 2 === 0) {
        writeSync(fd, text);
        continue;
      }
      for (let at = 0; at < words.length; at += 1) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        words[at] = state;
      }
      writeSync(fd, words);
    }
    closeSync(fd);
  }
}

export async function measureBackup(scratch: Scratch, runs: number, show: (table: Table) => void): Promise<void> {
  const source = join(scratch.folder, 'volume');
  fill(source);
  const env = ownEnv(scratch.env);
  const target = join(scratch.folder, 'backup');
  const emptied =
    (run: Candidate): Candidate =>
    async () => {
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target);
      // What the turn before wrote is not this one's to wait for.
      await timed(['sync'], scratch.folder, env);
      return await run();
    };
  const engine = (...more: string[]) =>
    emptied(async () => {
      const argv = ownProgram('scripts/dev/bench/backup-program.ts', source, target, ...more);
      const { ms, stdout } = await timed(argv, scratch.folder, env);
      return { s: ms / 1000, mb: (JSON.parse(stdout) as { ownMb: number }).ownMb };
    });
  const shell = (script: string) =>
    emptied(async () => {
      const argv = ['bash', '-euo', 'pipefail', '-c', script, 'bash', source, join(target, 'volume.tar.zst')];
      return { s: (await timed(argv, scratch.folder, env)).ms / 1000 };
    });
  const pipe = 'tar -C "$1" -cf - . | zstd -T0 -3 -q -o "$2"';
  const found = await sideBySide(
    {
      engine: engine(),
      limit: shell(pipe),
      flushed: shell(`${pipe} && sync "$2"`),
      checked: engine('check'),
    },
    runs,
  );
  const limit = figure(found.limit, 's');
  show({
    title: '5. The backup of a volume of 1 GiB',
    rows: [
      {
        what: 'the engine, without the read-back',
        stats: figure(found.engine, 's'),
        unit: 's',
        goal: { bound: SHARE * limit.median, why: `${SHARE} x tar to zstd` },
      },
      { what: 'tar to zstd -T0 -3', stats: limit, unit: 's' },
      { what: 'tar to zstd -T0 -3, and sync', stats: figure(found.flushed, 's'), unit: 's' },
      { what: 'the engine, with the read-back', stats: figure(found.checked, 's'), unit: 's' },
      {
        what: "the engine's own memory",
        stats: figure(found.engine, 'mb'),
        unit: 'MB',
        goal: { bound: MEMORY_MB, why: '' },
      },
    ],
    notes: ['The engine also flushes the archive, hashes it and lists its entries; it starts as a process of its own.'],
  });
}
