// Compose is the program that docker itself would start.
import { afterAll, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openHost } from '../../host/real.ts';
import { composePlugin } from './plugin.ts';

describe('compose plugin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'belay-plugin-'));
  const host = openHost();
  const put = (path: string, text: string, mode = 0o755): string => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  };
  beforeEach(() => rmSync(folder, { recursive: true, force: true }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("the operator's own comes first: below DOCKER_CONFIG, else below HOME", () => {
    const config = put('config/cli-plugins/docker-compose', '#!/bin/sh\n');
    const home = put('home/.docker/cli-plugins/docker-compose', '#!/bin/sh\n');
    expect(composePlugin(host, { HOME: join(folder, 'home'), DOCKER_CONFIG: join(folder, 'config') })).toBe(config);
    expect(composePlugin(host, { HOME: join(folder, 'home') })).toBe(home);
  });

  test('one that cannot be run is none', () => {
    const own = put('home/.docker/cli-plugins/docker-compose', 'no program', 0o644);
    expect(composePlugin(host, { HOME: join(folder, 'home') })).not.toBe(own);
  });

  test('docker has to find it where its settings say more about plugins', () => {
    put('config/cli-plugins/docker-compose', '#!/bin/sh\n');
    for (const setting of ['"cliPluginsExtraDirs": ["/opt"]', '"aliases": {}', '"plugins": {}']) {
      put('config/config.json', `{ ${setting} }`, 0o600);
      expect(composePlugin(host, { DOCKER_CONFIG: join(folder, 'config') })).toBeUndefined();
    }
    put('config/config.json', '{ "auths": {} }', 0o600);
    expect(composePlugin(host, { DOCKER_CONFIG: join(folder, 'config') })).toBeString();
  });
});
