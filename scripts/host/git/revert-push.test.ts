import { afterEach, beforeEach, expect, test } from 'bun:test';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { canPush, pushCommit } from './push.ts';
import { tryRevert } from './revert.ts';
import { pushRevert, type RevertPush } from './revert-push.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

let box: Sandbox;
let base: string;
let mergeSha: string;
beforeEach(() => {
  box = openSandbox({ app: '1\n', other: '1\n' });
  box.git(box.origin, 'config', 'receive.denyCurrentBranch', 'updateInstead');
  base = box.git(box.root, 'rev-parse', 'HEAD');
  mergeSha = box.push({ app: '2\n' });
  box.git(box.root, 'pull', '--quiet', '--ff-only');
});
afterEach(() => box.close());

const at = (ref: string) => box.git(box.origin, 'rev-parse', ref);
const hook = (name: string, script: string) =>
  box.write(box.origin, { [`.git/hooks/${name}`]: { run: `#!/bin/sh\n${script}\n` } });
async function prepared(mode: RevertPush['mode'] = 'main'): Promise<RevertPush> {
  const spec = { baseSha: base, mergeSha, branch: 'main', folder: join(box.folder, 'aside') };
  const { revertSha, originSha } = await tryRevert(box.repo, spec);
  return { ...spec, ticket: 'T-1', revertSha, expectedOrigin: originSha, mode };
}

test('pushed to main, and asked again it is there already', async () => {
  const push = await prepared();
  const pushed = { kind: 'pushed', revertSha: push.revertSha, originSha: push.revertSha };
  expect(await pushRevert(box.repo, push)).toMatchObject(pushed);
  expect(at('main')).toBe(push.revertSha ?? '');
  expect(await pushRevert(box.repo, push)).toMatchObject(pushed);
  // Also where the commit's name was lost on the way.
  expect(await pushRevert(box.repo, { ...push, revertSha: undefined })).toMatchObject({ kind: 'pushed' });
  expect(at('main')).toBe(push.revertSha ?? '');
});

test('a lost race: the revert is made again on the newer commit, which stays', async () => {
  const push = await prepared();
  // Somebody pushes between our look and our push, twice.
  box.git(box.origin, 'config', 'receive.denyCurrentBranch', 'ignore');
  box.write(box.origin, {
    '.git/hooks/pre-receive': {
      run: `#!/bin/sh
count=$(cat '${box.folder}/count' 2>/dev/null || echo 0); test "$count" -lt 2 || exit 0
echo $((count + 1)) >'${box.folder}/count'
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
blob=$(echo r | git hash-object -w --stdin)
tree=$( { printf '100644 blob %s\\trace%s\\n' $blob $count; git ls-tree main; } | git mktree)
git update-ref refs/heads/main $(git commit-tree $tree -p main -m race)
`,
    },
  });
  const pushed = await pushRevert(box.repo, push);
  expect(pushed).toMatchObject({ kind: 'pushed' });
  expect(box.git(box.origin, 'ls-tree', '--name-only', 'main')).toBe('app\nother\nrace0\nrace1');
  expect(box.git(box.origin, 'show', 'main:app')).toBe('1');
});

test('a newer commit at odds with the revert: pending, with its paths', async () => {
  const push = await prepared();
  box.push({ app: '3\n' });
  expect(await pushRevert(box.repo, push)).toMatchObject({ kind: 'pending', conflicts: ['app'] });
});

test('a newer push that reverts the same: nothing more is pushed', async () => {
  const push = await prepared();
  const theirs = box.push({ app: '1\n', other: '2\n' });
  expect(await pushRevert(box.repo, push)).toEqual({ kind: 'pushed', revertSha: undefined, originSha: theirs });
  expect(at('main')).toBe(theirs);
});

test('a protected main: pending with what the remote said, and its own branch goes', async () => {
  hook(
    'pre-receive',
    'while read -r _ _ ref; do test "$ref" != refs/heads/main || { echo "main is protected"; exit 1; }; done',
  );
  const push = await prepared();
  const refused = await pushRevert(box.repo, push);
  expect(refused).toMatchObject({ kind: 'pending', revertSha: push.revertSha });
  expect(JSON.stringify(refused)).toContain('main is protected');
  expect(at('main')).toBe(mergeSha);

  const branch = { kind: 'branch', name: 'asd-revert/T-1', revertSha: push.revertSha };
  expect(await pushRevert(box.repo, { ...push, mode: 'branch' })).toMatchObject(branch);
  expect(at('asd-revert/T-1')).toBe(push.revertSha ?? '');
  expect(await pushRevert(box.repo, { ...push, mode: 'branch' })).toMatchObject(branch);
  // A later try is another commit; the first one still does it, and stays.
  box.push({ other: '2\n' });
  expect(await pushRevert(box.repo, { ...push, mode: 'branch', revertSha: undefined })).toMatchObject(branch);
  // One that does not is replaced.
  box.git(box.origin, 'branch', '--force', 'asd-revert/T-1', base);
  expect(await pushRevert(box.repo, { ...push, mode: 'branch' })).toMatchObject({
    kind: 'branch',
    name: 'asd-revert/T-1',
  });
  expect(box.git(box.origin, 'show', 'asd-revert/T-1:app')).toBe('1');
  // Merged by a pull request, squashed: recognised.
  const merged = box.push({ app: '1\n' }, 'Revert (#7)');
  expect(await pushRevert(box.repo, { ...push, mode: 'branch' })).toMatchObject({ kind: 'pushed', originSha: merged });
});

test('nothing is pushed where that is configured', async () => {
  const push = await prepared('none');
  expect(await pushRevert(box.repo, push)).toEqual({ kind: 'none', revertSha: push.revertSha });
  expect(at('main')).toBe(mergeSha);
});

test('a remote that is down, and one that does not answer: pending, the same call goes on', async () => {
  const push = await prepared();
  renameSync(box.origin, `${box.origin}.away`);
  expect(await pushRevert(box.repo, push)).toMatchObject({
    kind: 'pending',
    reason: expect.stringContaining('reached'),
  });
  expect(await canPush(box.repo, 'main')).toMatchObject({ no: expect.stringContaining('reached') });
  renameSync(`${box.origin}.away`, box.origin);
  hook('pre-receive', 'sleep 30');
  const slow = await pushCommit(box.repo, { sha: push.revertSha ?? '', branch: 'main' }, { timeoutMs: 300 });
  expect(slow).toMatchObject({ kind: 'refused', reason: expect.stringContaining('did not answer') });
  hook('pre-receive', 'exit 0');
  expect(await pushRevert(box.repo, push)).toMatchObject({ kind: 'pushed' });
});

test('asking whether a push is allowed changes nothing', async () => {
  const newer = box.push({ other: '2\n' });
  expect(await canPush(box.repo, 'main')).toBe('yes');
  expect(await canPush(box.repo, 'asd-revert/T-1')).toBe('yes');
  expect(box.git(box.origin, 'for-each-ref', '--format=%(objectname) %(refname)')).toBe(`${newer} refs/heads/main`);
  box.git(box.root, 'remote', 'set-url', '--push', 'origin', 'ext::sh -c evil');
  expect(await canPush(box.repo, 'main')).toMatchObject({ no: expect.any(String) });
});
