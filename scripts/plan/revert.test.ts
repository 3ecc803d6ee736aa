import { expect, test } from 'bun:test';
import { BASE, manifest, TARGET } from './fixture.ts';
import { type RevertFacts, type RevertService, revertSteps } from './revert.ts';

const changed = (name: string, yaml = '', stamp: string | undefined = '20260518_153012'): RevertService => ({
  name,
  change: 'changed',
  before: manifest(name, yaml),
  after: manifest(name),
  stamp,
});
const added: RevertService = {
  name: 'new',
  change: 'added',
  before: undefined,
  after: manifest('new'),
  stamp: undefined,
};
const removed = (name: string): RevertService => ({ ...changed(name), change: 'removed', after: undefined });
const steps = (more: Partial<RevertFacts>) =>
  revertSteps({ baseSha: BASE, fromSha: TARGET, services: [], scripts: [], skipData: false, push: true, ...more });
const ids = (more: Partial<RevertFacts>) => steps(more).map((step) => step.id);

/** Ids of everything that has to be done before a step. */
function before(all: ReturnType<typeof steps>, id: string): Set<string> {
  const needs = all.find((step) => step.id === id)?.needs ?? [];
  return new Set([...needs, ...needs.flatMap((each) => [...before(all, each)])]);
}

test('a checkout that went ahead alone goes back alone', () => {
  expect(ids({})).toEqual(['go-back', 'head', 'compare', 'deployed', 'push']);
  expect(ids({ push: false })).toEqual(['go-back', 'head', 'compare', 'deployed']);
  expect(steps({})[0]).toMatchObject({ kind: 'go-back', fromSha: TARGET, toSha: BASE });
  expect(steps({}).every((step) => step.phase === 'revert')).toBe(true);
});

test('data before the checkout, the checkout before any start, proof before anything is let go, the remote last', () => {
  const all = steps({
    services: [changed('one', 'health: { endpoint: /health }\ninstall: [bun, install]'), added],
    scripts: [{ path: 'releases/T-1-a.revert.sh', sha256: '1' }],
  });
  expect([...before(all, 'go-back')].toSorted()).toEqual(['down:new', 'restore-data:one']);
  expect(before(all, 'install:one')).toContain('go-back');
  expect(before(all, 'up:one')).toContain('install:one');
  expect(before(all, 'script:releases/T-1-a.revert.sh')).toContain('healthy:one');
  for (const look of ['head', 'image:one', 'health:one']) expect(before(all, 'settle-data:one')).toContain(look);
  expect(before(all, 'compare')).toContain('settle-data:one');
  expect(before(all, 'deployed')).toContain('compare');
  expect(all.at(-1)?.id).toBe('push');
  expect(before(all, 'push').size).toBe(all.length - 1);
});

test('a group is down, all of it, before the data of any of it is swapped', () => {
  const group = 'release: { group: media }';
  const member = (name: string) => ({ ...changed(name, group), after: manifest(name, group) });
  const all = steps({ services: [changed('one'), member('photos'), { ...member('viewer'), stamp: undefined }] });
  expect([...before(all, 'restore-data:photos')].toSorted()).toEqual(['stop:photos', 'stop:viewer']);
  expect(before(all, 'restore-data:one').size).toBe(0);
  expect(before(all, 'go-back')).toContain('stop:viewer');
  expect(ids({ services: [member('photos')] })).not.toContain('stop:photos');
});

test('each end is named: what was added goes as it is, everything else comes as it was', () => {
  const all = steps({ services: [changed('one'), added, removed('old')] });
  const ends = all.flatMap((step) => ('end' in step && step.end ? [`${step.id} ${step.end}`] : []));
  expect(ends.toSorted()).toEqual([
    'down:new after',
    'healthy:old before',
    'healthy:one before',
    'image:old before',
    'image:one before',
    'up:old before',
    'up:one before',
  ]);
  expect(all.map((s) => s.id)).toContain('restore-data:old');
});

test('the same priorities start together, lower ones first', () => {
  const all = steps({
    services: [changed('b', 'priority: 20'), changed('a', 'priority: 10'), changed('c', 'priority: 20')],
  });
  expect([...before(all, 'up:a')]).not.toContain('up:b');
  expect(before(all, 'up:b')).toContain('healthy:a');
  expect(before(all, 'up:c')).toContain('healthy:a');
  expect(before(all, 'up:c')).not.toContain('up:b');
});

test('without a stamp no data is touched', () => {
  const kept = { ...changed('one'), stamp: undefined };
  expect(ids({ services: [kept] })).toEqual([
    'go-back',
    'up:one',
    'healthy:one',
    'head',
    'image:one',
    'compare',
    'deployed',
    'push',
  ]);
});

test('with --skip-data only configuration comes back, under an id of its own', () => {
  const all = ids({ services: [changed('one')], skipData: true });
  expect(all).toContain('restore-config:one');
  expect(all).toContain('settle-data:one');
  expect(all).not.toContain('restore-data:one');
});
