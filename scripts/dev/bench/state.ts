// Measurement 4: `just release-state T`, cold: just, launcher, Bun and all.
import { openScenarioHost } from '../../../tests/scenarios/harness/host.ts';
import { figure, sideBySide } from './measure.ts';
import { CHECKOUT, ownEnv, ownProgram, timed } from './program.ts';
import type { Scratch } from './scratch.ts';
import type { Table } from './table.ts';

const GOAL_MS = 60;
/** It takes so little that more turns cost nothing. */
const TURNS = 3;

export async function measureState(_: Scratch, runs: number): Promise<Table[]> {
  const host = await openScenarioHost('pm2', { services: { alpha: {}, beta: {} } });
  try {
    await host.push({ ...(await host.service('alpha', '2')), ...(await host.service('beta', '2')) });
    const released = await host.run('run', ['T1']);
    if (released.code !== 0) throw new Error(`release-run exited ${released.code}: ${released.text}`);
    const env = ownEnv(host.env);
    const command = (argv: string[]) => async () => ({ ms: (await timed(argv, host.prod, env)).ms });
    const found = await sideBySide(
      {
        just: command(['just', 'release-state', 'T1']),
        launch: command([`${CHECKOUT}/scripts/launch`, 'release/state', 'T1']),
        list: command(['just', 'release-list']),
        nothing: command(ownProgram('scripts/dev/bench/nothing.ts')),
      },
      runs * TURNS,
    );
    return [
      {
        title: '4. release-state, cold',
        rows: [
          {
            what: 'just release-state T1',
            stats: figure(found.just, 'ms'),
            unit: 'ms',
            goal: { bound: GOAL_MS, why: '' },
          },
          { what: 'without just', stats: figure(found.launch, 'ms'), unit: 'ms' },
          { what: 'just release-list', stats: figure(found.list, 'ms'), unit: 'ms' },
          { what: 'Bun with an empty script', stats: figure(found.nothing, 'ms'), unit: 'ms' },
        ],
        notes: [],
      },
    ];
  } finally {
    await host.close();
  }
}
