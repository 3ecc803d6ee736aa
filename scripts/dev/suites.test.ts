import { expect, test } from 'bun:test';
import { countReport, failuresOf, testEnvironment } from './suites.ts';

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

test('what failed is told once more at the end: place, name, why, and no more than can be read', () => {
  const failed = (name: string, message: string) =>
    `<testcase name="${name}" classname="a &amp; b" file="scripts/x.test.ts" line="7"><failure type="AssertionError" message="${message}">x</failure></testcase>`;
  const passed = '<testcase name="ok" classname="" file="scripts/x.test.ts" line="1" />';
  const late = `<testcase name="late" classname="" file="scripts/y.test.ts" line="3">\n<failure type="TimeoutError" message="test timed out" />\n</testcase>`;
  expect(
    failuresOf(
      `${passed}${failed('it &quot;fails&quot; &lt;x&gt;', 'Expected: 2&#10;&#10;Received: 1&#10;')}${passed}${late}`,
    ),
  ).toEqual([
    'scripts/x.test.ts:7  a & b > it "fails" <x>',
    '  Expected: 2',
    '  Received: 1',
    'scripts/y.test.ts:3  late',
    '  test timed out',
  ]);
  const many = failuresOf(failed('x', 'line&#10;'.repeat(100)).repeat(25));
  expect([many.length, many.at(-1)]).toEqual([20 * 13 + 1, 'and 5 more']);
  expect(failuresOf(passed)).toEqual([]);
});
