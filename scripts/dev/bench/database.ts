// Measurements 7 and 8: a PostgreSQL database of 500 MB to the disk and back, against its own tools and zstd.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startTestEngine } from '../engine/test-engine.ts';
import { type DatabaseServer, openDatabaseServer } from './database-server.ts';
import { figure, sideBySide } from './measure.ts';
import { ownEnv, ownProgram, timed } from './program.ts';
import type { Scratch } from './scratch.ts';
import type { Table } from './table.ts';

const DUMP_SHARE = 1.1;
const RESTORE_SHARE = 1.2;
const MEMORY_MB = 150;

interface Bench {
  scratch: Scratch;
  server: DatabaseServer;
  runs: number;
  show: (table: Table) => void;
}

const measured =
  (measure: (bench: Bench, title: string) => Promise<void>) =>
  async (scratch: Scratch, runs: number, show: (table: Table) => void): Promise<void> => {
    const docker = await startTestEngine();
    try {
      const server = await openDatabaseServer(scratch, docker);
      const bytes = Number(await server.sql('SELECT pg_database_size(current_database())'));
      await measure({ scratch, server, runs, show }, `a PostgreSQL database of ${Math.round(bytes / 1e6)} MB`);
    } finally {
      await docker.stop();
    }
  };

async function engine({ scratch, server }: Bench, folder: string, what: 'dump' | 'restore' | 'settle') {
  const argv = ownProgram('scripts/dev/bench/database-program.ts', server.container, folder, what);
  const { ms, stdout } = await timed(argv, scratch.folder, ownEnv(server.env));
  return { s: ms / 1000, mb: (JSON.parse(stdout) as { ownMb: number }).ownMb };
}

async function shell({ scratch, server }: Bench, script: string, ...words: string[]) {
  const argv = ['bash', '-euo', 'pipefail', '-c', script, 'bash', server.container, ...words];
  return { s: (await timed(argv, scratch.folder, server.env)).ms / 1000 };
}

/** What the turn before wrote is not this one's to wait for. */
async function emptied(scratch: Scratch, folder: string): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  await timed(['sync'], scratch.folder, scratch.env);
  return folder;
}

const DUMP = 'docker exec -e PGPASSWORD "$1" pg_dump -U bench bench | zstd -T0 -q -o "$2/dump.sql.zst"';

export const measureDump = measured(async (bench, of) => {
  const { scratch, runs, show } = bench;
  const target = join(scratch.folder, 'dump');
  const found = await sideBySide(
    {
      engine: async () => engine(bench, await emptied(scratch, target), 'dump'),
      limit: async () => shell(bench, DUMP, await emptied(scratch, target)),
      flushed: async () => shell(bench, `${DUMP} && sync "$2/dump.sql.zst"`, await emptied(scratch, target)),
    },
    runs,
  );
  const limit = figure(found.limit, 's');
  show({
    title: `7. The dump of ${of}`,
    rows: [
      {
        what: 'the engine',
        stats: figure(found.engine, 's'),
        unit: 's',
        goal: { bound: DUMP_SHARE * limit.median, why: `${DUMP_SHARE} x pg_dump to zstd` },
      },
      { what: 'pg_dump to zstd -T0', stats: limit, unit: 's' },
      { what: 'pg_dump to zstd -T0, and sync', stats: figure(found.flushed, 's'), unit: 's' },
      memory(figure(found.engine, 'mb')),
    ],
    notes: [
      'The engine also counts the rows of the same moment, flushes and hashes the dump; it starts as a process of its own.',
    ],
  });
});

const RESTORE =
  'zstd -dcq "$2/dump.sql.zst" | docker exec -i -e PGPASSWORD "$1" psql -Xq -v ON_ERROR_STOP=1 -U bench -d other > /dev/null';

export const measureRestore = measured(async (bench, of) => {
  const { scratch, server, runs, show } = bench;
  const [own, plain] = [join(scratch.folder, 'own'), join(scratch.folder, 'plain')];
  await engine(bench, await emptied(scratch, own), 'dump');
  await shell(bench, DUMP, await emptied(scratch, plain));
  const found = await sideBySide(
    {
      engine: async () => {
        await timed(['sync'], scratch.folder, scratch.env);
        const figures = await engine(bench, own, 'restore');
        await engine(bench, own, 'settle');
        return figures;
      },
      limit: async () => {
        await server.sql('DROP DATABASE IF EXISTS other', 'postgres');
        await timed(['sync'], scratch.folder, scratch.env);
        await server.sql('CREATE DATABASE other', 'postgres');
        const figures = await shell(bench, RESTORE, plain);
        await server.sql('DROP DATABASE other', 'postgres');
        return figures;
      },
    },
    runs,
  );
  const limit = figure(found.limit, 's');
  show({
    title: `8. The restore of ${of}`,
    rows: [
      {
        what: 'the engine',
        stats: figure(found.engine, 's'),
        unit: 's',
        goal: { bound: RESTORE_SHARE * limit.median, why: `${RESTORE_SHARE} x zstd to psql` },
      },
      { what: 'zstd -d to psql', stats: limit, unit: 's' },
      memory(figure(found.engine, 'mb')),
    ],
    notes: [
      'The engine also checks the checksum, counts every row of what it restored, and swaps it for the live database; it starts as a process of its own.',
    ],
  });
});

const memory = (stats: Table['rows'][number]['stats']): Table['rows'][number] => ({
  what: "the engine's own memory",
  stats,
  unit: 'MB',
  goal: { bound: MEMORY_MB, why: '' },
});
