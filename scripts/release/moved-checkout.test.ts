// Where the checkout stands against what the engine left: pulled by something else, reset, or as it should be.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { openSandbox, type Sandbox } from '../host/git/sandbox.ts';
import type { ReleaseState } from '../model/release.ts';
import { movedCheckout, movedLines } from './moved-checkout.ts';

let box: Sandbox;
let first: string;
beforeEach(() => {
  box = openSandbox();
  first = box.git(box.root, 'rev-parse', 'HEAD');
  box.git(box.root, 'update-ref', 'refs/asd/deployed', first);
});
afterEach(() => box.close());
const state = (releaseStatus: ReleaseState['releaseStatus'], mergeSha: string) =>
  ({ releaseStatus, baseSha: first, targetSha: mergeSha, mergeSha }) as ReleaseState;
const said = (moved: Awaited<ReturnType<typeof movedCheckout>>) => (moved ? movedLines(moved).join('\n') : '');

test('as the engine left it, and where nothing was adopted: nothing is said', async () => {
  expect(await movedCheckout(box.repo, undefined)).toBeUndefined();
  box.push({ 'a.txt': '1\n' });
  box.git(box.root, 'pull', '--quiet');
  box.git(box.root, 'update-ref', '-d', 'refs/asd/deployed');
  expect(await movedCheckout(box.repo, undefined)).toBeUndefined();
});

test("pulled: from where to where, when, and in git's words", async () => {
  const next = box.push({ 'a.txt': '1\n' });
  box.git(box.root, 'pull', '--quiet', '--ff-only');
  const moved = await movedCheckout(box.repo, state('released', first));
  expect(moved).toMatchObject({ deployed: first, head: next, how: 'pull --quiet --ff-only: Fast-forward' });
  expect(moved?.at).toMatch(/^\d{4}-\d\d-\d\dT/);
  expect(said(moved)).toContain(`from ${first.slice(0, 12)}, which is deployed, to ${next.slice(0, 12)}`);
  expect(said(moved)).toContain('a webhook, CI or cron job pulls here');
});

test('a release that is not over may have the checkout on its own commits, and on no other', async () => {
  const next = box.push({ 'a.txt': '1\n' });
  box.git(box.root, 'pull', '--quiet');
  expect(await movedCheckout(box.repo, state('halted', next))).toBeUndefined();
  const other = box.push({ 'a.txt': '2\n' });
  box.git(box.root, 'pull', '--quiet');
  expect(await movedCheckout(box.repo, state('halted', next))).toMatchObject({ head: other });
});

test('put back by hand after a release, and without a reflog: it is seen, too', async () => {
  const next = box.push({ 'a.txt': '1\n' });
  box.git(box.root, 'pull', '--quiet');
  box.git(box.root, 'update-ref', 'refs/asd/deployed', next);
  box.git(box.root, 'reset', '--quiet', '--hard', first);
  const moved = await movedCheckout(box.repo, state('released', next));
  expect(moved).toMatchObject({ deployed: next, head: first });
  expect(said(moved)).not.toContain('webhook');
  box.git(box.root, 'reflog', 'expire', '--expire=all', '--all');
  expect(await movedCheckout(box.repo, state('released', next))).toMatchObject({ head: first, at: '', how: '' });
});
