// The contract suite: what every runtime must do, run on each of them with real parts.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import type { ServiceManifest } from '../model/service.ts';
import { awaitHealthy } from './health.ts';
import { awaitHelpers } from './quiet-helper.ts';
import type { ResolvedService, RunningComponent, Runtime, RuntimeContext, ServiceTree } from './runtime.ts';
import { startEnded } from './start-ended.ts';

/** One version of the fixture's service and the tree that holds it. */
export interface FixtureVersion {
  service: ServiceManifest;
  tree: ServiceTree;
}

/** A service with one component of role app (listening on loopback), and a stateful one where the runtime knows such. */
export interface RuntimeFixture {
  runtime: Runtime;
  /** A real host; `timeoutMs` 60000. */
  context: RuntimeContext;
  /** Version `1` or `2` of the service, in a stage: the live tree stays as it is. */
  stage(version: '1' | '2'): Promise<FixtureVersion>;
  /** Moves the live tree to the version. The fixture begins with `1`. */
  live(version: '1' | '2'): Promise<FixtureVersion>;
  /** The version that the app answers with over HTTP (tried for up to 10 s); undefined where nothing answers. */
  answers(): Promise<string | undefined>;
  /** Ends the app as a crash would, once more than its runtime puts up with: it stays down. */
  kill(running: RunningComponent[]): Promise<void>;
  /** Takes everything away that the fixture made. */
  stop(): Promise<void>;
}

const appOf = (running: RunningComponent[], resolved: ResolvedService): RunningComponent => {
  const name = resolved.components.find((component) => component.role === 'app')?.name;
  const found = running.find((component) => component.name === name);
  if (!found) throw new Error(`no component of role app in ${JSON.stringify(running)}`);
  return found;
};

async function until(condition: () => Promise<boolean>, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await Bun.sleep(25)) {
    if (await condition()) return true;
  }
  return condition();
}

/**
 * The tests run in order: each starts from what the one before it left.
 * @param name of the runtime. @param make builds the fixture once; undefined where the runtime cannot run here (the suite is skipped).
 */
export function runtimeContract(name: string, make: (() => Promise<RuntimeFixture>) | undefined): void {
  describe.skipIf(make === undefined)(`runtime contract: ${name}`, () => {
    let fixture: RuntimeFixture;
    let resolved: ResolvedService;
    let version: FixtureVersion;
    const running = () => fixture.runtime.running(fixture.context, version.service, resolved.project);
    const go = async (wanted: '1' | '2') => {
      version = await fixture.live(wanted);
      resolved = await fixture.runtime.resolve(fixture.context, version.service, version.tree);
      const images = await fixture.runtime.acquire(fixture.context, version.service, resolved, version.tree);
      const report = await fixture.runtime.up(fixture.context, version.service, resolved, images);
      return { images, report };
    };

    beforeAll(async () => {
      if (make) fixture = await make();
    }, 120_000);
    afterAll(async () => {
      await fixture?.stop();
    }, 60_000);

    test('check says a version', async () => {
      expect((await fixture.runtime.check(fixture.context)).version).toMatch(/\d/);
    });

    test('resolve is a pure look, the same each time', async () => {
      version = await fixture.live('1');
      resolved = await fixture.runtime.resolve(fixture.context, version.service, version.tree);
      const again = await fixture.runtime.resolve(fixture.context, version.service, version.tree);
      expect(again).toEqual(resolved);
      expect(resolved.components.map((component) => component.role)).toContain('app');
      expect(resolved.project).not.toBe('');
      expect(resolved.document).not.toBe('');
      expect(await running()).toEqual([]);
    }, 30_000);

    test('up of something new runs what acquire recorded', async () => {
      const { images, report } = await go('1');
      const now = await running();
      expect(now.map((component) => component.name).sort()).toEqual(
        resolved.components.map((each) => each.name).sort(),
      );
      for (const component of now) {
        expect(component).toMatchObject({ running: true, paused: false, project: resolved.project });
        expect(component.imageId).toBe(images.find((image) => image.component === component.name)?.id ?? '');
      }
      expect(report.untouched).toEqual([]);
      expect(await fixture.answers()).toBe('1');
    }, 60_000);

    test('what a component printed last can be read', async () => {
      const app = appOf(await running(), resolved);
      const spoken = async () => (await fixture.runtime.lastWords(fixture.context, [app])).join('\n');
      expect(await until(async () => (await spoken()).includes('the page speaks'), 5_000)).toBe(true);
    }, 30_000);

    test('looking at a staged version and acquiring it leave what runs alone', async () => {
      const before = await running();
      const staged = await fixture.stage('2');
      const next = await fixture.runtime.resolve(fixture.context, staged.service, staged.tree);
      expect(next.project).toBe(resolved.project);
      const seen = await fixture.runtime.available(fixture.context, next, staged.tree);
      expect(seen.map((image) => image.component).sort()).toEqual(next.components.map((each) => each.name).sort());
      const images = await fixture.runtime.acquire(fixture.context, staged.service, next, staged.tree);
      expect(images.every((image) => image.id !== '')).toBe(true);
      expect(appOf(before, next).imageId).not.toBe(
        images.find((image) => image.component === appOf(before, next).name)?.id,
      );
      expect(await running()).toEqual(before);
      expect(await fixture.answers()).toBe('1');
    }, 60_000);

    test('keep names the image of everything that runs', async () => {
      const now = await running();
      const kept = await fixture.runtime.keep(fixture.context, version.service, now);
      expect(kept.map(({ component, id }) => ({ component, id }))).toEqual(
        now.map((each) => ({ component: each.name, id: each.imageId })),
      );
    }, 30_000);

    test('up to the next version replaces the app and leaves what is stateful', async () => {
      const before = await running();
      const { images, report } = await go('2');
      const now = await running();
      const app = appOf(now, resolved);
      expect(app.imageId).toBe(images.find((image) => image.component === app.name)?.id ?? '');
      expect(app.instance).not.toBe(appOf(before, resolved).instance);
      expect(report.replaced).toContain(app.name);
      const stateful = resolved.components.filter((component) => component.stateful).map((component) => component.name);
      expect(report.untouched).toEqual(stateful);
      const instances = (list: RunningComponent[]) =>
        list.filter((each) => stateful.includes(each.name)).map((each) => each.instance);
      expect(instances(now)).toEqual(instances(before));
      expect(await fixture.answers()).toBe('2');
    }, 60_000);

    test('up with the version before puts it back', async () => {
      await go('1');
      expect(await fixture.answers()).toBe('1');
    }, 60_000);

    test('up of what already runs gives a new instance', async () => {
      const before = appOf(await running(), resolved).instance;
      await go('1');
      expect(appOf(await running(), resolved).instance).not.toBe(before);
      expect(await fixture.answers()).toBe('1');
    }, 60_000);

    const isHeld = async () => {
      const app = (await running()).find((each) => each.name === appName());
      return app === undefined || app.paused || !app.running;
    };
    const appName = () => resolved.components.find((component) => component.role === 'app')?.name;

    test('quiesce ends by itself after its time', async () => {
      const quiet = await fixture.runtime.quiesce(fixture.context, version.service, resolved.project, 'pause', 3_000);
      expect(await isHeld()).toBe(true);
      expect(await until(async () => !(await isHeld()), 15_000)).toBe(true);
      await quiet.release();
      expect(await isHeld()).toBe(false);
    }, 60_000);

    for (const how of ['pause', 'stop'] as const) {
      test(`quiesce by ${how} holds the app still until its release`, async () => {
        const quiet = await fixture.runtime.quiesce(fixture.context, version.service, resolved.project, how, 30_000);
        expect(await isHeld()).toBe(true);
        const held = await quiet.release();
        expect(held).toBeGreaterThan(0);
        expect(await quiet.release()).toBe(held);
        expect(await until(async () => !(await isHeld()), 5_000)).toBe(true);
        expect(await fixture.answers()).toBe('1');
      }, 60_000);

      test(`quiesce by ${how} ends when the engine is killed`, async () => {
        const { host, signal: _, ...rest } = fixture.context;
        const context = { ...rest, mark: `contract-${process.pid}` };
        const child = spawn(process.execPath, [`${import.meta.dir}/contract-holder.ts`], {
          stdio: ['pipe', 'pipe', 'inherit'],
          env: { ...fixture.context.host.machine.env },
        });
        child.stdin.end(
          JSON.stringify({
            kind: fixture.runtime.kind,
            context,
            service: version.service,
            project: resolved.project,
            how,
          }),
        );
        await new Promise((done) => child.stdout.once('data', done));
        expect(await isHeld()).toBe(true);
        child.kill('SIGKILL');
        expect(await until(async () => !(await isHeld()), 15_000)).toBe(true);
        expect(await fixture.answers()).toBe('1');
        await awaitHelpers(host, context.mark);
        expect(host.exec.marked(`quiet-${context.mark}`)).toEqual([]);
      }, 60_000);
    }

    test('stop and start keep the same components; each can be repeated', async () => {
      const before = await running();
      const names = before.map((each) => each.name).sort();
      const stateful = resolved.components.filter((component) => component.stateful).map((component) => component.name);
      const up = async () =>
        (await running())
          .filter((each) => each.running)
          .map((each) => each.name)
          .sort();
      const stop = (which: 'all' | 'apps') =>
        fixture.runtime.stop(fixture.context, version.service, resolved.project, which);
      await stop('apps');
      expect(await up()).toEqual(stateful.sort());
      await stop('all');
      await stop('all');
      expect(await up()).toEqual([]);
      await fixture.runtime.start(fixture.context, version.service, resolved.project, names);
      await fixture.runtime.start(fixture.context, version.service, resolved.project, names);
      expect(await up()).toEqual(names);
      expect((await running()).map((each) => each.imageId)).toEqual(before.map((each) => each.imageId));
      expect(await fixture.answers()).toBe('1');
      await expect(
        fixture.runtime.start(fixture.context, version.service, resolved.project, ['nobody']),
      ).rejects.toThrow('nobody');
    }, 60_000);

    test('changed wakes up when something happens, or when its time is over', async () => {
      await fixture.runtime.changed(fixture.context, resolved.project, 50);
      let woken = false;
      const waiting = fixture.runtime.changed(fixture.context, resolved.project, 30_000).then(() => {
        woken = true;
      });
      await Bun.sleep(150);
      expect(woken).toBe(false);
      await fixture.kill(await running());
      await waiting;
      expect(woken).toBe(true);
    }, 60_000);

    test('up mends an app that died', async () => {
      await go('1');
      expect(await fixture.answers()).toBe('1');
    }, 60_000);

    test('what was given up says so at the first looks, and is started again as it was', async () => {
      const { context, runtime } = fixture;
      const start = () => startEnded(context, runtime, version.service, resolved.project);
      expect(await start()).toEqual([]);
      const before = await running();
      await fixture.kill(before);
      expect(await until(async () => !appOf(await running(), resolved).running, 10_000)).toBe(true);
      const gate = { timeoutMs: 60_000, stableForMs: 0 };
      const refusal = await awaitHealthy(context, runtime, version.service, resolved.project, gate).catch(String);
      expect(refusal).toContain('ended with exit code');
      expect(await start()).toEqual([appOf(before, resolved).name]);
      expect(await fixture.answers()).toBe('1');
      await awaitHealthy(context, runtime, version.service, resolved.project, gate);
      const images = (list: RunningComponent[]) => list.map(({ name, imageId }) => `${name} ${imageId}`).toSorted();
      expect(images(await running())).toEqual(images(before));
      expect(await start()).toEqual([]);
    }, 60_000);

    test('down takes everything away, and can be repeated', async () => {
      await fixture.runtime.down(fixture.context, version.service, resolved.project);
      expect(await running()).toEqual([]);
      await fixture.runtime.down(fixture.context, version.service, resolved.project);
    }, 60_000);
  });
}
