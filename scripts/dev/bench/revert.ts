// Measurement 9: the revert of four services, against the release that it takes back.
import { startTestEngine } from '../engine/test-engine.ts';
import { openComposeHost } from './compose-host.ts';
import { type Figures, figure, sideBySide } from './measure.ts';
import type { Scratch } from './scratch.ts';
import type { Table } from './table.ts';

const SERVICES = 4;
const MEGABYTES = 50;
const SHARE = 1.6;
const MEMORY_MB = 150;

export async function measureRevert(scratch: Scratch, runs: number, show: (table: Table) => void): Promise<void> {
  const docker = await startTestEngine();
  try {
    const host = await openComposeHost(scratch, docker, SERVICES, MEGABYTES);
    try {
      let version = '';
      const found = await sideBySide(
        {
          release: async (): Promise<Figures> => {
            version = await host.commit();
            const { value: s, mb } = await host.measured(() => host.releaseRun(version));
            return { s, mb };
          },
          revert: async (): Promise<Figures> => {
            const { value, mb } = await host.measured(() => host.revert(version));
            return { s: value.s, push: value.pushS, mb };
          },
        },
        runs,
      );
      const release = figure(found.release, 's');
      const memory = (what: string, of: typeof found.release) => ({
        what,
        stats: figure(of, 'mb'),
        unit: 'MB' as const,
        goal: { bound: MEMORY_MB, why: '' },
      });
      show({
        title: `9. The revert of ${SERVICES} compose services with ${MEGABYTES} MB each`,
        rows: [
          {
            what: 'release-revert, without its push',
            stats: figure(found.revert, 's'),
            unit: 's',
            goal: { bound: SHARE * release.median, why: `${SHARE} x the release` },
          },
          { what: 'release-run', stats: release, unit: 's' },
          { what: 'apart: the push', stats: figure(found.revert, 'push'), unit: 's' },
          memory("the engine's own memory, release-revert", found.revert),
          memory("the engine's own memory, release-run", found.release),
        ],
        notes: [
          'A revert takes a backup of the present state, as the release does of the one before, then restores and verifies.',
        ],
      });
    } finally {
      await host.close();
    }
  } finally {
    await docker.stop();
  }
}
