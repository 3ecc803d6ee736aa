import { expect, test } from 'bun:test';
import type { InstallationStatus } from '../model/service.ts';
import { crossRules, resolvedPort } from './cross.ts';
import { normalise } from './normalise.ts';

interface Made {
  port?: number;
  project?: string;
  status?: InstallationStatus;
}

const service = (name: string, { port, project, status }: Made) =>
  normalise({
    name,
    installation: { status },
    compose: { project },
    requirements: { port_env: port === undefined ? [] : [{ env: `${name.toUpperCase()}_PORT`, default: port }] },
  });

test('two services on one port are named, with where the port is from', () => {
  const both = [service('wiki', { port: 3000 }), service('chat', { port: 4000 })];
  expect(crossRules(both, {})).toEqual([]);
  expect(crossRules(both, { CHAT_PORT: '127.0.0.1:3000' })).toEqual([
    'port 3000 is claimed by wiki (the default of WIKI_PORT) and chat (CHAT_PORT in .env)',
  ]);
  expect(crossRules(both, { CHAT_PORT: 'http' })).toEqual(['chat: CHAT_PORT in .env is not a port']);
});

test('services that are not installed claim nothing', () => {
  expect(crossRules([service('a', { port: 1 }), service('b', { port: 1, status: 'inactive' })], {})).toEqual([]);
});

test('two services with one compose project are named', () => {
  const both = [service('a', { project: 'x' }), service('b', {})];
  expect(crossRules(both, {})).toEqual([]);
  expect(crossRules(both, {}, { b: 'x' })).toEqual(['compose project x is claimed by a and b']);
  expect(crossRules([service('a', {}), service('a', {})], {})).toEqual(['two manifests have the name a']);
});

test('a port is that of .env, else the default', () => {
  const port = { env: 'P', default: 80 };
  expect(['', '81', '[::1]:82', '0', '70000', '80-90'].map((P) => resolvedPort(port, { P }))).toEqual([
    80,
    81,
    82,
    undefined,
    undefined,
    undefined,
  ]);
  expect(resolvedPort({ env: 'toString', default: 80 }, {})).toBe(80);
});
