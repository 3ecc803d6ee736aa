// Against a real git over HTTP: fetched and pushed with the password of a URL, which no process has among its arguments.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { join } from 'node:path';
import { allPids, readProc } from '../proc.ts';
import { fetchBranch } from './fetch.ts';
import { serveGit } from './fixture-http.ts';
import { canPush, pushCommit } from './push.ts';
import { remoteOf } from './remote.ts';
import { tryGit } from './run.ts';
import { caught, openSandbox, type Sandbox } from './sandbox.ts';
import { checkStillOffered } from './still-offered.ts';

const LOGIN = { user: 'b@b', password: `it's "p%ss"\\n $HOME:/?#` };

let box: Sandbox;
let seen: string[];
beforeEach(() => {
  box = openSandbox({ 'shared/x': '1\n' });
  box.git(box.origin, 'config', 'receive.denyCurrentBranch', 'ignore');
  seen = [];
});
afterEach(() => box.close());

/** The arguments of every process that knows this server's port. */
const look = () => {
  for (const pid of allPids()) {
    const line = readProc(pid, 'cmdline')?.toString() ?? '';
    if (line.includes('remote-http')) seen.push(line.replaceAll('\0', ' '));
  }
};
const encoded = encodeURIComponent(LOGIN.password);
const set = (...words: string[]) => box.git(box.root, 'config', ...words);

test('everything that talks with origin has the password, and no process shows it', async () => {
  await using server = serveGit(box.folder, LOGIN, look);
  box.git(box.root, 'remote', 'set-url', 'origin', server.url('origin/.git'));
  const sha = box.push({ 'shared/x': '2\n' });
  expect((await fetchBranch(box.repo, 'main')).sha).toBe(sha);
  expect(await canPush(box.repo, 'main')).toBe('yes');
  expect(await pushCommit(box.repo, { sha, branch: 'asd-revert/T-1' })).toEqual({ kind: 'pushed' });
  expect(box.git(box.origin, 'rev-parse', 'asd-revert/T-1')).toBe(sha);
  expect(await checkStillOffered(box.repo, { sha, branch: 'main' })).toBeUndefined();
  expect(seen.filter((line) => line.includes(server.bare('origin/.git'))).length).toBeGreaterThan(3);
  expect(seen.filter((line) => line.includes(encoded) || line.includes(LOGIN.password))).toEqual([]);

  // What we look with does see it where it is: git by itself.
  const alone = await tryGit(box.repo, ['ls-remote', 'origin', 'refs/heads/main']);
  expect(alone.stdout).toContain(sha);
  expect(seen.filter((line) => line.includes(encoded)).length).toBeGreaterThan(0);
});

test('a short name for the URL, a URL for pushes alone, and helpers of the operator that would keep the password', async () => {
  await using server = serveGit(box.folder, LOGIN, look);
  const kept = join(box.folder, 'kept');
  set('credential.helper', `store --file=${kept}`);
  set(`url.${server.url('')}.insteadOf`, 'ours:');
  set('remote.origin.url', 'ours:origin/.git');
  expect((await fetchBranch(box.repo, 'main')).sha).toBe(box.git(box.origin, 'rev-parse', 'main'));
  expect(await canPush(box.repo, 'main')).toBe('yes');
  set('remote.origin.pushurl', server.url('origin/.git'));
  expect(await canPush(box.repo, 'main')).toBe('yes');
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.filter((line) => line.includes(encoded))).toEqual([]);
  expect(box.host.files.stat(kept)).toBeUndefined();
});

test('a wrong password is told as one, and not shown', async () => {
  await using server = serveGit(box.folder, { ...LOGIN, password: 'another' }, look);
  box.git(box.root, 'remote', 'set-url', 'origin', server.url('origin/.git').replace('another', encoded));
  const error = await caught(fetchBranch(box.repo, 'main'));
  expect(error.message).toContain('The remote does not let this host in');
  expect(JSON.stringify([error, seen])).not.toContain(encoded);
});

test('a remote without a password is asked as it is', async () => {
  for (const url of ['https://bob@git.example.org/a.git', 'ssh://git:pw@h/x', '/srv/x.git', 'https://h/a:b@c'])
    expect((await remoteOf({ ...box.repo, root: rooted(url) })).env).not.toHaveProperty('GIT_CONFIG_COUNT');
  // Git would refuse it; we make no other out of it.
  const odd = await remoteOf({ ...box.repo, root: rooted('https://bob:p%0aw@h/') });
  expect(odd.env).not.toHaveProperty('ASD_GIT_PASSWORD');
});

test('what a remote says is shown without the secrets of .env', async () => {
  box.write(box.origin, {
    '.git/hooks/pre-receive': { run: '#!/bin/sh\necho "the token hunter22-b0d1e is over" >&2\nexit 1\n' },
  });
  const sha = box.git(box.root, 'rev-parse', 'HEAD');
  const answer = await pushCommit({ ...box.repo, secrets: ['hunter22-b0d1e'] }, { sha, branch: 'new' });
  expect(answer).toMatchObject({ kind: 'refused' });
  expect(JSON.stringify(answer)).toContain('the token *** is over');
});

function rooted(url: string): string {
  box.git(box.root, 'remote', 'set-url', 'origin', url);
  return box.root;
}
