import { expect, test } from 'bun:test';
import type { TargetFacts, WorkingTree } from '../model/checkout.ts';
import { ReleaseError } from '../model/error.ts';
import { checkCheckout, checkTarget, throwAll } from './preflight.ts';

const CLEAN: WorkingTree = {
  root: '/srv/host',
  head: '1'.repeat(40),
  branch: 'main',
  dirty: [],
  inProgress: undefined,
  indexLock: false,
  identity: true,
  shallow: false,
  submodules: false,
  lfs: false,
  remote: 'file:///srv/origin',
};
const TARGET: TargetFacts = {
  root: '/srv/host',
  shallow: false,
  head: '1'.repeat(40),
  target: '2'.repeat(40),
  fastForward: true,
  rewritten: false,
  localCommits: [],
  localCount: 0,
  mergeBase: '1'.repeat(40),
  collisions: [],
};
const MAIN = { branch: 'main', allowNonMain: false };
const whats = (changes: Partial<WorkingTree>, wanted = MAIN) =>
  checkCheckout({ ...CLEAN, ...changes }, wanted).map((one) => one.what);

test('a clean checkout has nothing against it', () => {
  expect(whats({})).toEqual([]);
  expect(checkTarget(TARGET, { branch: 'main' })).toEqual([]);
  expect(() => throwAll([])).not.toThrow();
});

test.each([
  [{ dirty: [{ path: 'a', status: '.M' }] }, '1 tracked file differs'],
  [{ inProgress: 'cherry-pick' }, 'A cherry-pick is in progress'],
  [{ branch: undefined }, 'HEAD is detached'],
  [{ branch: 'fix' }, 'on branch fix, not on main'],
  [{ identity: false }, 'no identity'],
  [{ indexLock: true }, 'index.lock exists'],
  [{ remote: undefined }, 'no remote called origin'],
] as Array<[Partial<WorkingTree>, string]>)('%j is refused', (changes, sentence) => {
  const problems = checkCheckout({ ...CLEAN, ...changes }, MAIN);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.what).toContain(sentence);
  expect(problems[0]?.where).toBe('/srv/host');
  expect(problems[0]?.hint).toBeDefined();
});

test('another branch may be allowed, a detached HEAD not', () => {
  expect(whats({ branch: 'fix' }, { branch: 'main', allowNonMain: true })).toEqual([]);
  expect(whats({ branch: undefined }, { branch: 'main', allowNonMain: true })).toHaveLength(1);
});

test('twenty dirty files are named, the rest counted, control characters quoted', () => {
  const dirty = Array.from({ length: 25 }, (_, at) => ({ path: `f\n${at}`, status: '.M' }));
  const [problem] = checkCheckout({ ...CLEAN, dirty }, MAIN);
  expect(problem?.details).toHaveLength(21);
  expect(problem?.details?.[0]).toBe('.M "f\\n0"');
  expect(problem?.details?.[20]).toBe('and 5 more');
});

test('all problems come at once, each with its way out', () => {
  const error = (() => {
    try {
      throwAll(
        checkCheckout({ ...CLEAN, identity: false, inProgress: 'merge', dirty: [{ path: 'a', status: 'UU' }] }, MAIN),
      );
    } catch (thrown) {
      return thrown;
    }
    return undefined;
  })();
  expect(error).toBeInstanceOf(ReleaseError);
  const { kind, facts } = error as ReleaseError;
  expect(kind).toBe('refused');
  expect(facts.what).toContain('3 things');
  expect(facts.details).toContain('   -> Finish it, or give it up: git merge --abort');
  expect(facts.details).toContain('   UU a');
});

test('collisions are told by their kind', () => {
  const collisions = [
    { path: '.env', why: 'untracked' as const },
    { path: 'conf', why: 'hidden' as const },
  ];
  const problems = checkTarget({ ...TARGET, collisions }, { branch: 'main' });
  expect(problems.map((one) => one.details)).toEqual([['.env'], ['conf']]);
  expect(problems[0]?.what).toContain('untracked or ignored');
});

test('many local commits are counted', () => {
  const localCommits = Array.from({ length: 20 }, (_, at) => ({ sha: String(at).padEnd(40, '0'), subject: `c${at}` }));
  const [problem] = checkTarget({ ...TARGET, fastForward: false, localCommits, localCount: 31 }, { branch: 'main' });
  expect(problem?.details?.at(-1)).toBe('and 11 more');
});
