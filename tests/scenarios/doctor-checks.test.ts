// Every check of doctor, from its own registry: a host on which it passes, one on which it does not, and the printed lines that mend it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { CHECKS } from '../../scripts/doctor/registry.ts';
import { type Bed, type Case, proves } from './doctor-checks/case.ts';
import { FILES } from './doctor-checks/files.ts';
import { GIT } from './doctor-checks/git.ts';
import { closeRegistries, IMAGES } from './doctor-checks/images.ts';
import { LIVE, type LiveBed, openLiveBed } from './doctor-checks/live.ts';
import { PORTS } from './doctor-checks/ports.ts';
import { PROGRAMS } from './doctor-checks/programs.ts';
import { openWardBed } from './doctor-checks/ward.ts';
import { onBoth } from './harness/runtimes.ts';

const CONTAINERS = [...IMAGES, ...PORTS];
const WARD = [...PROGRAMS, ...GIT, ...FILES];
const ALL: ReadonlyArray<Pick<Case<Bed>, 'check' | 'standIn'>> = [...WARD, ...LIVE, ...CONTAINERS];

test('no check is forgotten', () => {
  expect([...new Set(ALL.map(({ check }) => check))].toSorted()).toEqual(CHECKS.map(({ id }) => id).toSorted());
});

test('lines run for real, but for those that would change this machine', () => {
  const checks = ALL.filter(({ standIn }) => standIn !== undefined).map(({ check }) => check);
  expect([...new Set(checks)].toSorted()).toEqual([
    'bun',
    'clock',
    'compose',
    'docker',
    'git',
    'guard',
    'just',
    'pm2',
    'ports',
    'selinux',
    'tar',
    'zstd',
  ]);
});

const isRoot = process.getuid?.() === 0;
describe.skipIf(!isRoot)('a checkout', () => {
  test.each(WARD.map((each) => [`${each.check}: ${each.name}`, each] as const))('%s', async (_, each) => {
    const bed = openWardBed();
    try {
      await proves(bed, each);
    } finally {
      await bed.end();
    }
  });
});

onBoth(
  'a host',
  { services: { alpha: {}, beta: {} } },
  (host) => {
    let bed: LiveBed;
    beforeAll(() => {
      bed = openLiveBed(host());
    });
    test.each(LIVE.map((each) => [`${each.check}: ${each.name}`, each] as const))('%s', (_, each) => proves(bed, each));
  },
  ['pm2'],
);

onBoth(
  'a host of containers',
  // Names of kept images are those of every host on an engine.
  { services: { alpha: {}, beta: {} }, ownEngine: true },
  (host) => {
    let bed: LiveBed;
    beforeAll(() => {
      bed = openLiveBed(host());
    });
    afterAll(() => closeRegistries(bed));
    test.each(CONTAINERS.map((each) => [`${each.check}: ${each.name}`, each] as const))('%s', (_, each) =>
      proves(bed, each),
    );
  },
  ['compose'],
);
