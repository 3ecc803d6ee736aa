// One definition of scenarios, run on both runtimes. Where no Docker engine can be had, Compose is skipped with one line (CI=true: fails).
import { afterAll, afterEach, beforeAll, describe, expect } from 'bun:test';
import { engineForTests } from '../../../scripts/dev/engine/test-engine.ts';
import { type HostOptions, openScenarioHost, type ScenarioHost } from './host.ts';
import type { RuntimeName } from './kind.ts';

export const docker = await engineForTests();
export const RUNTIMES: readonly RuntimeName[] = ['pm2', 'compose'];

const SET_UP_MS = 120_000;

/**
 * `define` is called once for each runtime, inside a describe; its tests share one host, and run one after the other.
 * After each test nothing of the engine may be left running.
 * @param host gives the host; only to be called inside of tests.
 */
export function onBoth(
  title: string,
  options: HostOptions | ((runtime: RuntimeName) => HostOptions),
  define: (host: () => ScenarioHost, runtime: RuntimeName) => void,
  runtimes: readonly RuntimeName[] = RUNTIMES,
): void {
  for (const runtime of runtimes) {
    const skipped = runtime === 'compose' && docker === undefined;
    describe.skipIf(skipped)(`${title}, ${runtime}`, () => {
      let opened: ScenarioHost | undefined;
      const host = (): ScenarioHost => {
        if (opened === undefined) throw new Error('the host did not open');
        return opened;
      };
      beforeAll(async () => {
        opened = await openScenarioHost(runtime, typeof options === 'function' ? options(runtime) : options, docker);
      }, SET_UP_MS);
      afterEach(() => {
        expect(host().strays()).toEqual([]);
      });
      afterAll(async () => {
        await opened?.close();
      }, SET_UP_MS);
      define(host, runtime);
    });
  }
}
