import { expect, test } from 'bun:test';
import { port, project } from './fixture.ts';
import { guessRoles } from './roles.ts';

const roles = (...made: Parameters<typeof project>[1][]) =>
  Object.fromEntries(guessRoles(project('p', ...made)).map(({ service, role }) => [service, role]));

test.each([
  ['docker.io/library/postgres:16-alpine', 'database', 'postgresql'],
  ['registry.example.org:5000/team/postgis:16', 'database', 'postgresql'],
  ['mariadb@sha256:0123', 'database', 'mariadb'],
  ['mysql:8', 'database', 'mysql'],
  ['valkey/valkey:8', 'cache', 'redis'],
  ['memcached:1', 'cache', undefined],
  ['rabbitmq:3-management', 'queue', undefined],
  ['mongo:7', 'database', undefined],
] as const)('%s is a %s', (imageRef, role, database) => {
  const [found] = guessRoles(project('p', { service: 'db', imageRef }));
  expect([found?.role, found?.database as unknown]).toEqual([role, database]);
  expect(found?.why).toStartWith('the image is ');
});

test('a server is also known by what it runs, and by its port', () => {
  expect(guessRoles(project('p', { service: 'x', argv: ['/usr/bin/entry', 'postgres'] }))[0]).toMatchObject({
    role: 'database',
    database: 'postgresql',
    why: 'it runs postgres',
  });
  expect(guessRoles(project('p', { service: 'x', exposed: ['6379/tcp'] }))[0]).toMatchObject({
    role: 'cache',
    database: 'redis',
    why: 'it has port 6379',
  });
});

test('what publishes a port is the app and leads the list; others go by their names', () => {
  const found = guessRoles(
    project(
      'p',
      { service: 'api' },
      { service: 'celery-beat' },
      { service: 'db', imageRef: 'postgres:16' },
      { service: 'sidekiq' },
      { service: 'streaming' },
      { service: 'web', published: [port(3000)] },
    ),
  );
  expect(found.map(({ service, role }) => `${service} ${role}`)).toEqual([
    'web app',
    'api backend',
    'celery-beat scheduler',
    'db database',
    'sidekiq worker',
    'streaming websocket',
  ]);
});

test('a proxy in front of nothing is the app, one beside an app is a proxy', () => {
  expect(roles({ service: 'edge', imageRef: 'nginx:1' })).toEqual({ edge: 'app' });
  expect(
    roles({ service: 'edge', imageRef: 'nginx:1', published: [port(80)] }, { service: 'web', published: [port(81)] }),
  ).toEqual({
    edge: 'proxy',
    web: 'app',
  });
});

test('what ended with 0 and is not started again is a job; what fell over need not be there', () => {
  const ended = { status: 'exited', running: false };
  const found = guessRoles(
    project(
      'p',
      { service: 'init', ...ended },
      { service: 'fallen', ...ended, exitCode: 1 },
      { service: 'web', published: [port(3000)] },
    ),
  );
  expect(found.map(({ service, role, required }) => [service, role, required])).toEqual([
    ['web', 'app', true],
    ['fallen', 'backend', false],
    ['init', 'job', true],
  ]);
  // Of a project that is stopped as a whole, nothing can be told from that.
  expect(roles({ service: 'web', ...ended, published: [port(3000)] })).toEqual({ web: 'app' });
});
