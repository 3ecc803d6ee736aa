// `just bench [1..10] [--runs=N]`: the engine against the limits, side by side, on this machine.
import { parseArgs } from 'node:util';
import { messageOf, ReleaseError } from '../model/error.ts';
import { renderError } from '../release/render.ts';
import { machineLines } from './bench/machine.ts';
import { openScratch, type Scratch } from './bench/scratch.ts';
import { markdown, type Table } from './bench/table.ts';
import { dockerConfigFolder } from './engine/packages.ts';

const HELP = `just bench [1..10] [--runs=N]

Prints medians and spread of what is measured side by side, in turns:
  1  release-run of 1, 4 and 10 compose services with 50 MB each, against a bash script
  2  the downtime of each of 10 services, against compose one by one
  3  the plan of 1,000 and 5,000 packages, against turbo ls --affected
  4  release-state, cold
  5  the backup of a volume of 1 GB, against tar | zstd
  6  backup and restore of a volume of 2 GB of which 1 % changed: incremental against archive
  7  the dump of a PostgreSQL database of 500 MB, against pg_dump | zstd
  8  its restore, against zstd -d | psql
  9  the revert of 4 compose services with 50 MB each, against their release
  10 release-adopt --draft and --dry-run of 12 and 100 Compose projects

  --runs=N  turns that count; default 5, and one more to warm up

1, 2 and 7 to 10 use a Docker engine of their own (as root on Debian). Nothing is left behind.`;

/** @param show is given each table as soon as it is there. */
type Measurement = (scratch: Scratch, runs: number, show: (table: Table) => void) => Promise<void>;

const MEASUREMENTS: Record<string, () => Promise<Measurement>> = {
  1: async () => (await import('./bench/release.ts')).measureRelease,
  2: async () => (await import('./bench/downtime.ts')).measureDowntime,
  3: async () => (await import('./bench/plan.ts')).measurePlan,
  4: async () => (await import('./bench/state.ts')).measureState,
  5: async () => (await import('./bench/backup.ts')).measureBackup,
  6: async () => (await import('./bench/snapshot.ts')).measureSnapshot,
  7: async () => (await import('./bench/database.ts')).measureDump,
  8: async () => (await import('./bench/database.ts')).measureRestore,
  9: async () => (await import('./bench/revert.ts')).measureRevert,
  10: async () => (await import('./bench/takeover.ts')).measureTakeover,
};

function asked(): { names: string[]; runs: number } | undefined {
  try {
    const options = { runs: { type: 'string', default: '5' }, help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ args: process.argv.slice(2), options, allowPositionals: true });
    const names = positionals.length > 0 ? positionals : Object.keys(MEASUREMENTS);
    const runs = Number(values.runs);
    if (values.help || !Number.isInteger(runs) || runs < 1 || names.some((name) => !MEASUREMENTS[name]))
      return undefined;
    return { names, runs };
  } catch (error) {
    console.error(messageOf(error));
    return undefined;
  }
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

async function main(): Promise<number> {
  const wanted = asked();
  if (!wanted) {
    console.log(HELP);
    return process.argv.includes('--help') || process.argv.includes('-h') ? 0 : 2;
  }
  const scratch = openScratch();
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.once(signal, async () => {
      await scratch.closeAll();
      scratch.remove();
      process.exit(code);
    });
  }
  try {
    for (const line of [...machineLines({ ...scratch.env, DOCKER_CONFIG: dockerConfigFolder() }), ''])
      console.log(line);
    for (const name of wanted.names) {
      const measure = await MEASUREMENTS[name]?.();
      await measure?.(scratch, wanted.runs, (table) => {
        for (const line of markdown(table)) console.log(line);
      });
    }
  } catch (error) {
    const lines = error instanceof ReleaseError ? renderError(error) : [String(error)];
    for (const line of lines) console.error(line);
    return 1;
  } finally {
    scratch.remove();
  }
  return 0;
}

process.exit(await main());
