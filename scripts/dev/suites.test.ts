import { expect, test } from 'bun:test';
import { countReport, testEnvironment } from './suites.ts';

const report = (tests: number, failures: number, skipped: number) =>
  `<?xml version="1.0"?>\n<testsuites name="bun test" tests="${tests}" assertions="9" failures="${failures}" skipped="${skipped}" time="1.2">`;

test('what Bun counted is what is told', () => {
  expect(countReport(report(12, 2, 3), 1)).toEqual({ passed: 7, failed: 2, skipped: 3 });
  expect(countReport(report(12, 0, 0), 0)).toEqual({ passed: 12, failed: 0, skipped: 0 });
});

test('a file that does not load, a missing report and an empty suite are failures', () => {
  expect(countReport(report(12, 0, 0), 1)).toEqual({ passed: 12, failed: 1, skipped: 0 });
  expect(countReport(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(countReport(undefined, 0).failed).toBe(1);
});

test("tests see neither this machine's git settings nor its Docker engine", () => {
  const env = testEnvironment(
    { PATH: '/bin', GIT_DIR: '/x', DOCKER_HOST: 'unix:///var/run/docker.sock', ASD_ROOT: '/y', GONE: undefined },
    {},
  );
  expect(env).toEqual({
    PATH: '/bin',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
  });
  expect(testEnvironment({}, { DOCKER_HOST: 'unix:///test.sock' }).DOCKER_HOST).toBe('unix:///test.sock');
});
