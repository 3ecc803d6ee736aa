import { expect, test } from 'bun:test';
import { join } from 'node:path';
import fc from 'fast-check';
import { openWorld } from '../journal/fixture.ts';
import { readPlan, writePlan } from '../journal/plan-file.ts';
import { ReleaseError } from '../model/error.ts';
import { PHASES } from '../model/release.ts';
import type { Plan, Step } from '../model/step.ts';
import { describePlan, describeStep, describeSteps } from './describe.ts';
import type { ReleaseFacts } from './facts.ts';
import { facts, manifest, service } from './fixture.ts';
import { makePlan } from './plan.ts';

const SHA = 'c'.repeat(64);
const script = (path: string, revert?: string) => ({ path, sha256: SHA, revert });
const ids = (plan: Plan) => plan.steps.map(({ id }) => id);
const step = (plan: Plan, id: string): Step => {
  const found = plan.steps.find((one) => one.id === id);
  if (!found) throw new Error(`no step ${id} in ${ids(plan).join(' ')}`);
  return found;
};

/** Everything that has to be done before a step, however far away, across phases. */
function before(plan: Plan, id: string): Set<string> {
  const own = step(plan, id);
  const found = new Set<string>(
    plan.steps.filter((s) => PHASES.indexOf(s.phase) < PHASES.indexOf(own.phase)).map((s) => s.id),
  );
  const walk = (of: string): void => {
    for (const need of step(plan, of).needs) {
      if (found.has(need)) continue;
      found.add(need);
      walk(need);
    }
  };
  walk(id);
  return found;
}

test('a changed service: stage, hook, images, backup, advance, up, hooks, verified', () => {
  const after = manifest(
    'wiki',
    'health: { endpoint: /x, version_endpoint: /v }\ne2e: { enabled: true, command: [bun, test] }\ninstall: [bun, install]',
  );
  const hooks = {
    preflight: 'packages/wiki/scripts/preflight.ts',
    pre_start_init: 'a',
    post_start_init: 'b',
    'ensure-config': 'c',
  };
  const plan = makePlan(
    facts({ services: [service('wiki', { after, hooks })], scripts: [script('releases/T-1-a.sh')] }),
  );
  expect(ids(plan)).toEqual([
    'stage',
    'freeze-scripts',
    'preflight:wiki',
    'images:wiki',
    'keep-images:wiki',
    'backup:wiki',
    'advance',
    'install:wiki',
    'pre-start-init:wiki',
    'up:wiki',
    'healthy:wiki',
    'post-start-init:wiki',
    'ensure-config:wiki',
    'script:releases/T-1-a.sh',
    'head',
    'image:wiki',
    'health:wiki',
    'version:wiki',
    'e2e:wiki',
    'deployed',
  ]);
  expect(plan.services[0]?.hooks).toEqual([hooks.preflight, 'bun install', 'a', 'b', 'c', 'bun test']);
});

test('services of one priority start together, a higher one waits for all of them', () => {
  const at = (name: string, priority: number) => service(name, { after: manifest(name, `priority: ${priority}`) });
  const plan = makePlan(facts({ services: [at('c', 20), at('b', 10), at('a', 10)] }));
  expect(plan.services.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(before(plan, 'up:a').has('up:b')).toBe(false);
  expect(before(plan, 'up:b').has('up:a')).toBe(false);
  expect([...before(plan, 'up:c')]).toEqual(expect.arrayContaining(['healthy:a', 'healthy:b']));
});

test('a removed service goes first, is saved, and is not verified; an added one has nothing to save', () => {
  const plan = makePlan(
    facts({ services: [service('new', { before: undefined }), service('old', { after: undefined })] }),
  );
  expect([...before(plan, 'up:new')]).toContain('down:old');
  expect(ids(plan).filter((id) => id.endsWith(':old'))).toEqual(['keep-images:old', 'backup:old', 'down:old']);
  expect(ids(plan)).not.toContain('backup:new');
  expect(ids(plan)).not.toContain('keep-images:new');
});

test('what a superseded release had saved is not saved again', () => {
  const plan = makePlan(facts({ services: [service('wiki', { inherited: true, backup: [] })] }));
  expect(ids(plan)).not.toContain('backup:wiki');
  expect(ids(plan)).not.toContain('keep-images:wiki');
});

test('the plan says how each item is saved, where there is a choice, and what has to be copied', () => {
  const backup = [
    { item: 'config', bytes: 1200 },
    { item: 'volume-files', bytes: 21e6, method: 'incremental' as const },
    { item: 'volume-x', bytes: undefined, method: 'archive' as const },
  ];
  const text = describePlan(makePlan(facts({ services: [service('wiki', { backup })] }))).join('\n');
  expect(text).toContain(
    'config (1.2 KB), volume-files (incremental, 21.0 MB to copy), volume-x (archive, size unknown)',
  );
});

test('scripts run one after the other', () => {
  const plan = makePlan(facts({ scripts: [script('releases/T-1-a.sh'), script('releases/T-1-b.ts')] }));
  expect(step(plan, 'script:releases/T-1-b.ts').needs).toEqual(['script:releases/T-1-a.sh']);
});

test('nothing to do is exit 5 with the reason; --advance-only moves the checkout, and refuses where services changed', () => {
  const nothing = caught(() => makePlan(facts({ unclassified: ['odd/file'] })));
  expect([nothing.exitCode, nothing.facts.details]).toEqual([5, ['unclassified: odd/file']]);
  expect([nothing.facts.hint].flat().join('\n')).toContain('release.watch');
  expect(ids(makePlan(facts(), { advanceOnly: true }))).toEqual(['stage', 'advance', 'head', 'deployed']);
  const refused = caught(() => makePlan(facts({ services: [service('wiki')] }), { advanceOnly: true }));
  expect([refused.exitCode, refused.facts.what]).toEqual([4, expect.stringContaining('wiki')]);
});

test('without prepare nothing is saved, and the plan says so', () => {
  const plan = makePlan(facts({ services: [service('wiki')] }), { advanceOnly: false, skipPrepare: true });
  expect(plan.steps.filter(({ phase }) => phase === 'prepare')).toEqual([]);
  expect(plan.reversibility.level).toBe('one-way');
});

test('how well it can be taken back', () => {
  const level = (more: Partial<ReleaseFacts>) => makePlan(facts(more)).reversibility;
  const data = [{ item: 'volume files', bytes: 1 }];
  const bare = manifest('wiki', 'database: { type: sqlite, path: data/x.db }');
  expect(level({ services: [service('wiki')] })).toEqual({ level: 'instant' });
  expect(level({ services: [service('wiki', { backup: data })] }).level).toBe('restore');
  expect(level({ services: [service('wiki', { uncovered: ['/data'] })] })).toEqual({
    level: 'one-way',
    why: ['wiki writes to /data, which no backup covers'],
  });
  expect(level({ services: [service('wiki', { before: bare })] }).level).toBe('one-way');
  expect(level({ services: [service('new', { before: undefined, uncovered: ['/data'] })] }).level).toBe('instant');
  expect(level({ scripts: [script('releases/T-1-a.sh')] })).toEqual({
    level: 'one-way',
    why: ['releases/T-1-a.sh has no revert script beside it'],
  });
  expect(level({ scripts: [script('releases/T-1-a.sh', 'releases/T-1-a.revert.sh')] }).level).toBe('instant');
});

test('a plan in words: why, from what to what, what is saved, what is not known', () => {
  const plan = makePlan(
    facts({
      headSha: 'd'.repeat(40),
      services: [
        service('wiki', {
          uncovered: ['/cache'],
          images: {
            before: [{ component: 'wiki', ref: 'w:1', id: `sha256:${'1'.repeat(64)}` }],
            after: [{ component: 'wiki', ref: 'w:2', id: `sha256:${'2'.repeat(64)}` }],
          },
        }),
      ],
      reasons: { wiki: [{ kind: 'path', path: 'packages/wiki/x', count: 3 }, { kind: 'asked' }] },
      scripts: [script('releases/T-1-a.sh')],
      unclassified: Array.from({ length: 25 }, (_, at) => `odd/${at}`),
      notices: ['look here'],
      push: { mode: 'none', refused: { to: 'main', why: 'The remote does not let this host push', details: [] } },
    }),
  );
  const text = describePlan(plan).join('\n');
  for (const part of [
    'Release T-1: main aaaaaaaaaaaa -> bbbbbbbbbbbb',
    'stands at dddddddddddd',
    'packages/wiki/x and 2 more; asked for by --services',
    'w:1 sha256:111111111111 -> w:2 sha256:222222222222',
    'config (100 B)',
    'not saved  /cache',
    'unknown, down unknown',
    'not gated',
    'releases/T-1-a.sh  (no revert script)',
    'odd/19\n  and 5 more',
    'Notice: look here',
    'could not be pushed to main: The remote does not let this host push',
    'push: none',
    '1.0 MB before compression, 5.0 GB free in /srv/backups',
    'Expected duration: unknown',
    'Reversible: one-way: wiki writes to /cache',
  ])
    expect(text).toContain(part);
  expect(describeSteps(plan)).toHaveLength(plan.steps.length);
});

const name = fc.constantFrom('alpha', 'beta', 'gamma', 'delta', 'eps');
const anyFacts = fc
  .record({
    services: fc.uniqueArray(
      fc.record({
        name,
        end: fc.constantFrom('changed', 'added', 'removed'),
        priority: fc.constantFrom(10, 20, 30),
        health: fc.boolean(),
        hook: fc.boolean(),
        inherited: fc.boolean(),
      }),
      { selector: (s) => s.name, maxLength: 5 },
    ),
    scripts: fc.uniqueArray(fc.constantFrom('releases/T-1-a.sh', 'releases/T-1-b.ts', 'releases/T-1-ü "x".sh')),
  })
  .filter(({ services, scripts }) => services.length + scripts.length > 0)
  .map(({ services, scripts }) =>
    facts({
      services: services.map((s) => {
        const own = manifest(
          s.name,
          `priority: ${s.priority}${s.health ? '\nhealth: { endpoint: /x, version_endpoint: /v }' : ''}`,
        );
        return service(s.name, {
          before: s.end === 'added' ? undefined : own,
          after: s.end === 'removed' ? undefined : own,
          inherited: s.inherited,
          hooks: s.hook && s.end !== 'removed' ? { preflight: `packages/${s.name}/scripts/preflight.ts` } : {},
        });
      }),
      scripts: scripts.toSorted().map((path) => script(path)),
    }),
  );

test('any plan: ids once, no cycle, no need across phases, Advance after all of prepare, deployed after all of verify', () => {
  fc.assert(
    fc.property(anyFacts, (given) => {
      const plan = makePlan(given);
      expect(new Set(ids(plan)).size).toBe(plan.steps.length);
      const seen = new Set<string>();
      for (const { id, needs, phase } of plan.steps) {
        // Needs come earlier in the list, which also means that there is no cycle.
        for (const need of needs) expect([seen.has(need), step(plan, need).phase]).toEqual([true, phase]);
        seen.add(id);
      }
      const of = (phase: string) => plan.steps.filter((s) => s.phase === phase).map(({ id }) => id);
      expect([...before(plan, 'advance'), 'advance'].toSorted()).toEqual(of('prepare').toSorted());
      const verified = [...before(plan, 'deployed')].filter((id) => step(plan, id).phase === 'verify');
      expect([...verified, 'deployed'].toSorted()).toEqual(of('verify').toSorted());
      expect(plan.steps.map(describeStep).every((text) => text.length > 0)).toBe(true);
    }),
  );
});

test('the same facts make the same plan, and plan.json gives it back', () => {
  const world = openWorld();
  try {
    const path = join(world.paths.releases, 'T-1', 'plan.json');
    fc.assert(
      fc.property(anyFacts, (given) => {
        const plan = makePlan(given);
        expect(makePlan(given)).toEqual(plan);
        writePlan(world.host, path, plan);
        expect(readPlan(world.host, path)).toEqual(JSON.parse(JSON.stringify(plan)));
        expect(describePlan(readPlan(world.host, path) ?? plan)).toEqual(describePlan(plan));
      }),
      { numRuns: 25 },
    );
  } finally {
    world.dispose();
  }
});

function caught(act: () => unknown): ReleaseError {
  try {
    act();
  } catch (error) {
    if (error instanceof ReleaseError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
