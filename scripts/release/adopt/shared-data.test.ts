import { expect, test } from 'bun:test';
import { parseManifest } from '../../manifest/parse.ts';
import type { Mount } from '../../runtimes/runtime.ts';
import { sharedData } from './shared-data.ts';

const files = {
  stat: (path: string) => (path.endsWith('.sock') ? ({ kind: 'other' } as never) : ({ kind: 'folder' } as never)),
};
const volume = (source: string, key: string, writable = true): Mount => ({
  kind: 'volume',
  source,
  key,
  target: '/x',
  writable,
});
const bind = (source: string): Mount => ({ kind: 'bind', source, target: '/y', writable: true });

function service(name: string, mounts: Mount[], more = '') {
  const text = `name: ${name}\ncontainers: [{ name: app }]\n${more}`;
  const { manifest } = parseManifest(text, { file: 'f', folder: name });
  const component = {
    name: 'app',
    role: 'app' as const,
    stateful: false,
    build: false,
    ports: [],
    mounts,
    dependsOn: [],
  };
  return {
    manifest,
    resolved: { service: name, project: name, components: [component], variables: [], namedFiles: [], document: '' },
  };
}
const said = (...services: ReturnType<typeof service>[]) =>
  sharedData(files, services).map(({ name, difference: { what, mend } }) => `${name}: ${what} -> ${mend}`);

const GROUP = 'release: { group: media }\n';

test('data that two write to makes them one group, whatever each calls it', () => {
  expect(
    said(service('photos', [volume('media', 'media')]), service('viewer', [volume('media', 'pictures')], GROUP)),
  ).toEqual([
    'photos: the volume media is shared with viewer: backing up or reverting one affects both -> release: { group: media }, in the manifests of photos and viewer',
  ]);
  expect(said(service('a', [bind('/srv/data')]), service('b', [bind('/srv/data')]))).toHaveLength(2);
  expect(said(service('a', [bind('/srv/data')], GROUP), service('b', [bind('/srv/data')], GROUP))).toEqual([]);
});

test('who only reads is no member, and neither is a socket data', () => {
  expect(said(service('a', [volume('media', 'm')]), service('b', [volume('media', 'm', false)]))).toEqual([]);
  expect(said(service('a', [bind('/run/docker.sock')]), service('b', [bind('/run/docker.sock')]))).toEqual([]);
});

test('one of a group saves what they share, and no other', () => {
  const saves = (suffix: string) => `${GROUP}backup: { volumes: [{ suffix: ${suffix} }] }\n`;
  const photos = service('photos', [volume('media', 'media')], saves('media'));
  const viewer = [volume('media', 'pictures')];
  expect(said(photos, service('viewer', viewer, GROUP))).toEqual([]);
  expect(said(photos, service('viewer', viewer, saves('pictures')))).toEqual([
    'viewer: the volume media is backed up by photos, of the same group, already -> take it out of backup.volumes here: a revert would bring it back twice',
  ]);
});
