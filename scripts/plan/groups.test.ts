import { expect, test } from 'bun:test';
import type { Reason } from '../model/step.ts';
import type { ServiceEnds } from './classify.ts';
import { describeReason } from './describe.ts';
import { uncoveredInGroup, withGroups } from './groups.ts';

const at = (installed: boolean, group?: string) => ({
  installed,
  watch: [],
  ...(group === undefined ? {} : { group }),
});
const both = (installed: boolean, group?: string) => ({ before: at(installed, group), after: at(installed, group) });
const changed: Reason[] = [{ kind: 'path', path: 'packages/photos/x', count: 1 }];

const SERVICES = new Map<string, ServiceEnds>([
  ['web', both(true)],
  ['viewer', both(true, 'media')],
  ['photos', both(true, 'media')],
  ['indexer', both(false, 'media')],
  ['other', both(true, 'papers')],
  ['gone', { before: at(true, 'papers'), after: undefined }],
]);

test('who shares a group with a changed service is released with it, and the plan says why', () => {
  const found = withGroups(new Map([['photos', changed]]), SERVICES);
  expect([...found]).toEqual([
    ['photos', changed],
    ['viewer', [{ kind: 'group', group: 'media', with: 'photos' }]],
  ]);
  expect(describeReason(found.get('viewer')?.[0] ?? { kind: 'added' })).toBe(
    'of the group media, released together with photos',
  );
});

test('a service without a group takes nobody along', () => {
  expect([...withGroups(new Map([['web', changed]]), SERVICES).keys()]).toEqual(['web']);
});

test('nor is one added that is not installed, or that is in the release for a reason of its own', () => {
  const own: Reason[] = [{ kind: 'asked' }];
  const found = withGroups(
    new Map([
      ['viewer', own],
      ['photos', changed],
    ]),
    SERVICES,
  );
  expect([...found.keys()]).toEqual(['viewer', 'photos']);
  expect(found.get('viewer')).toEqual(own);
});

test('a member that leaves takes the others along: its data is theirs, too', () => {
  const removed: Reason[] = [{ kind: 'removed', how: 'gone' }];
  expect([...withGroups(new Map([['gone', removed]]), SERVICES).keys()]).toEqual(['gone', 'other']);
});

test('what another one of the group saves is saved', () => {
  const uncovered = ['volume media (app:/media)', 'volume cache (app:/cache)'];
  const viewer = { name: 'viewer', group: 'media', covers: [], uncovered };
  const photos = { name: 'photos', group: 'media', covers: ['volume media'], uncovered: [] };
  expect(uncoveredInGroup([viewer, photos]).get('viewer')).toEqual(['volume cache (app:/cache)']);
  expect(uncoveredInGroup([viewer, { ...photos, group: 'other' }]).get('viewer')).toEqual(uncovered);
  expect(uncoveredInGroup([viewer]).get('viewer')).toEqual(uncovered);
});
