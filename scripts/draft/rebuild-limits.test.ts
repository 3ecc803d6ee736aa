// What the engine says of a container's checks, devices and limits, as compose writes it.
import { expect, test } from 'bun:test';
import { limitsOf } from './rebuild-limits.ts';

test("checks, devices and limits; what is Docker's own is left empty", () => {
  const second = 1_000_000_000;
  const config = {
    Healthcheck: { Test: ['CMD-SHELL', 'echo $PATH'], Interval: second, Timeout: 2 * second, Retries: 4 },
  };
  const host = {
    Tmpfs: { '/scratch': 'size=1m', '/run': '' },
    Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nothing', CgroupPermissions: 'r' }],
    ShmSize: 1_048_576,
    Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
    PidsLimit: -1,
  };
  expect(limitsOf(config, host)).toMatchObject({
    healthcheck: { test: ['CMD-SHELL', 'echo $$PATH'], interval: '1000ms', timeout: '2000ms', retries: 4 },
    tmpfs: ['/scratch:size=1m', '/run'],
    devices: ['/dev/null:/dev/nothing:r'],
    shm_size: 1_048_576,
    pids_limit: 0,
    ulimits: { nofile: { soft: 100, hard: 200 } },
  });
  expect(limitsOf({ Healthcheck: { Test: ['NONE'] } }, { ShmSize: 67_108_864 })).toMatchObject({
    healthcheck: { disable: true },
    tmpfs: [],
    shm_size: 0,
    mem_limit: 0,
  });
});
