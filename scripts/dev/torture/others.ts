// Reverts, backups, restores and the verbs that end a release, disturbed in the same way.
import { verb as abandon } from '../../release/abandon.ts';
import { verb as accept } from '../../release/accept.ts';
import { verb as adopt } from '../../release/adopt.ts';
import { verb as backup } from '../../release/backup.ts';
import { verb as prune } from '../../release/backup-prune.ts';
import { verb as revert } from '../../release/revert.ts';
import { verb as run } from '../../release/run.ts';
import { beginWorld, packageFiles, pushCommit } from '../simulation/beginning.ts';
import {
  again,
  BACK,
  host,
  must,
  ONE,
  packages,
  released,
  restorable,
  restoreFirst,
  type Scenario,
  SECOND,
  T,
  TWO,
  waiting,
} from './hosts.ts';

export const OTHERS: readonly Scenario[] = [
  {
    name: 'revert of two services with what users wrote',
    begin: () => released(TWO, packages(SECOND)),
    command: [revert, T, '--accept-loss'],
    code: 0,
    forward: [[revert, T, '--accept-loss']],
  },
  {
    name: 'revert that keeps the new data',
    begin: () => released(ONE, packages(again(ONE, '2'))),
    command: [revert, T, '--skip-data'],
    code: 0,
    forward: [[revert, T, '--skip-data']],
  },
  {
    name: 'revert on this host alone',
    begin: () => released(ONE, packages(again(ONE, '2'))),
    command: [revert, T, '--skip-git', '--accept-loss'],
    code: 0,
    forward: [[revert, T, '--skip-git', '--accept-loss']],
  },
  {
    name: 'revert of an added service',
    begin: () => released(ONE, packageFiles('delta', { version: '1' })),
    command: [revert, T],
    code: 0,
    forward: [[revert, T]],
  },
  {
    name: 'revert of a removed service',
    begin: () => released({ ...ONE, beta: { version: '1' } }, { 'packages/beta/': null }),
    command: [revert, T],
    code: 0,
    forward: [[revert, T]],
  },
  {
    name: 'revert of a release that halted',
    begin: async () => {
      const world = await waiting(TWO, packages({ ...SECOND, beta: { version: 'sick-2' } }));
      await must(world, 1, [run, T]);
      return world;
    },
    command: BACK,
    code: 0,
    forward: [BACK],
  },
  {
    name: 'revert under commits that came later',
    begin: async () => {
      const world = await released(ONE, packages(again(ONE, '2')));
      pushCommit(world, { 'README.md': 'later\n' }, 'later');
      return world;
    },
    command: [revert, T, '--accept-loss'],
    code: 0,
    forward: [[revert, T, '--accept-loss']],
  },
  {
    name: 'backup by hand',
    begin: () => host(TWO),
    command: [backup],
    code: 0,
    forward: [[backup]],
  },
  {
    name: 'pruning of backups',
    begin: async () => {
      const world = await host(ONE);
      for (let times = 0; times < 9; times += 1) await must(world, 0, [backup]);
      return world;
    },
    command: [prune],
    code: 0,
    forward: [[prune]],
  },
  {
    name: 'restore by hand',
    begin: () => restorable(ONE),
    command: restoreFirst,
    code: 0,
    forward: [restoreFirst],
  },
  {
    name: 'adoption',
    begin: async () => beginWorld(TWO),
    command: [adopt, '--no-backup'],
    code: 0,
    forward: [[adopt, '--no-backup']],
  },
  {
    name: 'giving a halted release up',
    begin: async () => {
      const world = await waiting(ONE, packages({ alpha: { version: 'sick-2' } }));
      await must(world, 1, [run, T]);
      return world;
    },
    command: [abandon, T, '--reason=no'],
    code: 0,
    forward: [[abandon, T, '--reason=no']],
  },
  {
    name: 'accepting an unverified release',
    begin: async () => {
      const world = await waiting(ONE, packages(again(ONE, '2')));
      await must(world, 8, [run, T, '--skip-verify', '--reason=trial']);
      return world;
    },
    command: [accept, T, '--reason=looked'],
    code: 0,
    forward: [[accept, T, '--reason=looked']],
  },
];
