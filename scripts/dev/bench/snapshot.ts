// Measurement 6: a volume of 2 GB of which 1 % changed, saved and restored by either method.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Candidate, figure, sideBySide } from './measure.ts';
import { ownEnv, ownProgram, timed } from './program.ts';
import type { Scratch } from './scratch.ts';
import type { Table } from './table.ts';

const FILES = 2000;
const CHANGED = 20;
const BLOCK = 1 << 20;
const TIMES = 4;
const MEMORY_MB = 150;

const pathOf = (folder: string, file: number): string =>
  join(folder, String(file % 20).padStart(2, '0'), `file-${String(file).padStart(4, '0')}`);

/** 1 MiB, half of it random, the other half text. */
function write(path: string): void {
  const content = Buffer.alloc(BLOCK, 'the quick brown fox jumps over the lazy dog 0123456789\n');
  for (let at = 0; at < BLOCK / 2; at += 65_536) crypto.getRandomValues(content.subarray(at, at + 65_536));
  writeFileSync(path, content);
}

export async function measureSnapshot(scratch: Scratch, runs: number, show: (table: Table) => void): Promise<void> {
  const source = join(scratch.folder, 'volume');
  for (let folder = 0; folder < 20; folder += 1)
    mkdirSync(join(source, String(folder).padStart(2, '0')), { recursive: true });
  for (let file = 0; file < FILES; file += 1) write(pathOf(source, file));
  const env = ownEnv(scratch.env);
  let turn = 0;
  const run = async (action: string, method: string) => {
    const argv = ownProgram('scripts/dev/bench/snapshot-program.ts', action, method, scratch.folder, source);
    const { ms, stdout } = await timed(argv, scratch.folder, env);
    return { s: ms / 1000, mb: (JSON.parse(stdout) as { ownMb: number }).ownMb };
  };
  const changed =
    (action: string, method: string): Candidate =>
    async () => {
      turn += 1;
      for (let n = 0; n < CHANGED; n += 1) write(pathOf(source, (n * (FILES / CHANGED) + turn * 7) % FILES));
      if (action === 'backup' && method === 'archive')
        rmSync(join(scratch.folder, 'backups-archive'), { recursive: true, force: true });
      // What came before is not this one's to wait for.
      await timed(['sync'], scratch.folder, env);
      return await run(action, method);
    };
  const first = await run('backup', 'incremental');
  const found = await sideBySide(
    {
      archive: changed('backup', 'archive'),
      incremental: changed('backup', 'incremental'),
      unpacked: changed('restore', 'archive'),
      linked: changed('restore', 'incremental'),
    },
    runs,
  );
  const archive = figure(found.archive, 's');
  const once = (value: number) => ({ median: value, min: value, max: value, runs: 1 });
  show({
    title: '6. A volume of 2 GB in 2,000 files, 20 of them changed',
    rows: [
      {
        what: 'backup, incremental',
        stats: figure(found.incremental, 's'),
        unit: 's',
        goal: { bound: archive.median / TIMES, why: `the archive / ${TIMES}` },
      },
      { what: 'backup, archive', stats: archive, unit: 's' },
      { what: 'the first incremental one, of everything', stats: once(first.s), unit: 's' },
      { what: 'restore, incremental', stats: figure(found.linked, 's'), unit: 's' },
      { what: 'restore, archive', stats: figure(found.unpacked, 's'), unit: 's' },
      {
        what: "the engine's own memory, backup",
        stats: figure(found.incremental, 'mb'),
        unit: 'MB',
        goal: { bound: MEMORY_MB, why: '' },
      },
      {
        what: "the engine's own memory, restore",
        stats: figure(found.linked, 'mb'),
        unit: 'MB',
        goal: { bound: MEMORY_MB, why: '' },
      },
    ],
    notes: [
      'Whole backups with their read-back, each by a process of its own; a restore reads its backup back twice, copies, compares and swaps.',
    ],
  });
}
