// The engine's API, against a fake engine: how answers are read and how refusals read.
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refused } from '../model/error.ts';
import { openDocker } from './docker.ts';
import { openHost } from './real.ts';

describe('docker', () => {
  const folder = mkdtempSync(join(tmpdir(), 'belay-docker-'));
  const socket = join(folder, 'docker.sock');
  const asked: string[] = [];
  const answers: Record<string, { json: unknown; status: number }> = {};
  const server = Bun.serve({
    unix: socket,
    fetch: async (request): Promise<Response> => {
      const { pathname, search } = new URL(request.url);
      const auth = request.headers.get('x-registry-auth');
      asked.push(`${request.method} ${pathname}${decodeURIComponent(search)}${auth ? ` auth=${auth}` : ''}`);
      const { json, status } = answers[pathname] ?? { json: { message: `no ${pathname}` }, status: 404 };
      return Response.json(json, { status });
    },
  });
  const real = openHost();
  const docker = openDocker(
    { ...real, machine: { ...real.machine, env: { DOCKER_HOST: `unix://${socket}` } } },
    { timeoutMs: 2_000 },
    refused,
  );
  const answer = (path: string, json: unknown, status = 200) => {
    answers[path] = { json, status };
  };

  afterAll(async () => {
    await server.stop(true);
    rmSync(folder, { recursive: true, force: true });
  });

  test('a container that goes between list and look is left out', async () => {
    answer('/containers/json', [{ Id: 'aa' }, { Id: 'gone' }]);
    answer('/containers/aa/json', {
      Id: 'aa',
      Name: '/web',
      Image: 'sha256:1',
      RestartCount: 2,
      Config: { Image: 'web:1', Labels: { a: 'b' }, Env: ['PATH=/bin', 'WORD=a=b'] },
      State: { Status: 'running', Running: true, Paused: false, StartedAt: 'then', Health: { Status: 'starting' } },
      HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] } },
      NetworkSettings: { Networks: { p_default: {} } },
      Mounts: [
        { Type: 'volume', Name: 'data', Source: '/var/lib', Destination: '/z', RW: true },
        { Type: 'bind', Source: '/srv', Destination: '/a', RW: false },
      ],
    });
    expect(await docker.containers(['x=y'])).toEqual([
      {
        id: 'aa',
        name: 'web',
        labels: { a: 'b' },
        imageId: 'sha256:1',
        imageRef: 'web:1',
        status: 'running',
        running: true,
        paused: false,
        exitCode: 0,
        health: 'starting',
        restarts: 2,
        startedAt: 'then',
        mounts: [
          { type: 'bind', source: '/srv', target: '/a', writable: false },
          { type: 'volume', source: 'data', target: '/z', writable: true },
        ],
        variables: ['PATH', 'WORD'],
        environment: { PATH: '/bin', WORD: 'a=b' },
        networks: ['p_default'],
        ports: ['127.0.0.1:8080/tcp'],
      },
    ]);
    expect(asked[0]).toContain('{"label":["x=y","com.docker.compose.oneoff=False"]}');
  });

  test("a registry's refusal is an answer; the login goes along", async () => {
    answer('/distribution/acme/app:1/json', { message: 'unauthorized' }, 401);
    expect(await docker.distribution('acme/app:1', 'word')).toEqual({ refusal: 'unauthorized', status: 401 });
    expect(asked.at(-1)).toBe('GET /distribution/acme/app:1/json auth=word');
  });

  test('what is no error: an image that is not here, a container that is not paused', async () => {
    expect(await docker.image('acme/app:2')).toBeUndefined();
    answer('/containers/aa/unpause', { message: 'Container aa is not paused' }, 500);
    await docker.act('aa', 'unpause');
    await docker.act('gone', 'start');
  });

  test('the tags of some repositories, and one of them taken away', async () => {
    answer('/images/json', [
      { Id: 'sha256:1', RepoTags: ['asd-keep/a:T-1', 'asd-keep/a:T-2.db', 'asd-keep/ab:T-1', 'other:1'] },
      { Id: 'sha256:2', RepoTags: null },
    ]);
    expect(await docker.tags(['asd-keep/a', 'asd-build/a'])).toEqual(['asd-keep/a:T-1', 'asd-keep/a:T-2.db']);
    expect(asked.at(-1)).toBe('GET /images/json?filters={"reference":["asd-keep/a","asd-build/a"]}');
    await docker.untag('asd-keep/a:gone');
    expect(asked.at(-1)).toBe('DELETE /images/asd-keep/a:gone');
    answer('/images/asd-keep/a:T-1', { message: 'a container uses it' }, 409);
    expect(docker.untag('asd-keep/a:T-1')).rejects.toMatchObject({
      facts: { what: 'Docker refused DELETE /images/asd-keep/a:T-1: a container uses it' },
    });
  });

  test("an engine's refusal says what was asked and what it answered", async () => {
    answer('/containers/aa/pause', { message: 'cannot freeze' }, 500);
    expect(docker.act('aa', 'pause')).rejects.toMatchObject({
      kind: 'refused',
      facts: { what: 'Docker could not pause the container aa: cannot freeze' },
    });
    answer('/images/sha256:1/tag', { message: 'disk is full' }, 500);
    expect(docker.tag('sha256:1', 'a/b', 'T-1')).rejects.toMatchObject({
      facts: { what: 'Docker refused POST /images/sha256:1/tag: disk is full' },
    });
  });
});
