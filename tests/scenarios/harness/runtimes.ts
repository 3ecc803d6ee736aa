// One definition of scenarios, run on both runtimes. Where no Docker engine can be had, Compose is skipped with one line (CI=true: fails).
import { afterAll, afterEach, beforeAll, describe, expect } from 'bun:test';
import { engineForTests, startTestEngine, type TestEngine } from '../../../scripts/dev/engine/test-engine.ts';
import { type HostOptions, openScenarioHost, type ScenarioHost } from './host.ts';
import type { RuntimeName } from './kind.ts';

export const docker = await engineForTests();
export const RUNTIMES: readonly RuntimeName[] = ['pm2', 'compose'];

const SET_UP_MS = 120_000;

export interface SharedHostOptions extends HostOptions {
  /** A Docker engine that no other test file works in: for what looks at everything that an engine has. */
  ownEngine?: boolean;
}

/**
 * `define` is called once for each runtime, inside a describe; its tests share one host, and run one after the other.
 * After each test nothing of the engine may be left running.
 * @param host gives the host; only to be called inside of tests.
 */
export function onBoth(
  title: string,
  options: SharedHostOptions | ((runtime: RuntimeName) => SharedHostOptions),
  define: (host: () => ScenarioHost, runtime: RuntimeName) => void,
  runtimes: readonly RuntimeName[] = RUNTIMES,
): void {
  for (const runtime of runtimes) {
    const skipped = runtime === 'compose' && docker === undefined;
    describe.skipIf(skipped)(`${title}, ${runtime}`, () => {
      let opened: ScenarioHost | undefined;
      let own: TestEngine | undefined;
      const host = (): ScenarioHost => {
        if (opened === undefined) throw new Error('the host did not open');
        return opened;
      };
      beforeAll(async () => {
        const { ownEngine = false, ...wanted } = typeof options === 'function' ? options(runtime) : options;
        if (ownEngine && runtime === 'compose') own = await startTestEngine({ own: true });
        opened = await openScenarioHost(runtime, wanted, own ?? docker);
      }, SET_UP_MS);
      afterEach(() => {
        expect(host().strays()).toEqual([]);
      });
      afterAll(async () => {
        await opened?.close();
        await own?.stop();
      }, SET_UP_MS);
      define(host, runtime);
    });
  }
}
