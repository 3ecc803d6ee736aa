// Measurement 1: from "the commit is on the remote" to verified, against a bash script that does the least.
import { startTestEngine } from '../engine/test-engine.ts';
import { openComposeHost } from './compose-host.ts';
import { figure, sideBySide } from './measure.ts';
import type { Scratch } from './scratch.ts';
import type { Table } from './table.ts';

const SIZES = [1, 4, 10];
const MEGABYTES = 50;
const WIDTH = 4;
const SHARE = 1.15;
const PLUS_S = 0.4;

export async function measureRelease(scratch: Scratch, runs: number, show: (table: Table) => void): Promise<void> {
  const docker = await startTestEngine();
  try {
    for (const services of SIZES) {
      const engine = await openComposeHost(scratch, docker, services, MEGABYTES);
      const bash = await openComposeHost(scratch, docker, services, MEGABYTES);
      try {
        const found = await sideBySide(
          {
            engine: async () => ({ s: await engine.releaseRun(await engine.commit()) }),
            limit: async () => ({ s: await bash.limit(await bash.commit(), WIDTH) }),
          },
          runs,
        );
        const limit = figure(found.limit, 's');
        const bound = SHARE * limit.median + PLUS_S;
        show({
          title: `1. A release of ${services} compose service${services === 1 ? '' : 's'} with ${MEGABYTES} MB each`,
          rows: [
            {
              what: 'release-run',
              stats: figure(found.engine, 's'),
              unit: 's',
              goal: { bound, why: `${SHARE} x bash + ${PLUS_S} s` },
            },
            { what: `bash, ${WIDTH} at once`, stats: limit, unit: 's' },
          ],
          notes: [],
        });
      } finally {
        await Promise.all([engine.close(), bash.close()]);
      }
    }
  } finally {
    await docker.stop();
  }
}
