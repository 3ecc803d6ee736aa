import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { ReleaseError } from '../model/error.ts';
import { parseManifest, parseManifests } from './parse.ts';

const WIKI = { file: 'packages/wiki/manifest.yaml', folder: 'wiki' };
const LEAST = 'name: wiki\ncontainers: [{ name: wiki }]\n';
const EXAMPLE = readFileSync(new URL('example.yaml', import.meta.url), 'utf8');

const parse = (text: string) => parseManifest(text, WIKI).manifest;

function details(text: string): string[] {
  try {
    parseManifest(text, WIKI);
  } catch (error) {
    if (error instanceof ReleaseError && error.kind === 'refused') return error.facts.details ?? [];
    throw error;
  }
  return [];
}

const F = 'packages/wiki/manifest.yaml';

test('the least manifest gets every default', () => {
  expect(parseManifest(LEAST, WIKI)).toEqual({
    manifest: {
      name: 'wiki',
      displayName: 'wiki',
      priority: 100,
      installation: 'installed',
      runtime: 'compose',
      compose: { files: [], profiles: [], envFiles: [] },
      containers: [{ name: 'wiki', role: 'app', required: true, healthCheck: false, service: 'wiki' }],
      ports: [],
      backup: {
        enabled: true,
        types: ['config'],
        volumes: [],
        paths: [],
        consistency: 'pause',
        drill: 'auto',
        method: 'archive',
        retention: { keep: 7 },
      },
      fixes: { postRestore: [] },
      release: { watch: [], timeoutMs: 600_000 },
    },
    notices: [],
  });
});

test('the annotated example is read whole', () => {
  const { manifest, notices } = parseManifest(EXAMPLE, { file: 'example.yaml', folder: 'redmine' });
  expect(manifest).toMatchObject({
    name: 'redmine',
    priority: 20,
    compose: {
      project: 'redmine',
      files: ['docker-compose.yaml'],
      profiles: ['web'],
      directory: '/opt/redmine',
      envFiles: ['/opt/redmine/.env'],
    },
    image: { name: 'redmine', tag: '5-alpine', envVar: 'REDMINE_IMAGE_TAG', build: false },
    ports: [{ env: 'REDMINE_PORT', default: 3000 }],
    database: { type: 'postgresql', container: 'redmine-db', passwordEnv: 'REDMINE_DB_PASSWORD' },
    health: {
      endpoint: '/health',
      expectedCode: 200,
      timeoutMs: 120_000,
      stableForMs: 3000,
      versionEndpoint: '/api/version',
    },
    e2e: { command: ['bun', 'test', 'e2e'] },
    fixes: { postRestore: ['chown_files'] },
    install: ['bun', 'install', '--frozen-lockfile'],
    release: { watch: ['shared/theme/**'], timeoutMs: 600_000, group: 'tracker' },
  });
  expect(manifest.backup).toEqual({
    enabled: true,
    types: ['database', 'volume', 'workspace', 'command'],
    volumes: [{ suffix: 'files', dataUid: 999 }, { bind: '/srv/redmine' }],
    paths: ['uploads'],
    command: { backup: ['./scripts/save.sh'], restore: ['./scripts/load.sh'], verify: ['./scripts/look.sh'] },
    consistency: 'pause',
    drill: 'full',
    method: 'archive',
    retention: { keep: 7 },
  });
  expect(notices).toEqual([]);
});

test('the manifest of the manual is accepted as it stands there', () => {
  const text = `name: redmine
image: { name: redmine, tag: '5-alpine', env_var: REDMINE_IMAGE_TAG, build: false }
containers:
  - { name: redmine, role: app, required: true, health_check: true, service: redmine, container_user: '999' }
requirements: { port_env: [ { env: REDMINE_PORT, default: 3000 } ] }
database: { type: postgresql, name: redmine, container: redmine-db, user: redmine, password_env: REDMINE_DB_PASSWORD }
backup:
  type: [database, volume]
  volumes: [ { suffix: files, data_uid: 999 }, { bind: /srv/redmine } ]
  paths: [ uploads ]
  command: { backup: [...], restore: [...], verify: [...] }
health: { endpoint: /health, expected_code: 200, timeout: 120s, stable_for: 3s, version_endpoint: /api/version }
`;
  const { manifest, notices } = parseManifest(text, { file: 'f', folder: 'redmine' });
  expect(manifest.backup.types).toEqual(['database', 'volume']);
  expect(notices).toEqual([
    'f: backup.paths is not backed up: backup.type has no workspace',
    'f: backup.command is not backed up: backup.type has no command',
  ]);
});

test('all problems of all steps come at once, each with its place and a suggestion', () => {
  const text = `name: wikijs
containres: []
containers:
  - { name: wiki, rolle: app }
  - { name: db, role: databse }
health: { endpoint: /up, timeout: 5 }
backup: { type: [volume], retention: { keep: 0 } }
image: { name: wiki, tag: 5 }
image: { name: wiki, tag: 6 }
`;
  expect(details(text)).toEqual([
    `${F}:1:7: name: is "wikijs", and the folder is "wiki": they must be the same`,
    `${F}:2:1: containres: is not a key of this engine (did you mean "containers"?)`,
    `${F}:4:19: containers[0].rolle: is not a key of this section (did you mean "role"?)`,
    `${F}:5:23: containers[1].role: is "databse": must be app, worker, scheduler, websocket, backend, proxy, database, cache, queue or job (did you mean "database"?)`,
    `${F}:6:35: health.timeout: is "5": must be a time with its unit, such as 5s`,
    `${F}:7:46: backup.retention.keep: is 0: must be a whole number from 1 to 100000`,
    `${F}:9:1: image: stands here a second time (first on line 8)`,
  ]);
});

test.each([
  ['containers: [{ name: wiki }]', '1:1: name: is missing'],
  ['name: wiki', '1:1: containers: is missing: a compose service lists its containers'],
  [`${LEAST}runtime: swarm`, '3:10: runtime: swarm is not supported by this version: write compose or pm2'],
  [`${LEAST}health: {}`, '3:1: health.endpoint: is missing'],
  [
    `${LEAST}health: { endpoint: /up }`,
    '3:21: health.endpoint: is a path, and requirements.port_env names no port to ask: add one, or write the whole URL',
  ],
  [
    `${LEAST}health: { endpoint: 'ftp://x' }`,
    '3:21: health.endpoint: is "ftp://x": must be an http or https URL, or a path that begins with one /',
  ],
  [
    `${LEAST}health: { endpoint: 'http://127.0.0.1/', expected_code: 99 }`,
    '3:57: health.expected_code: is 99: must be a whole number from 100 to 599',
  ],
  [`${LEAST}priority: 1.5`, '3:11: priority: is 1.5: must be a whole number from 0 to 100000'],
  [
    `${LEAST}priority: 1\nframework: { startup_priority: 2 }`,
    '4:32: framework.startup_priority: is 2, and priority is 1: they mean the same, keep one',
  ],
  [
    `${LEAST}installation: { status: instaled }`,
    '3:25: installation.status: is "instaled": must be installed, inactive, available or deprecated (did you mean "installed"?)',
  ],
  [`${LEAST}compose: { files: [../x.yaml] }`, '3:20: compose.files[0]: is "../x.yaml": must not contain ..'],
  [`${LEAST}compose: { files: [/x.yaml] }`, '3:20: compose.files[0]: is "/x.yaml": must be a relative path'],
  [
    `${LEAST}compose: { project: Wiki }`,
    '3:21: compose.project: is "Wiki": must be a compose project: lower case letters, digits, underscore or dash',
  ],
  [
    `${LEAST}image: { name: 'wiki:5', tag: 5 }`,
    '3:16: image.name: is "wiki:5": must be an image without tag or digest (the tag has a key of its own)',
  ],
  [
    `${LEAST}install: bun install`,
    '3:10: install: is "bun install": must be a list of words, such as [bun, install] (no shell reads it)',
  ],
  [
    `${LEAST}install: []`,
    '3:10: install: is empty: must be a list of words, such as [bun, install] (no shell reads it)',
  ],
  [`${LEAST}install: [bun, '']`, '3:16: install[1]: is empty'],
  [`${LEAST}install: [bun, "a\\0b"]`, '3:16: install[1]: holds the control character U+0000'],
  [
    `${LEAST}backup: { method: increment }`,
    '3:19: backup.method: is "increment": must be archive or incremental (did you mean "incremental"?)',
  ],
  [`${LEAST}backup: { volumes: [{ data_uid: 5 }] }`, '3:21: backup.volumes[0]: must have either suffix or bind'],
  [`${LEAST}backup: { volumes: [{ bind: srv }] }`, '3:29: backup.volumes[0].bind: is "srv": must be an absolute path'],
  [`${LEAST}backup: { paths: [a/../../b] }`, '3:19: backup.paths[0]: is "a/../../b": must not contain ..'],
  [
    `${LEAST}backup: { type: volumes }`,
    '3:17: backup.type: is "volumes": must be database, volume, workspace, config or command (did you mean "volume"?)',
  ],
  [`${LEAST}backup: { type: database }`, '3:17: backup.type: has database, and there is no section database'],
  [`${LEAST}backup: { enabled: yes }`, '3:20: backup.enabled: is "yes": must be true or false'],
  [`${LEAST}database: { type: sqlite }`, '3:1: database.path: is missing: the file of the sqlite database'],
  [
    `${LEAST}database: { type: sqlite, path: 'volume:dta/x' }\nbackup: { volumes: [{ suffix: data }] }`,
    '3:33: database.path: names the volume dta, which is not in backup.volumes (did you mean "data"?)',
  ],
  [`${LEAST}e2e: { enabled: true }`, '3:6: e2e: is enabled and has no command'],
  [
    `${LEAST}requirements: { port_env: [{ env: A, default: 70000 }] }`,
    '3:47: requirements.port_env[0].default: is 70000: must be a whole number from 1 to 65535',
  ],
  [
    'name: wiki\ncontainers: [{ name: a }, { name: a, service: b }]',
    '2:35: containers[1].name: is "a": another container has that name',
  ],
  [
    'name: wiki\ncontainers: [{ name: a, role: job }]\nimage: { name: x, tag: y }',
    '3:8: image: is that of the first container of role app, and no container has that role',
  ],
  ['name: wiki\nruntime: pm2\nimage: { name: x, tag: y }', '3:8: image: is for containers, and a pm2 service has none'],
  [
    `${LEAST}release: { watch: [/etc/**] }`,
    '3:20: release.watch[0]: is "/etc/**": must begin with a folder, a file or *',
  ],
  [`${LEAST}compose: [a]`, '3:10: compose: is a list: must be a mapping of keys to values'],
])('%j is refused', (text, said) => {
  expect(details(text)).toEqual([`${F}:${said}`]);
});

test('text stays as it was written, whatever YAML would make of it', () => {
  const image = (tag: string) => parse(`${LEAST}image: { name: wiki, tag: ${tag} }`).image?.tag;
  expect(['1.10', '5', '007', '1e3', '0x1F', 'true', "'1.10'", '2026-05-18'].map(image)).toEqual([
    '1.10',
    '5',
    '007',
    '1e3',
    '0x1F',
    'true',
    '1.10',
    '2026-05-18',
  ]);
  expect(parse('name: wiki\ncontainers: [{ name: a, container_user: 0999 }]').containers[0]?.containerUser).toBe(
    '0999',
  );
});

test('times are milliseconds', () => {
  const stable = (time: string) =>
    parse(`${LEAST}health: { endpoint: http://127.0.0.1/, stable_for: ${time} }`).health?.stableForMs;
  expect(['250ms', '3s', '10m', '1h', '0', '0s'].map(stable)).toEqual([250, 3000, 600_000, 3_600_000, 0, 0]);
  expect(details(`${LEAST}release: { timeout: 0s }`)).toEqual([
    `${F}:3:21: release.timeout: is 0s: must be more than 0`,
  ]);
});

test("other tools' keys are accepted and named once; a near miss is asked about", () => {
  const { notices } = parseManifest(
    `${LEAST}sso: { x: 1 }\ntags: [a]\nframework: { startup_priority: 7 }\nhelth: {}\n`,
    WIKI,
  );
  expect(notices).toEqual([
    `${F}: keys that are not read here: sso, tags, helth`,
    `${F}:6:1: helth: is not a key of this engine (did you mean "health"?)`,
  ]);
  expect(parse(`${LEAST}framework: { startup_priority: 7, other: x }`).priority).toBe(7);
});

test('what a backup does not use is said', () => {
  const { notices, manifest } = parseManifest(`${LEAST}backup: { type: config, paths: [up] }`, WIKI);
  expect(notices).toEqual([`${F}: backup.paths is not backed up: backup.type has no workspace`]);
  expect(parseManifest(`${LEAST}backup: { method: incremental }`, WIKI).notices).toEqual([
    `${F}: backup.method: incremental changes nothing: it is for volumes and workspace paths, and backup.type has neither`,
  ]);
  expect(manifest.backup.types).toEqual(['config']);
});

test('where no type is named, the backup is of what the section describes', () => {
  const types = (backup: string) => parse(`${LEAST}backup: ${backup}`).backup.types;
  expect(types('{ volumes: [{ suffix: a }], paths: [b] }')).toEqual(['volume', 'workspace']);
  expect(types('{ command: { backup: [x] } }')).toEqual(['command']);
  expect(types('{}')).toEqual(['config']);
});

test('the problems of several files make one refusal', () => {
  const bad = (folder: string) => ({
    text: 'name: [',
    where: { file: `packages/${folder}/manifest.yaml`, folder },
  });
  let error: unknown;
  try {
    parseManifests([bad('b'), { text: LEAST, where: WIKI }, bad('a')]);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ReleaseError);
  const { facts, exitCode } = error as ReleaseError;
  expect(exitCode).toBe(4);
  expect(facts.what).toBe('2 files have 2 problems in all');
  expect(facts.details?.map((line) => line.split(': ')[0])).toEqual([
    'packages/a/manifest.yaml:1:8',
    'packages/b/manifest.yaml:1:8',
  ]);
});
