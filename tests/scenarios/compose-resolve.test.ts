// Resolving on a real compose: live and staged trees, env files, refusals.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineForTests } from '../../scripts/dev/engine/test-engine.ts';
import { ReleaseError } from '../../scripts/model/error.ts';
import type { ServiceManifest } from '../../scripts/model/service.ts';
import { type ComposeFixture, composeFile, makeComposeFixture } from '../../scripts/runtimes/compose/fixture.ts';
import { composeRuntime } from '../../scripts/runtimes/compose/runtime.ts';
import type { ServiceTree } from '../../scripts/runtimes/runtime.ts';

const engine = await engineForTests();

describe.skipIf(engine === undefined)('compose resolve', () => {
  let fixture: ComposeFixture;
  let service: ServiceManifest;
  let live: ServiceTree;
  let stage: ServiceTree;
  const resolve = (tree: ServiceTree, manifest = service) => composeRuntime.resolve(fixture.context, manifest, tree);
  const refusal = async (tree: ServiceTree, manifest = service): Promise<ReleaseError> => {
    try {
      await resolve(tree, manifest);
    } catch (error) {
      if (error instanceof ReleaseError) return error;
      throw error;
    }
    throw new Error('it was not refused');
  };
  const staged = (text: string) => fixture.write(fixture.roots.stage, 'docker-compose.yaml', text);

  beforeAll(async () => {
    if (engine === undefined) return;
    fixture = await makeComposeFixture(engine, { images: false });
    ({ service, tree: live } = await fixture.live('1'));
    ({ tree: stage } = await fixture.stage('1'));
  });
  afterAll(async () => {
    await fixture?.stop();
  });

  test('reads components, ports, mounts, variables and files', async () => {
    const resolved = await resolve(live);
    const pkg = join(fixture.roots.live, 'packages/page');
    expect(resolved.project).toBe(`${fixture.prefix}-page`);
    expect(resolved.variables).toEqual(['PAGE_PORT', 'PAGE_TAG']);
    expect(resolved.namedFiles).toEqual([join(pkg, 'db.env')]);
    const web = resolved.components.find((component) => component.name === 'web');
    expect(web).toEqual({
      name: 'web',
      role: 'app',
      stateful: false,
      image: `${fixture.prefix}/web:1`,
      build: false,
      ports: [{ hostIp: '127.0.0.1', port: fixture.port, protocol: 'tcp' }],
      mounts: [
        { kind: 'volume', source: `${fixture.prefix}-page_files`, key: 'files', target: '/files', writable: true },
        { kind: 'bind', source: join(pkg, 'conf'), target: '/conf', writable: false },
      ],
      dependsOn: ['db'],
    });
    expect(resolved.components.find((component) => component.name === 'db')?.configHash).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a file's own name is the project, whatever .env says; the manifest's comes before it", async () => {
    staged(`name: \${CONTAINER_PREFIX}own\n${composeFile(fixture.prefix)}`);
    expect((await resolve(stage)).project).toBe(`${fixture.prefix}-own`);
    const named = { ...service, compose: { ...service.compose, project: 'given' } };
    expect((await resolve(stage, named)).project).toBe('given');
    staged(composeFile(fixture.prefix));
  });

  test('a staged version resolves as it will run: same folders, same hash', async () => {
    expect(await resolve(stage)).toEqual(await resolve(live));
  });

  test('an env file that is new in the stage is read from there, ignored ones from the live tree', async () => {
    const text = composeFile(fixture.prefix).replace('[db.env]', '[db.env, new.env]');
    staged(text);
    fixture.write(fixture.roots.stage, 'new.env', 'NEW_WORD=new\n');
    const next = await resolve(stage);
    expect(next.document).toContain('"NEW_WORD": "new"');
    expect(next.document).toContain('"DB_WORD": "secret$$word"');
    expect(next.document).not.toContain(fixture.roots.stage);
    fixture.write(fixture.roots.live, 'new.env', 'NEW_WORD=new\n');
    fixture.write(fixture.roots.live, 'docker-compose.yaml', text);
    expect(await resolve(live)).toEqual({ ...next, namedFiles: expect.any(Array) });
    for (const root of [fixture.roots.live, fixture.roots.stage]) {
      rmSync(join(root, 'packages/page/new.env'));
      fixture.write(root, 'docker-compose.yaml', composeFile(fixture.prefix));
    }
  });

  test('a service that only the stage has resolves', async () => {
    const added = { ...service, name: 'added' };
    mkdirSync(join(fixture.roots.stage, 'packages/added'), { recursive: true });
    fixture.write(
      fixture.roots.stage,
      '../added/compose.yml',
      composeFile(fixture.prefix).replace('env_file: [db.env]', ''),
    );
    const resolved = await resolve(stage, added);
    expect(resolved.components.flatMap((each) => each.mounts).find((mount) => mount.kind === 'bind')?.source).toBe(
      join(fixture.roots.live, 'packages/added/conf'),
    );
    expect(existsSync(join(fixture.roots.live, 'packages/added'))).toBe(false);
  });

  test("an image that is not the manifest's is refused, naming the variable and both", async () => {
    staged(composeFile(fixture.prefix).replace('${PAGE_TAG:?}', '${PAGE_VERSION:-7}'));
    const error = await refusal(stage);
    expect(error.kind).toBe('refused');
    expect(error.facts.what).toContain(`${fixture.prefix}/web:7`);
    expect(error.facts.what).toContain(`${fixture.prefix}/web:1`);
    expect(error.facts.where).toContain('PAGE_TAG');
    staged(composeFile(fixture.prefix));
  });

  test('a container that the file does not have is refused', async () => {
    const worker = {
      name: 'page-worker',
      role: 'worker',
      required: true,
      healthCheck: false,
      service: 'jobs',
    } as const;
    const error = await refusal(live, { ...service, containers: [...service.containers, worker] });
    expect(error.facts.what).toContain('has no service jobs');
    expect(error.facts.details).toEqual(['it has: db, web']);
  });

  test("compose's own complaint is shown", async () => {
    staged(composeFile(fixture.prefix).replace('init: true', 'inti: true'));
    const error = await refusal(stage);
    expect(error.facts.details?.join('\n')).toContain('inti');
    expect(error.facts.where).toBe('packages/page/docker-compose.yaml');
    staged(composeFile(fixture.prefix));
  });

  test('no compose file at all is refused', async () => {
    const error = await refusal(live, { ...service, compose: { files: ['other.yaml'], profiles: [], envFiles: [] } });
    expect(error.facts.what).toBe('page lacks other.yaml');
  });

  test('nothing that resolves is written to the captured output', async () => {
    const outputFile = join(fixture.folder, 'captured.out');
    await composeRuntime.resolve({ ...fixture.context, outputFile }, service, live);
    expect(existsSync(outputFile) ? readFileSync(outputFile, 'utf8') : '').not.toContain('secret');
  });

  test('relative paths stay those of the directory that the manifest names, with the env files of that folder', async () => {
    const folder = join(fixture.folder, 'old');
    mkdirSync(join(folder, 'conf'), { recursive: true });
    writeFileSync(join(folder, '.env'), 'PAGE_PORT=1234\nPAGE_PASSWORD=hunter2222\nCOMPOSE_PROJECT_NAME=other\n');
    writeFileSync(join(folder, 'db.env'), 'DB_WORD=old\n');
    fixture.write(
      fixture.roots.live,
      'docker-compose.yaml',
      `${composeFile(fixture.prefix).replace('./conf:/conf:ro', './conf:/conf:ro, "${PWD}/conf:/again"')}`,
    );
    const envFiles = [join(folder, '.env')];
    const old = { ...service, compose: { files: [], profiles: [], directory: folder, envFiles } };
    const resolved = await resolve(live, old);
    expect(resolved.project).toBe(`${fixture.prefix}-page`);
    const web = resolved.components.find(({ name }) => name === 'web');
    expect(web?.ports[0]?.port).toBe(1234);
    expect(web?.mounts.filter(({ kind }) => kind === 'bind').map(({ source }) => source)).toEqual([
      join(folder, 'conf'),
      join(folder, 'conf'),
    ]);
    expect(JSON.parse(resolved.document).services.db.environment).toMatchObject({ DB_WORD: 'old' });
    expect(resolved.namedFiles).toEqual([join(folder, '.env'), join(folder, 'db.env')]);

    fixture.write(fixture.roots.live, 'docker-compose.yaml', 'services: { web: { ports: ["${PAGE_PASSWORD}:1"] } }');
    const quoting = await refusal(live, { ...old, containers: [] });
    expect(quoting.facts.details?.join('\n')).toMatch(/invalid/i);
    expect(JSON.stringify(quoting.facts)).not.toContain('hunter2222');

    rmSync(join(folder, '.env'));
    expect((await refusal(live, old)).facts.what).toContain(`lacks its env file ${join(folder, '.env')}`);
  });
});
