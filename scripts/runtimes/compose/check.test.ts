// What check refuses, with a fake docker on PATH and a fake engine behind the socket.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostPaths } from '../../host/paths.ts';
import { openHost } from '../../host/real.ts';
import type { RuntimeContext } from '../runtime.ts';
import { composeRuntime } from './runtime.ts';

describe('compose check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'belay-check-'));
  const socket = join(folder, 'docker.sock');
  const engine = Bun.serve({
    unix: socket,
    fetch: () => Response.json({ Version: '27.1.0', Os: 'linux', Arch: 'amd64' }),
  });
  const context = (docker: string, env: Record<string, string> = {}): RuntimeContext => {
    const bin = join(folder, 'bin');
    rmSync(bin, { recursive: true, force: true });
    mkdirSync(bin);
    writeFileSync(join(bin, 'docker'), `#!/bin/sh\n${docker}\n`);
    // With this setting it is for docker to say where compose is, whatever this machine has.
    writeFileSync(join(bin, 'config.json'), '{"cliPluginsExtraDirs": []}');
    chmodSync(join(bin, 'docker'), 0o755);
    const real = openHost();
    const machineEnv = {
      PATH: `${bin}:/usr/bin:/bin`,
      HOME: folder,
      DOCKER_CONFIG: bin,
      DOCKER_HOST: `unix://${socket}`,
      ...env,
    };
    return {
      host: { ...real, machine: { ...real.machine, env: machineEnv } },
      paths: hostPaths(folder, folder, 'backups'),
      env: {},
      secrets: [],
      ticket: 'T',
      timeoutMs: 5_000,
    };
  };

  beforeAll(() => expect(engine.url.protocol).toBe('unix:'));
  afterAll(async () => {
    await engine.stop(true);
    rmSync(folder, { recursive: true, force: true });
  });

  test('says both versions', async () => {
    expect(await composeRuntime.check(context('echo v2.20.0'))).toEqual({ version: 'docker 27.1.0, compose 2.20.0' });
  });

  test.each([
    ['Compose is too old', 'echo 2.19.1', {}, 'Docker Compose 2.19.1 is too old; 2.20 or newer is needed'],
    ['Compose is the first one', 'echo 1.29.2', {}, 'Docker Compose 1.29.2 is too old; 2.20 or newer is needed'],
    [
      'there is no Compose',
      'echo "docker: compose is not a docker command" >&2; exit 1',
      {},
      'Docker has no working Compose 2: docker compose ended with 1',
    ],
    [
      'the engine is far away',
      'echo 2.30.0',
      { DOCKER_HOST: 'tcp://192.0.2.1:2375' },
      'DOCKER_HOST does not name a unix socket',
    ],
    [
      'the engine does not run',
      'echo 2.30.0',
      { DOCKER_HOST: 'unix:///nonexistent/docker.sock' },
      'Docker does not answer on /nonexistent/docker.sock',
    ],
  ])('refuses where %s', async (_name, docker, env, what) => {
    const error = await composeRuntime.check(context(docker, env)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      kind: 'refused',
      facts: { what: expect.stringContaining(what), hint: expect.anything() },
    });
  });
});
