// SELinux on a host of made-up facts: what enforces, how folders are labelled, what mounts ask for.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '../host/port.ts';
import { selinux } from './checks/selinux.ts';
import { failures, openWard, type Ward } from './fixture.ts';

let ward: Ward;
let data: string;
const MANIFEST = (name: string) => `name: ${name}\ncontainers: [{ name: ${name}, role: app }]\n`;
/** What compose says that it would start. */
const mounts = (service: string, target: string, selinux?: string) =>
  writeFileSync(
    join(ward.folder, `${service}.json`),
    JSON.stringify({
      name: service,
      services: {
        [service]: {
          image: `${service}:1`,
          volumes: [
            { type: 'bind', source: data, target, bind: { create_host_path: true, ...(selinux ? { selinux } : {}) } },
          ],
        },
      },
    }),
  );
const enforcing =
  (value: string) =>
  (host: Host): Host => ({
    ...host,
    files: {
      ...host.files,
      stat: (path) => host.files.stat(path.startsWith('/sys/fs/selinux') ? ward.folder : path),
      readText: (path, options) =>
        path.startsWith('/sys/fs/selinux') ? `${value}\n` : host.files.readText(path, options),
    },
  });
const on = { host: enforcing('1') };
const label = (type: string) => ward.program('stat', `echo system_u:object_r:${type}:s0`);

beforeEach(() => {
  ward = openWard(
    Object.fromEntries(
      ['web', 'api'].flatMap((name) => [
        [`packages/${name}/manifest.yaml`, MANIFEST(name)],
        [
          `packages/${name}/docker-compose.yaml`,
          `services: { ${name}: { image: "${name}:1", volumes: ["x:/${name}:Z"] } }\n`,
        ],
      ]),
    ),
  );
  data = join(ward.folder, 'data of ours');
  mkdirSync(data);
  mounts('web', '/data');
  mounts('api', '/api');
  ward.program(
    'docker',
    `case "$*" in *--hash*) ;; *packages/web*) cat "${ward.folder}/web.json" ;; *packages/api*) cat "${ward.folder}/api.json" ;; esac`,
  );
  label('container_file_t');
});
afterEach(() => ward.close());

test('a folder whose label keeps containers out is told once for all who mount it, unless Docker labels it itself', async () => {
  label('user_home_t');
  expect(failures(await ward.examine(selinux, on))[0]?.what).toMatch(
    /as user_home_t, which (web:web, api:api|api:api, web:web) may not read/,
  );
  mounts('web', '/data', 'z');
  mounts('api', '/api', 'z');
  expect(failures(await ward.examine(selinux, on))).toEqual([]);
});

test('a label of one container alone, on a folder that two have', async () => {
  mounts('web', '/data', 'Z');
  const found = await ward.examine(selinux, on);
  expect(failures(found)[0]?.what).toContain('as its own alone (:Z), and api:api has it, too');
  const lines = failures(found)[0]?.mends.map(({ command }) => command);
  expect(lines).toEqual(['just release-run NEW-TICKET', 'grep -rnF -e /data packages/web']);
  mounts('web', '/data', 'z');
  expect(failures(await ward.examine(selinux, on))).toEqual([]);
});

test('where SELinux only notes, or is not there, labels are not looked at', async () => {
  label('user_home_t');
  for (const options of [{ host: enforcing('0') }, {}])
    expect((await ward.examine(selinux, options)).findings.map(({ outcome }) => outcome)).toEqual(['skip']);
});
