// up, down and compare on a real engine: which commands run, what a killed compose left, and how failures read.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { engineForTests } from '../../scripts/dev/engine/test-engine.ts';
import { ReleaseError } from '../../scripts/model/error.ts';
import type { ServiceManifest } from '../../scripts/model/service.ts';
import { type ComposeFixture, composeFile, makeComposeFixture } from '../../scripts/runtimes/compose/fixture.ts';
import { composePlugin } from '../../scripts/runtimes/compose/plugin.ts';
import { composeRuntime } from '../../scripts/runtimes/compose/runtime.ts';
import type { Difference, RunningComponent, RuntimeContext, UpReport } from '../../scripts/runtimes/runtime.ts';

const engine = await engineForTests();
const short = (id: string): string => id.replace('sha256:', '').slice(0, 12);

describe.skipIf(engine === undefined)('compose up', () => {
  let fixture: ComposeFixture;
  /** A context whose compose notes each command before it runs the real one. */
  let context: RuntimeContext;
  const noted = () => join(fixture.folder, 'commands');
  const commands = (): string[] => readFileSync(noted(), 'utf8').trim().split('\n');

  const go = async (timeoutMs = 30_000): Promise<UpReport> => {
    const { service, tree } = await fixture.live('1');
    const within = { ...context, timeoutMs };
    const resolved = await composeRuntime.resolve(within, service, tree);
    const images = await composeRuntime.acquire(within, service, resolved, tree);
    writeFileSync(noted(), '');
    return composeRuntime.up(within, service, resolved, images);
  };
  const looked = async (manifest: Partial<ServiceManifest> = {}): Promise<Difference[]> => {
    const { service, tree } = await fixture.live('1');
    const own = { ...service, ...manifest };
    return composeRuntime.compare(context, own, await composeRuntime.resolve(context, own, tree), tree);
  };
  const compare = async (): Promise<string[]> => (await looked()).map(({ what }) => what);
  const project = () => `${fixture.prefix}-page`;
  const running = async (): Promise<Record<string, RunningComponent>> => {
    const { service } = await fixture.live('1');
    return Object.fromEntries(
      (await composeRuntime.running(context, service, project())).map((each) => [each.name, each]),
    );
  };
  const write = (text: string) => fixture.write(fixture.roots.live, 'docker-compose.yaml', text);

  beforeAll(async () => {
    if (engine === undefined) return;
    fixture = await makeComposeFixture(engine);
    const { host } = fixture.context;
    const real = composePlugin(host, host.machine.env) ?? '';
    const config = host.files.tempFolder(fixture.folder, 'config');
    const plugin = join(config, 'cli-plugins', 'docker-compose');
    mkdirSync(dirname(plugin));
    writeFileSync(plugin, `#!/bin/sh\nprintf '%s\\n' "$*" >>'${noted()}'\nexec '${real}' "$@"\n`);
    chmodSync(plugin, 0o755);
    const env = { ...host.machine.env, DOCKER_CONFIG: config };
    context = { ...fixture.context, host: { ...host, machine: { ...host.machine, env } } };
  });
  afterEach(() => {
    if (engine !== undefined) write(composeFile(fixture.prefix));
  });
  afterAll(async () => {
    await fixture?.stop();
  });

  test('runs compose for what is stateful first, then for the rest; later for the rest alone', async () => {
    const pkg = join(fixture.roots.live, 'packages/page');
    const begin = `--ansi=never -p ${project()} --project-directory ${pkg} -f ${pkg}/docker-compose.yaml --env-file ${fixture.roots.live}/.env`;
    const flags = 'up --detach --no-deps --pull never --no-build';
    const first = await go();
    expect(commands()).toEqual([`${begin} ${flags} db`, `${begin} ${flags} --force-recreate web`]);
    expect(first).toEqual({ replaced: ['db', 'web'], untouched: [] });
    const second = await go();
    expect(commands()).toEqual([`${begin} ${flags} --force-recreate web`]);
    expect(second).toMatchObject({ replaced: ['web'], untouched: ['db'] });
    expect(second.downtimeMs).toBeGreaterThan(0);
  });

  test('compare finds nothing to change in what up made', async () => {
    expect(await compare()).toEqual([]);
  });

  test('compare names images, mounts, volumes, networks and variables, but no values', async () => {
    const text = composeFile(fixture.prefix);
    const changed = text
      .replace('files:/files', 'other:/files')
      .replace(':8080"]', ':8080"]\n    environment: { NEW_ONE: secret-value }\n    networks: [side]')
      .replace('volumes: { files: {}', 'networks: { side: {} }\nvolumes: { files: {}, other: {}');
    write(changed);
    const [id1, id2] = [`${fixture.prefix}/web:1`, `${fixture.prefix}/web:2`];
    const before = await fixture.docker('image', 'inspect', '--format', '{{.Id}}', id1);
    await fixture.docker('tag', id2, id1);
    const found = (await compare()).join('\n');
    await fixture.docker('tag', before, id1);
    expect(found.split('\n').sort()).toEqual(
      [
        `web: it runs ${short(before)}, ${id1} is ${short(await fixture.docker('image', 'inspect', '--format', '{{.Id}}', id2))}`,
        `web: the mount volume ${project()}_files on /files would go`,
        `web: the mount volume ${project()}_other on /files is not there now`,
        `web: the network ${project()}_default would go`,
        `web: the network ${project()}_side is not there now`,
        'web: the variable NEW_ONE is not there now',
        `web: the network ${project()}_side would be created`,
        `web: the volume ${project()}_other would be created`,
      ].sort(),
    );
  });

  test('a label that compose does not own is compared; a value is, too, and never said', async () => {
    write(
      composeFile(fixture.prefix).replace(
        '    depends_on',
        '    labels: { rule: one }\n    environment: { WORD: a }\n    depends_on',
      ),
    );
    await go();
    expect(await compare()).toEqual([]);
    write(
      composeFile(fixture.prefix).replace(
        '    depends_on',
        '    labels: { rule: secret-two }\n    environment: { WORD: secret-b }\n    depends_on',
      ),
    );
    const found = await looked();
    expect(found.map(({ what, notice }) => [what, notice ?? false])).toEqual([
      ['web: the variable WORD would have another value', true],
      ['web: the label rule would have another value', false],
    ]);
    expect(JSON.stringify(found)).not.toContain('secret-');
    write(composeFile(fixture.prefix));
    expect(await compare()).toEqual(['web: the variable WORD would go', 'web: the label rule would go']);
    await go();
  });

  test('compare counts the containers of a component', async () => {
    const clone = `${project()}-web-2`;
    const labels = ['project', 'service', 'oneoff', 'container-number'].flatMap((name) => [
      '--label',
      `com.docker.compose.${name}=${{ project: project(), service: 'web', oneoff: 'False', 'container-number': '2' }[name]}`,
    ]);
    await fixture.docker('create', '--name', clone, ...labels, `${fixture.prefix}/web:1`);
    const [found] = await looked();
    await fixture.docker('rm', clone);
    expect(found).toEqual({
      what: 'web: 2 containers of it are there, the file says 1',
      mend: 'scale: 2, in the compose file',
    });
  });

  test('compare says under which project it runs', async () => {
    write(`name: renamed\n${composeFile(fixture.prefix)}`);
    const [found] = await looked();
    expect(found?.what).toContain(`it runs as compose project ${project()}, not renamed`);
    expect(found?.mend).toBe(`compose: { project: ${project()} }`);
  });

  test('a paused app is replaced, and the successor that a killed compose left beside it removed', async () => {
    const { web } = await running();
    const labels = ['project', 'service', 'oneoff', 'container-number'].flatMap((name) => [
      '--label',
      `com.docker.compose.${name}=${{ project: project(), service: 'web', oneoff: 'False', 'container-number': '1' }[name]}`,
    ]);
    const left = `${web?.instance.slice(0, 12)}_${project()}-web-1`;
    await fixture.docker('create', '--name', left, ...labels, `${fixture.prefix}/web:1`);
    expect((await running()).web).toEqual(web as RunningComponent);
    await fixture.docker('pause', `${project()}-web-1`);
    await go();
    expect((await running()).web).toMatchObject({ running: true, paused: false });
    expect(await fixture.docker('ps', '--all', '--format', '{{.Names}}', '--filter', `name=${project()}`)).toBe(
      `${project()}-web-1\n${project()}-db-1`,
    );
  });

  test('a database that was not renamed any more gets its name, and stays the same container', async () => {
    const before = (await running()).db?.instance;
    await fixture.docker('rename', `${project()}-db-1`, `0123456789ab_${project()}-db-1`);
    expect((await go()).untouched).toEqual(['db']);
    expect((await running()).db?.instance).toBe(before ?? '');
    expect(await fixture.docker('inspect', '--format', '{{.Name}}', before ?? '')).toBe(`/${project()}-db-1`);
  });

  test('a database whose configuration changed is recreated, and keeps its volumes', async () => {
    const before = (await running()).db;
    fixture.write(fixture.roots.live, 'db.env', 'DB_WORD=other\n');
    expect((await go()).replaced).toContain('db');
    const after = (await running()).db;
    expect(after?.mounts).toEqual(before?.mounts ?? []);
    expect(after?.configHash).not.toBe(before?.configHash ?? '');
  });

  test('a database that ends at once fails the step, and the app is left running', async () => {
    const before = (await running()).web?.instance;
    write(composeFile(fixture.prefix).replace('env_file: [db.env]', 'command: ["sh", "-c", "exit 3"]'));
    const error = await go().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ReleaseError);
    expect(error).toMatchObject({ kind: 'step-failed', facts: { details: ['db: ended with 3'] } });
    expect((await running()).web?.instance).toBe(before ?? '');
  });

  test('a port that is taken fails the step with what docker said', async () => {
    const other = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
    write(composeFile(fixture.prefix).replace('${PAGE_PORT}', String(other.port)));
    const error = await go().catch((reason: unknown) => reason);
    other.stop(true);
    expect(error).toMatchObject({
      kind: 'step-failed',
      facts: { what: 'page did not start: docker compose ended with 1', rc: 1 },
    });
    expect((error as ReleaseError).facts.details?.join('\n')).toContain(`${other.port}`);
  });

  test('down needs no compose file, and leaves the volumes, and a network that a stopped container of another needs', async () => {
    const guest = `${fixture.prefix}-guest`;
    await fixture.docker('create', '--name', guest, '--network', `${project()}_default`, `${fixture.prefix}/db:1`);
    expect((await looked()).filter(({ notice }) => notice).map(({ what }) => what)).toEqual([
      `the network ${project()}_default is used by ${guest}, too: it stays when this service is removed`,
    ]);
    rmSync(join(fixture.roots.live, 'packages/page'), { recursive: true });
    const { service } = await fixture.live('1');
    await composeRuntime.down(context, service, project());
    expect(await running()).toEqual({});
    await fixture.docker('start', guest);
    await fixture.docker('rm', '--force', guest);
    await composeRuntime.down(context, service, project());
    expect(await fixture.docker('network', 'ls', '--quiet', '--filter', `name=${project()}`)).toBe('');
    expect(
      (await fixture.docker('volume', 'ls', '--quiet', '--filter', `name=${project()}`)).split('\n').sort(),
    ).toEqual([`${project()}_data`, `${project()}_files`]);
  });
});
