// Measurement 4: `just release-state T`, cold: just, launcher, Bun and all.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openScenarioHost } from '../../../tests/scenarios/harness/host.ts';
import { figure, sideBySide } from './measure.ts';
import { ownEnv, ownProgram, timed } from './program.ts';
import type { Scratch } from './scratch.ts';
import type { Table } from './table.ts';

const GOAL_MS = 60;
const NOTHING_TO_RELEASE = 5;
/** It takes so little that more turns cost nothing. */
const TURNS = 3;

export async function measureState(scratch: Scratch, runs: number, show: (table: Table) => void): Promise<void> {
  const host = await openScenarioHost('pm2', { services: { alpha: {}, beta: {} }, engine: scratch.engine });
  scratch.closeLater(host.close);
  try {
    await host.push({ ...(await host.service('alpha', '2')), ...(await host.service('beta', '2')) });
    const released = await host.run('run', ['T1']);
    if (released.code !== 0) throw new Error(`release-run exited ${released.code}: ${released.text}`);
    const env = ownEnv(host.env);
    const command =
      (argv: string[], expected = 0) =>
      async () => ({ ms: (await timed(argv, host.prod, env, expected)).ms });
    const nothing = command(['just', 'release-run', 'T2'], NOTHING_TO_RELEASE);
    const found = await sideBySide(
      {
        just: command(['just', 'release-state', 'T1']),
        launch: command([`${scratch.engine}/scripts/launch`, 'release/state', 'T1']),
        list: command(['just', 'release-list']),
        bun: command(ownProgram('scripts/dev/bench/nothing.ts')),
        nothing,
        freezing: async () => {
          rmSync(join(host.prod, '.asd', 'workspace', 'engine'), { recursive: true });
          return await nothing();
        },
      },
      runs * TURNS,
    );
    show({
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
        { what: 'Bun with an empty script', stats: figure(found.bun, 'ms'), unit: 'ms' },
        { what: 'release-run, nothing to release', stats: figure(found.nothing, 'ms'), unit: 'ms' },
        { what: 'the same, the engine frozen anew', stats: figure(found.freezing, 'ms'), unit: 'ms' },
      ],
      notes: [
        'With nothing to release, release-run takes what every release spends before its own work: just, launcher, the check of the frozen engine, its start, lock, fetch.',
      ],
    });
  } finally {
    await host.close();
  }
}
