// The pure parts: references, roles, variables, leftovers.
import { describe, expect, test } from 'bun:test';
import type { Container } from '../../host/docker.ts';
import type { ServiceManifest } from '../../model/service.ts';
import { registryOf } from './credentials.ts';
import { familiar, roleOf, splitRef } from './document.ts';
import { filled, variablesOf } from './files.ts';
import { leftovers } from './running.ts';

describe('references', () => {
  test.each([
    ['redmine', 'redmine:latest'],
    ['docker.io/library/redmine:5', 'redmine:5'],
    ['docker.io/acme/app:1', 'acme/app:1'],
    ['127.0.0.1:5000/web', '127.0.0.1:5000/web:latest'],
    ['redmine:5@sha256:00', 'redmine:5'],
  ])('%s is %s', (ref, expected) => {
    expect(familiar(ref)).toBe(expected);
  });

  test('a port is not a tag', () => {
    expect(splitRef('127.0.0.1:5000/web')).toEqual({ name: '127.0.0.1:5000/web', tag: 'latest' });
    expect(splitRef('127.0.0.1:5000/web:2@sha256:00')).toEqual({ name: '127.0.0.1:5000/web', tag: '2' });
  });

  test.each([
    ['redmine:5', 'https://index.docker.io/v1/'],
    ['acme/app', 'https://index.docker.io/v1/'],
    ['registry.example.org/app:1', 'registry.example.org'],
    ['localhost/app', 'localhost'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000'],
  ])('the registry of %s is %s', (ref, registry) => {
    expect(registryOf(ref)).toBe(registry);
  });
});

test('a container that the manifest does not list is a database where its image is one', () => {
  const service = { containers: [{ service: 'store', role: 'app' }] } as unknown as ServiceManifest;
  expect(roleOf(service, 'pg', 'docker.io/library/postgres:16')).toBe('database');
  expect(roleOf(service, 'r', 'valkey/valkey')).toBe('cache');
  expect(roleOf(service, 'x', 'acme/postgres-exporter:1')).toBe('worker');
  expect(roleOf(service, 'store', 'postgres:16')).toBe('app');
});

test('variables are found in every form, and not where the dollar is escaped', () => {
  expect(variablesOf(['a: ${B:-x} $C ${D:?must} ${E-} ${F:+y}', 'b: $$G $${H} ${B}'])).toEqual([
    'B',
    'C',
    'D',
    'E',
    'F',
  ]);
});

test('file names are filled in with what is set, or the default', () => {
  expect(filled('${A}/${B:-b}/${C-c}/$A/$$x', { A: '1', B: '' })).toBe('1/b/c/1/$x');
});

describe('leftovers of a killed compose', () => {
  const container = (name: string, service = 'web', number = '1'): Container =>
    ({
      id: name,
      name,
      labels: { 'com.docker.compose.service': service, 'com.docker.compose.container-number': number },
    }) as unknown as Container;
  const names = (containers: Container[]) => {
    const { surplus, unnamed } = leftovers(containers);
    return { surplus: surplus.map((each) => each.name), renamed: unnamed.map((each) => each.name) };
  };

  test('a successor beside its predecessor is surplus', () => {
    expect(names([container('p-web-1'), container('0123456789ab_p-web-1')])).toEqual({
      surplus: ['0123456789ab_p-web-1'],
      renamed: [],
    });
  });

  test('a successor alone gets its name', () => {
    expect(names([container('0123456789ab_p-web-1'), container('p-db-1', 'db')])).toEqual({
      surplus: [],
      renamed: ['p-web-1'],
    });
  });

  test('of two successors one gets the name', () => {
    expect(names([container('0123456789ab_p-web-1'), container('ba9876543210_p-web-1')])).toEqual({
      surplus: ['ba9876543210_p-web-1'],
      renamed: ['p-web-1'],
    });
  });

  test('replicas do not stand in for one another', () => {
    expect(names([container('p-web-1'), container('0123456789ab_p-web-2', 'web', '2')])).toEqual({
      surplus: [],
      renamed: ['p-web-2'],
    });
  });

  test('ordinary names are left alone', () => {
    expect(names([container('p-web-1'), container('0123456789ab-web-1'), container('my_web')])).toEqual({
      surplus: [],
      renamed: [],
    });
  });
});
