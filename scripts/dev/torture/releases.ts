// Releases that are killed, refused and cut off everywhere, with the ways on and back that are promised.
import { verb as migrate } from '../../release/migrate.ts';
import { verb as prepare } from '../../release/prepare.ts';
import { verb as returnToMain } from '../../release/return-to-main.ts';
import { verb as run } from '../../release/run.ts';
import { packageFiles, pushCommit } from '../simulation/beginning.ts';
import {
  again,
  BACK,
  host,
  must,
  ONE,
  packages,
  RESUME,
  SCRIPT,
  type Scenario,
  SECOND,
  type Services,
  T,
  TWO,
  waiting,
} from './hosts.ts';

const quiet = (consistency: string): Services => ({
  alpha: {
    version: '1',
    manifest: { backup: { enabled: true, type: ['volume', 'config'], volumes: [{ suffix: 'files' }], consistency } },
  },
});

export const RELEASES: readonly Scenario[] = [
  {
    name: 'release of two services, a database and a script',
    begin: () => waiting(TWO, { ...packages(SECOND), ...SCRIPT }),
    command: [run, T],
    code: 0,
    forward: RESUME,
    back: BACK,
  },
  {
    name: 'release of one service',
    begin: () => waiting(ONE, packages(again(ONE, '2'))),
    command: [run, T],
    code: 0,
    forward: RESUME,
    back: BACK,
  },
  ...['pause', 'stop', 'live'].map(
    (consistency): Scenario => ({
      name: `release with backups taken ${consistency}`,
      begin: () => waiting(quiet(consistency), packages(again(quiet(consistency), '2'))),
      command: [run, T],
      code: 0,
      forward: RESUME,
      back: BACK,
    }),
  ),
  {
    name: 'release that adds a service',
    begin: () => waiting(ONE, packageFiles('delta', { version: '1' })),
    command: [run, T],
    code: 0,
    forward: RESUME,
  },
  {
    name: 'release that removes a service',
    begin: () => waiting({ ...ONE, beta: { version: '1' } }, { 'packages/beta/': null }),
    command: [run, T],
    code: 0,
    forward: RESUME,
    back: BACK,
  },
  {
    name: 'release of a ticket script alone',
    begin: () => waiting(ONE, SCRIPT),
    command: [run, T],
    code: 0,
    forward: RESUME,
    back: BACK,
  },
  {
    name: 'release that moves the checkout alone',
    begin: () => waiting(ONE, { 'README.md': 'words\n' }),
    command: [run, T, '--advance-only'],
    code: 0,
    forward: [
      [run, T, '--resume'],
      [run, T, '--advance-only'],
    ],
    back: BACK,
  },
  {
    name: 'release of a service that did not change',
    begin: () => host(ONE),
    command: [run, T, '--services=alpha'],
    code: 0,
    forward: [
      [run, T, '--resume'],
      [run, T, '--services=alpha'],
    ],
    back: BACK,
  },
  {
    name: 'release that halts: unhealthy',
    begin: () => waiting(TWO, packages({ ...SECOND, beta: { version: 'sick-2' } })),
    command: [run, T],
    code: 1,
    forward: RESUME,
    back: BACK,
  },
  {
    name: 'release that halts: a ticket script fails',
    begin: () => waiting(ONE, { ...packages(again(ONE, '2')), [`releases/${T}-bad.sh`]: 'fail 3 no licence\n' }),
    command: [run, T],
    code: 1,
    forward: RESUME,
    back: BACK,
  },
  {
    name: 'release that is put back by itself',
    begin: () => waiting(TWO, packages({ ...SECOND, beta: { version: 'sick-2' } }), { on_failure: 'revert' }),
    command: [run, T],
    code: 6,
    // Where a command hung for hours, more is lost than the settings allow without a word.
    forward: [[run, T, '--resume'], BACK, [...BACK, '--accept-loss'], [run, T]],
    back: BACK,
  },
  {
    name: 'release whose verify is skipped',
    begin: () => waiting(ONE, packages(again(ONE, '2'))),
    command: [run, T, '--skip-verify', '--reason=trial'],
    code: 8,
    forward: [
      [run, T, '--resume', '--skip-verify', '--reason=trial'],
      [run, T, '--skip-verify', '--reason=trial'],
    ],
    back: BACK,
  },
  {
    name: 'prepare by itself',
    begin: () => waiting(ONE, packages(again(ONE, '2'))),
    command: [prepare, T],
    code: 0,
    forward: [[prepare, T], BACK, [prepare, T]],
    back: BACK,
  },
  {
    name: 'migrate by itself',
    begin: async () => {
      const world = await waiting(ONE, packages(again(ONE, '2')));
      await must(world, 0, [prepare, T]);
      return world;
    },
    command: [migrate, T],
    code: 0,
    forward: [[migrate, T]],
  },
  {
    name: 'release of a hotfix branch',
    begin: async () => {
      const world = await host(ONE);
      pushCommit(world, packages(again(ONE, '2')), 'fix', 'hotfix/x');
      return world;
    },
    command: [run, T, 'hotfix/x', '--force-allow-non-main'],
    code: 0,
    forward: [
      [run, T, '--resume'],
      [run, T, 'hotfix/x', '--force-allow-non-main'],
    ],
    back: BACK,
  },
  {
    name: 'return to main after a hotfix',
    begin: async () => {
      const world = await host(ONE);
      pushCommit(world, packages(again(ONE, '2')), 'fix', 'hotfix/x');
      await must(world, 0, [run, T, 'hotfix/x', '--force-allow-non-main']);
      pushCommit(world, packages(again(ONE, '2')), 'fix, squashed');
      return world;
    },
    command: [returnToMain],
    code: 0,
    forward: [[returnToMain]],
  },
  {
    name: 'resume of a halted release',
    begin: async () => {
      const world = await waiting(TWO, packages({ ...SECOND, alpha: { version: 'sick-2', database: true } }));
      await must(world, 1, [run, T]);
      return world;
    },
    command: [run, T, '--resume'],
    code: 1,
    forward: [[run, T, '--resume']],
  },
  {
    name: 'release that supersedes a halted one',
    begin: async () => {
      const world = await waiting(TWO, packages({ ...SECOND, beta: { version: 'sick-2' } }));
      await must(world, 1, [run, 'T-0']);
      pushCommit(world, packages(SECOND), 'third');
      return world;
    },
    command: [run, T, '--supersedes=T-0', '--reason=mended'],
    code: 0,
    forward: [
      [run, T, '--resume'],
      [run, T, '--supersedes=T-0', '--reason=mended'],
      [run, T],
    ],
  },
];
