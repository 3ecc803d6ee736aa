// Images on a real engine and a real registry: by digest, local, moved, missing, built.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fixtureTree, WEB_COMMAND } from '../../scripts/dev/engine/images.ts';
import { startRegistry, type TestRegistry } from '../../scripts/dev/engine/registry.ts';
import { engineForTests } from '../../scripts/dev/engine/test-engine.ts';
import { ReleaseError } from '../../scripts/model/error.ts';
import type { ServiceManifest } from '../../scripts/model/service.ts';
import { type ComposeFixture, composeFile, makeComposeFixture } from '../../scripts/runtimes/compose/fixture.ts';
import { composeRuntime } from '../../scripts/runtimes/compose/runtime.ts';
import type { ServiceTree } from '../../scripts/runtimes/runtime.ts';

const engine = await engineForTests();

describe.skipIf(engine === undefined)('compose images', () => {
  let fixture: ComposeFixture;
  let registry: TestRegistry;
  let service: ServiceManifest;
  let live: ServiceTree;
  let digest: string;
  const idOf = (ref: string) => fixture.docker('image', 'inspect', '--format', '{{.Id}}', ref);
  /** The app's image at the registry, under a name of its own. */
  const fromRegistry = (tag: string): ServiceManifest => ({
    ...service,
    image: { name: `${registry.address}/web`, tag, envVar: 'PAGE_TAG', build: false },
  });
  const resolved = (manifest: ServiceManifest) => composeRuntime.resolve(fixture.context, manifest, live);
  const appImage = async (manifest: ServiceManifest, how: 'available' | 'acquire') => {
    const what = await resolved(manifest);
    const images = await (how === 'available'
      ? composeRuntime.available(fixture.context, what, live)
      : composeRuntime.acquire(fixture.context, manifest, what, live));
    return images.find((image) => image.component === 'web');
  };
  const failure = async (act: () => Promise<unknown>): Promise<ReleaseError> => {
    try {
      await act();
    } catch (error) {
      if (error instanceof ReleaseError) return error;
      throw error;
    }
    throw new Error('it did not fail');
  };

  beforeAll(async () => {
    if (engine === undefined) return;
    fixture = await makeComposeFixture(engine);
    registry = await startRegistry();
    ({ service, tree: live } = await fixture.live('1'));
    digest = registry.push(engine, `${fixture.prefix}/web:1`, 'web:1');
    await fixture.docker('rmi', `${registry.address}/web:1`);
    fixture.write(
      fixture.roots.live,
      'docker-compose.yaml',
      composeFile(fixture.prefix).replace(`${fixture.prefix}/web`, `${registry.address}/web`),
    );
  });
  afterAll(async () => {
    await registry?.stop();
    await fixture?.stop();
  });

  test('available names the digest and fetches nothing', async () => {
    expect(await appImage(fromRegistry('1'), 'available')).toEqual({
      component: 'web',
      ref: `${registry.address}/web:1`,
      id: '',
      digest,
    });
    expect(await fixture.docker('images', '--quiet', `${registry.address}/web`)).toBe('');
  });

  test('acquire pulls by digest and gives no tag', async () => {
    const image = await appImage(fromRegistry('1'), 'acquire');
    expect(image).toEqual({
      component: 'web',
      ref: `${registry.address}/web:1`,
      id: await idOf(`${fixture.prefix}/web:1`),
      digest,
    });
    expect(await fixture.docker('images', '--format', '{{.Tag}}', `${registry.address}/web`)).not.toContain('1');
  });

  test('a tag that moved in the registry is fetched, and the local tag stays until up', async () => {
    await fixture.docker('tag', `${fixture.prefix}/web:1`, `${registry.address}/web:1`);
    const local = await idOf(`${registry.address}/web:1`);
    await fixture.docker('tag', `${fixture.prefix}/web:2`, `${registry.address}/web:moving`);
    if (engine) registry.push(engine, `${fixture.prefix}/web:2`, 'web:1');
    await fixture.docker('tag', local, `${registry.address}/web:1`);
    const image = await appImage(fromRegistry('1'), 'acquire');
    expect(image?.id).toBe(await idOf(`${fixture.prefix}/web:2`));
    expect(await idOf(`${registry.address}/web:1`)).toBe(local);
  });

  test('an image that no registry has, but this host, is used as it is', async () => {
    await fixture.docker('tag', `${fixture.prefix}/db:1`, 'nowhere.invalid/web:1');
    const local: ServiceManifest = {
      ...service,
      image: { name: 'nowhere.invalid/web', tag: '1', envVar: 'PAGE_TAG', build: false },
    };
    const text = composeFile(fixture.prefix).replace(`${fixture.prefix}/web`, 'nowhere.invalid/web');
    fixture.write(fixture.roots.stage, 'docker-compose.yaml', text);
    const stage = { root: fixture.roots.stage, live: false };
    const images = await composeRuntime.available(
      fixture.context,
      await composeRuntime.resolve(fixture.context, local, stage),
      stage,
    );
    expect(images.find((image) => image.component === 'web')?.id).toBe(await idOf(`${fixture.prefix}/db:1`));
    await fixture.docker('rmi', 'nowhere.invalid/web:1');
  });

  test('a tag that the registry does not have is refused while looking, and fails the step', async () => {
    const look = await failure(() => appImage(fromRegistry('9'), 'available'));
    expect(look.kind).toBe('refused');
    expect(look.facts.what).toContain(`${registry.address}/web:9`);
    expect((await failure(() => appImage(fromRegistry('9'), 'acquire'))).kind).toBe('step-failed');
  });

  test('up gives the recorded id its tag, and says when it is gone', async () => {
    const manifest = fromRegistry('5');
    const what = await resolved(manifest);
    const db = { component: 'db', ref: `${fixture.prefix}/db:1`, id: await idOf(`${fixture.prefix}/db:1`) };
    const gone = { component: 'web', ref: `${registry.address}/web:5`, id: `sha256:${'0'.repeat(64)}` };
    const error = await failure(() => composeRuntime.up(fixture.context, manifest, what, [db, gone]));
    expect(error.facts.what).toContain('is gone');
    expect(await composeRuntime.running(fixture.context, manifest, what.project)).toEqual([]);
    const id = await idOf(`${fixture.prefix}/web:2`);
    await composeRuntime.up(fixture.context, manifest, what, [db, { ...gone, id }]);
    expect(await idOf(`${registry.address}/web:5`)).toBe(id);
    expect(await fixture.answers()).toBe('2');
  });

  test('a database keeps its image although its tag moved here', async () => {
    fixture.write(fixture.roots.live, 'docker-compose.yaml', composeFile(fixture.prefix));
    const what = await resolved(service);
    const before = await idOf(`${fixture.prefix}/db:1`);
    await fixture.docker('tag', `${fixture.prefix}/web:2`, `${fixture.prefix}/db:1`);
    const images = await composeRuntime.available(fixture.context, what, live);
    expect(images.find((image) => image.component === 'db')?.id).toBe(before);
    await fixture.docker('tag', before, `${fixture.prefix}/db:1`);
    await composeRuntime.down(fixture.context, service, what.project);
  });

  test('a build comes from the stage, moves no live tag, and runs', async () => {
    const name = `${fixture.prefix}/built`;
    const built: ServiceManifest = { ...service, image: { name, tag: '3', envVar: 'PAGE_TAG', build: true } };
    const text = composeFile(fixture.prefix).replace(
      `image: ${fixture.prefix}/web:`,
      `build: ./image\n    image: ${name}:`,
    );
    const context = join(fixture.roots.stage, 'packages/page/image');
    mkdirSync(context, { recursive: true });
    fixtureTree(join(context, 'root'), { 'www/version': '3\n' });
    fixture.write(
      fixture.roots.stage,
      'image/Dockerfile',
      `FROM scratch\nCOPY root /\nENV PATH=/bin\nCMD ${JSON.stringify(WEB_COMMAND)}\n`,
    );
    for (const root of Object.values(fixture.roots)) fixture.write(root, 'docker-compose.yaml', text);
    await fixture.docker('tag', `${fixture.prefix}/web:1`, `${name}:3`);
    const stage = { root: fixture.roots.stage, live: false };
    const what = await composeRuntime.resolve(fixture.context, built, stage);
    const images = await composeRuntime.acquire(fixture.context, built, what, stage);
    const id = images.find((image) => image.component === 'web')?.id ?? '';
    expect(id).toBe(await idOf('asd-build/page:T-1.web'));
    expect(await idOf(`${name}:3`)).toBe(await idOf(`${fixture.prefix}/web:1`));
    await composeRuntime.up(fixture.context, built, what, images);
    expect(await fixture.answers()).toBe('3');
  });
});
