import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutBranch } from '../host/git/checkout-branch.ts';
import { caught, openSandbox, type Sandbox } from '../host/git/sandbox.ts';
import { hostPaths, ticketPaths } from '../host/paths.ts';
import { writeState } from '../journal/state.ts';
import { parseReleaseConfig } from '../manifest/release-config.ts';
import { type ReleaseState, SCHEMA } from '../model/release.ts';
import type { Context } from './context.ts';
import { DEPLOYED_REF } from './deployed-ref.ts';
import { returnToMain } from './return-to-main.ts';
import { revertedReleases } from './reverted.ts';
import { survey } from './survey.ts';

const manifest = (name: string) => `name: ${name}\nruntime: pm2\ninstallation: { status: installed }\n`;

let box: Sandbox;
let context: Context;
let base: string;
let fix: string;
beforeEach(async () => {
  box = openSandbox({
    'packages/a/manifest.yaml': manifest('a'),
    'packages/b/manifest.yaml': manifest('b'),
    '.gitignore': '.asd/\n.env\n',
  });
  const { config } = parseReleaseConfig(undefined, '.asd/release.yaml');
  const { host, repo, root } = box;
  const paths = hostPaths(root, root, config.backup.dir);
  context = { host, repo, config, notices: [], env: {}, paths } as unknown as Context;
  box.write(root, { '.env': 'KEEP=1\n', '.asd/workspace/releases/x': '' });
  base = head();
  box.git(box.origin, 'checkout', '--quiet', '-b', 'hotfix/x');
  fix = box.push({ 'packages/a/x': 'fixed\n' }, 'the fix');
  box.git(root, 'fetch', '--quiet', 'origin');
  await checkoutBranch(repo, { branch: 'hotfix/x', from: base, to: fix });
  box.git(root, 'update-ref', DEPLOYED_REF, fix);
  box.git(box.origin, 'checkout', '--quiet', 'main');
});
afterEach(() => box.close());

const head = () => box.git(box.root, 'rev-parse', 'HEAD');
const branch = () => box.git(box.root, 'symbolic-ref', '--short', 'HEAD');
const squash = () => {
  box.git(box.origin, 'merge', '--quiet', '--squash', 'hotfix/x');
  box.git(box.origin, 'commit', '--quiet', '-m', 'the fix (#1)');
};
const record = (ticket: string, change: Partial<ReleaseState>) =>
  writeState(box.host, ticketPaths(context.paths, ticket).state, {
    schema: SCHEMA,
    ticket,
    branch: 'main',
    baseSha: base,
    targetSha: fix,
    mergeSha: fix,
    phase: 'migrate',
    phaseStatus: 'failed',
    releaseStatus: 'halted',
    services: [],
    added: [],
    removed: [],
    backups: {},
    engine: '',
    supersedes: '',
    timestamps: {},
    logSum: '00000000',
    ...change,
  });

test('a release of the hotfix left main where it was, and says how to come back', async () => {
  expect([branch(), head(), box.git(box.root, 'rev-parse', 'main')]).toEqual(['hotfix/x', fix, base]);
  box.git(box.root, 'checkout', '--quiet', 'main');
  const look = { branch: 'hotfix/x', allowNonMain: true, anyCheckout: false, asked: true, repo: box.repo };
  const { notices } = await survey(context, look);
  expect(notices.join('\n')).toContain('The checkout goes from main to hotfix/x; main stays at');
  // A branch of that name with commits that are nowhere else is seen before anything is changed.
  box.git(box.root, 'checkout', '--quiet', 'hotfix/x');
  box.git(box.root, 'commit', '--quiet', '--allow-empty', '-m', 'made here');
  box.git(box.root, 'checkout', '--quiet', 'main');
  expect((await caught(survey(context, look))).message).toContain('hotfix/x has 1 commit that origin lacks');
});

test('not merged: refused with its commits and the way out, nothing is moved', async () => {
  box.push({ 'packages/b/y': '1\n' });
  const error = await caught(returnToMain(context));
  expect(error.kind).toBe('refused');
  expect(error.facts.details).toEqual([`${fix.slice(0, 10)} the fix`]);
  expect(error.facts.hint).toContain(`git push origin ${fix}:refs/heads/hotfix/x`);
  expect([branch(), head()]).toEqual(['hotfix/x', fix]);
});

test('squashed into main, which went on: back, forward, and what is not deployed is named', async () => {
  squash();
  const main = box.push({ 'packages/b/y': '1\n' });
  const told = (await returnToMain(context)).join('\n');
  expect(told).toContain('merged as a squash');
  expect(told).toContain('not deployed yet: b.');
  expect([branch(), head()]).toEqual(['main', main]);
  expect(box.git(box.root, 'status', '--porcelain')).toBe('');
  expect(readFileSync(join(box.root, '.env'), 'utf8')).toBe('KEEP=1\n');
  expect(box.git(box.root, 'rev-parse', DEPLOYED_REF, 'hotfix/x')).toBe(`${fix}\n${fix}`);
  expect((await returnToMain(context)).join('\n')).toContain('main is checked out already');
});

test('merged, and nothing else: every service is deployed', async () => {
  box.git(box.origin, 'merge', '--quiet', '--no-ff', '-m', 'merge', 'hotfix/x');
  expect((await returnToMain(context)).at(-1)).toContain('no service that differs from what is deployed');
});

test('cut off in the middle of the move: the same command ends it', async () => {
  squash();
  box.push({ 'packages/b/y': '1\n' });
  const main = box.push({ 'packages/b/z': '1\n' });
  const dead = {
    ...context.host,
    exec: {
      ...context.host.exec,
      run: async (...[argv, options]: Parameters<typeof context.host.exec.run>) => {
        if (!argv.includes('checkout')) return await context.host.exec.run(argv, options);
        writeFileSync(join(box.root, '.git/index.lock'), '');
        box.write(box.root, { 'packages/b/y': '1\n' });
        throw new Error('power cut');
      },
    },
  };
  const cut = returnToMain({ ...context, host: dead, repo: { ...box.repo, host: dead } });
  expect(await cut.catch((error: Error) => error.message)).toBe('power cut');
  expect(existsSync(join(context.paths.workspace, 'return-to-main.json'))).toBe(true);
  const look = { branch: undefined, allowNonMain: false, anyCheckout: false, asked: true, repo: box.repo };
  expect(JSON.stringify((await caught(survey(context, look))).facts)).toContain('just release-return-to-main');
  await returnToMain(context);
  expect([branch(), head(), box.git(box.root, 'status', '--porcelain')]).toEqual(['main', main, '']);
  expect(existsSync(join(context.paths.workspace, 'return-to-main.json'))).toBe(false);
  // Cut off, then mended by hand: taken as it is.
  const intent = { from: { branch: 'hotfix/x', sha: fix }, to: { branch: 'main', sha: fix } };
  box.write(box.root, { '.asd/workspace/return-to-main.json': JSON.stringify(intent) });
  await returnToMain(context);
  expect([branch(), head()]).toEqual(['main', main]);
  box.write(box.root, { '.asd/workspace/return-to-main.json': '{' });
  expect((await caught(returnToMain(context))).facts.what).toContain('cannot be read');
});

test('files in the way, changes by hand, and an open release: refused, nothing is moved', async () => {
  squash();
  box.push({ '.env': 'theirs\n' });
  expect((await caught(returnToMain(context))).facts.details).toEqual(['.env']);
  box.write(box.root, { 'packages/a/x': 'by hand\n' });
  expect((await caught(returnToMain(context))).facts.details?.join()).toContain('packages/a/x');
  box.git(box.root, 'checkout', '--quiet', 'packages/a/x');
  record('T1', {});
  expect((await caught(returnToMain(context))).facts.what).toContain('T1 is halted in migrate');
  expect([branch(), head()]).toEqual(['hotfix/x', fix]);
});

test('a reverted release does not come back unnoticed with the next target', async () => {
  box.git(box.root, 'checkout', '--quiet', '-B', 'main', base);
  box.git(box.root, 'update-ref', DEPLOYED_REF, base);
  record('T1', { releaseStatus: 'reverted', phase: 'verify' });
  record('T0', { releaseStatus: 'reverted', mergeSha: '9'.repeat(40) });
  const look = { branch: undefined, allowNonMain: false, anyCheckout: false, asked: false, repo: box.repo };
  const without = box.push({ 'packages/b/y': '1\n' });
  expect((await survey(context, look)).targetSha).toBe(without);
  box.git(box.origin, 'merge', '--quiet', '--no-ff', '-m', 'merge', 'hotfix/x');
  const refused = await caught(survey(context, look));
  expect(refused.message).toContain('bring T1 back');
  expect((await survey(context, { ...look, ackReverted: ['T1'] })).changes.map((c) => c.path)).toContain(
    'packages/a/x',
  );
  const target = box.push({ 'packages/a/x': null }, 'undo by a pull request');
  expect((await survey(context, look)).targetSha).toBe(target);
  // Released once more on purpose, it is nobody's question any more.
  const again = box.push({ 'packages/a/x': 'mended\n' });
  expect((await survey(context, look)).targetSha).toBe(again);
  const [found] = await revertedReleases(context, box.repo, { target: again, deployed: again });
  expect(found).toMatchObject({ ticket: 'T1', inTarget: true, inDeployed: true });
});
