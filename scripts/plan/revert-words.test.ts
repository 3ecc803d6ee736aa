import { expect, test } from 'bun:test';
import { notMerged, returnedLines } from './hotfix.ts';
import { pullRequestCommand, type RevertStands, revertGitLines } from './revert-words.ts';

const SHA = '1'.repeat(40);
const STORY = { ticket: 'T1', branch: 'main', baseSha: '0'.repeat(40), mergeSha: SHA, newerCount: 0 };
const text = (stands: RevertStands, change = {}) => revertGitLines({ ...STORY, ...change }, stands).join('\n');

test('every outcome says that merging again does not help, and what does', () => {
  const outcomes: RevertStands[] = [
    { kind: 'pushed', revertSha: '2'.repeat(40), originSha: '2'.repeat(40) },
    { kind: 'pushed', revertSha: undefined, originSha: '2'.repeat(40) },
    { kind: 'pending', reason: 'The remote cannot be reached', details: ['no route'], conflicts: [] },
    { kind: 'pending', reason: 'at odds', details: [], conflicts: ['app'] },
    { kind: 'branch', name: 'asd-revert/T1', remote: 'git@forge.example.org:a/b' },
    { kind: 'none', revertSha: '2'.repeat(40) },
  ];
  for (const stands of outcomes) {
    expect(text(stands)).toContain('Merging the same branch again does not bring T1 back');
    expect(text(stands)).toContain('git revert --no-edit ');
  }
  expect(text({ kind: 'pushed', revertSha: '2'.repeat(40), originSha: SHA })).toContain(
    `git revert --no-edit ${'2'.repeat(40)}`,
  );
});

test('pending names the reason, the same command, or the paths; newer commits are counted', () => {
  const pending = { kind: 'pending', reason: 'R', details: ['D'], conflicts: [] } as const;
  expect(text(pending)).toContain('R:\n  | D\nThe same command goes on with it: just release-revert T1');
  expect(text({ ...pending, conflicts: ['a b', 'c'] })).toContain('\n  a b\n  c\n');
  expect(text(pending)).not.toContain('newer');
  expect(text(pending, { newerCount: 1 })).toContain('1 newer commit is on origin/main: neither lost nor deployed');
});

test('none says why, and the way by hand', () => {
  const none = { kind: 'none', revertSha: undefined } as const;
  expect(text(none)).toContain('is not pushed: so configured (revert.push: none).');
  expect(text({ ...none, why: 'The remote does not let this host push' })).toContain(
    'is not pushed: The remote does not let this host push. main still has the change',
  );
  expect(text(none)).toContain('  git push origin revert-T1');
});

test("the forge's own command, or git's, safe to paste", () => {
  const of = (remote: string) => pullRequestCommand({ remote, branch: 'asd-revert/T1', into: 'main' });
  expect(of('git@github.example.org:a/b.git')).toBe('gh pr create --base main --head asd-revert/T1 --fill');
  expect(of('https://***@gitlab.example.org/a/b')).toBe(
    'glab mr create --target-branch main --source-branch asd-revert/T1 --fill',
  );
  expect(of('/srv/github/x')).toBe('git request-pull origin/main /srv/github/x asd-revert/T1');
  expect(of("/srv/$(id)'x")).toBe("git request-pull origin/main '/srv/$(id)'\\''x' asd-revert/T1");
});

test('a fix that is not merged: its commits and the way out', () => {
  const facts = notMerged({
    branch: 'hotfix/x',
    home: 'main',
    head: SHA,
    commits: [{ sha: SHA, subject: 'fix' }],
    count: 3,
    remote: '/srv/origin',
  });
  expect(facts.details).toEqual(['1111111111 fix', 'and 2 more']);
  expect(facts.hint).toContain(`git push origin ${SHA}:refs/heads/hotfix/x`);
});

test('returned: what is not deployed yet is named', () => {
  const facts = { home: 'main', sha: SHA, deployed: SHA, pending: ['a', 'b'] };
  expect(returnedLines(facts).at(-1)).toContain('not deployed yet: a, b');
  expect(returnedLines({ ...facts, pending: [] }).at(-1)).toContain('no service that differs');
  expect(returnedLines({ ...facts, deployed: undefined }).at(-1)).toContain('release-adopt');
});
