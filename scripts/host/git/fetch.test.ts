import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, existsSync, readdirSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchBranch } from './fetch.ts';
import { fetchCause } from './fetch-cause.ts';
import { git } from './run.ts';
import { caught, openSandbox, type Sandbox } from './sandbox.ts';
import { exportTree } from './stage.ts';
import { openStore } from './store.ts';
import { diffTree, listFolders } from './trees.ts';

let box: Sandbox;
beforeEach(() => {
  box = openSandbox({ 'packages/a/manifest.yaml': 'name: a\n', 'shared/x': '1\n' });
});
afterEach(() => box.close());

/** Every path below a folder with size and time. */
const print = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).sort().map((path) => {
    const { size, mtimeMs } = statSync(join(folder, path));
    return `${path} ${size} ${mtimeMs}`;
  });

test('gives exactly the branch of that name and what was known before, and touches no other ref', async () => {
  const before = box.git(box.root, 'rev-parse', 'origin/main');
  box.git(box.origin, 'tag', 'v1');
  box.git(box.origin, 'branch', 'other');
  box.git(box.origin, 'branch', 'x/main');
  const sha = box.push({ 'shared/x': '2\n' });
  expect(await fetchBranch(box.repo, 'main')).toEqual({ sha, previous: before });
  expect(box.git(box.root, 'for-each-ref', '--format=%(refname)').split('\n')).toEqual([
    'refs/heads/main',
    'refs/remotes/origin/HEAD',
    'refs/remotes/origin/main',
  ]);
  expect(box.git(box.root, 'rev-parse', 'HEAD')).toBe(before);
  expect(existsSync(join(box.root, '.git/FETCH_HEAD'))).toBe(false);
});

test('a branch that never was here, and one that was force-pushed', async () => {
  box.git(box.origin, 'switch', '--quiet', '-c', 'hotfix/1');
  const hotfix = box.push({ 'shared/x': 'fix\n' });
  expect(await fetchBranch(box.repo, 'hotfix/1')).toEqual({ sha: hotfix, previous: undefined });
  box.git(box.origin, 'reset', '--quiet', '--hard', 'HEAD^');
  const rewritten = box.push({ 'shared/x': 'other fix\n' });
  expect(await fetchBranch(box.repo, 'hotfix/1')).toEqual({ sha: rewritten, previous: hotfix });
});

test('with a store nothing below .git changes, and the target can be read, compared and exported', async () => {
  const before = box.git(box.root, 'rev-parse', 'HEAD');
  const sha = box.push({
    'packages/b c/manifest.yaml': 'name: b\n',
    'packages/b c/run': { run: '#!/bin/sh\n' },
    'shared/x': null,
  });
  const at = print(join(box.root, '.git'));
  const stored = await openStore(box.repo, join(box.folder, 'store'));
  expect((await fetchBranch(stored, 'main')).sha).toBe(sha);
  expect(await diffTree(stored, before, sha)).toHaveLength(3);
  expect([...(await listFolders(stored, sha, 'packages')).keys()]).toEqual(['a', 'b c']);
  const out = join(box.folder, 'out');
  await Promise.all([
    exportTree(stored, sha, out, ['packages/b c', 'shared/x', 'nowhere']),
    exportTree(stored, before, join(box.folder, 'old'), ['shared']),
  ]);
  expect(readdirSync(join(box.folder, 'old/shared'))).toEqual(['x']);
  expect(readdirSync(out, { recursive: true }).sort()).toEqual([
    'packages',
    'packages/b c',
    'packages/b c/manifest.yaml',
    'packages/b c/run',
  ]);
  expect(statSync(join(out, 'packages/b c/run')).mode & 0o100).toBe(0o100);
  expect(print(join(box.root, '.git'))).toEqual(at);
});

test('a shallow clone fetches into a store without being changed', async () => {
  box.push({ y: '1\n' });
  const clone = join(box.folder, 'shallow');
  box.git(box.folder, 'clone', '--quiet', '--depth=1', `file://${box.origin}`, clone);
  const sha = box.push({ y: '2\n' });
  const at = print(join(clone, '.git'));
  const stored = await openStore({ host: box.host, root: clone }, join(box.folder, 'store'));
  expect((await fetchBranch(stored, 'main')).sha).toBe(sha);
  expect(print(join(clone, '.git'))).toEqual(at);
});

test('a branch that is not there', async () => {
  const error = await caught(fetchBranch(box.repo, 'nope'));
  expect(error.kind).toBe('refused');
  expect(error.message).toContain('no branch nope');
  expect(error.facts.details?.join()).toContain('refs/heads/nope');
});

test('a branch that was deleted there is an error, although its last commit is still known here', async () => {
  box.git(box.origin, 'branch', 'gone');
  await fetchBranch(box.repo, 'gone');
  box.git(box.origin, 'branch', '-D', 'gone');
  expect((await caught(fetchBranch(box.repo, 'gone'))).message).toContain('no branch gone');
});

test('a remote that is gone is never taken for up to date', async () => {
  renameSync(box.origin, `${box.origin}.away`);
  const error = await caught(fetchBranch(box.repo, 'main'));
  expect(error.message).toContain('cannot be reached');
  expect(error.message).toContain(box.origin);
});

test('a remote that hangs meets the time-out', async () => {
  using server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
  box.git(box.root, 'remote', 'set-url', 'origin', `git://127.0.0.1:${server.port}/x.git`);
  const error = await caught(fetchBranch(box.repo, 'main', { timeoutMs: 300 }));
  expect(error.message).toContain('did not deliver main within 0.3 s');
});

test('a remote that wants a password is refused without a prompt, and the one in the URL is not shown', async () => {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => new Response('no', { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }),
  });
  try {
    box.git(box.root, 'remote', 'set-url', 'origin', `http://bob:s3cret@127.0.0.1:${server.port}/x.git`);
    const error = await caught(fetchBranch(box.repo, 'main', { timeoutMs: 20_000 }));
    expect(error.message).toContain('does not let this host in');
    expect(JSON.stringify([error.message, error.facts])).not.toContain('s3cret');
    box.git(box.root, 'remote', 'set-url', 'origin', `http://127.0.0.1:${server.port}/x.git`);
    expect((await caught(fetchBranch(box.repo, 'main', { timeoutMs: 20_000 }))).message).toContain(
      'does not let this host in',
    );
  } finally {
    await server.stop(true);
  }
});

test('ssh is told not to ask, unless the operator configured it', async () => {
  box.write(box.folder, {
    'bin/ssh': {
      run: `#!/bin/sh\nprintf '%s\\n' "$*" >'${box.folder}/ssh-args'\necho 'git@h: Permission denied (publickey).' >&2\nexit 255\n`,
    },
  });
  const env = { ...box.host.machine.env, PATH: `${box.folder}/bin:${box.host.machine.env.PATH}` };
  const host = { ...box.host, machine: { ...box.host.machine, env } };
  const args = () => host.files.readText(`${box.folder}/ssh-args`) ?? '';
  box.git(box.root, 'remote', 'set-url', 'origin', 'ssh://git@127.0.0.1/x.git');
  const error = await caught(fetchBranch({ host, root: box.root }, 'main'));
  expect(error.message).toContain('does not let this host in');
  expect(args()).toContain('-o BatchMode=yes -o ConnectTimeout=10');
  const own = { ...host, machine: { ...host.machine, env: { ...env, GIT_SSH_COMMAND: 'ssh -i /own' } } };
  await caught(fetchBranch({ host: own, root: box.root }, 'main'));
  expect(args()).toStartWith('-i /own');
  box.git(box.root, 'config', 'core.sshCommand', 'ssh -i /key');
  await caught(fetchBranch({ host, root: box.root }, 'main'));
  expect(args()).toStartWith('-i /key');
  expect(args()).not.toContain('BatchMode');
});

test('no origin, and a branch that is none', async () => {
  expect((await caught(fetchBranch(box.repo, '--upload-pack=x'))).kind).toBe('bad-input');
  box.git(box.root, 'remote', 'remove', 'origin');
  expect((await caught(fetchBranch(box.repo, 'main'))).message).toContain('no remote called origin');
});

test('causes are told apart', () => {
  expect(fetchCause(['fatal: x'], true)).toBe('timeout');
  expect(fetchCause(['Host key verification failed.', 'fatal: Could not read from remote repository.'], false)).toBe(
    'host-key',
  );
  expect(
    fetchCause(['ssh: Could not resolve hostname h', 'fatal: Could not read from remote repository.'], false),
  ).toBe('unreachable');
  expect(fetchCause(['fatal: write error: No space left on device'], false)).toBe('local');
  expect(fetchCause(['fatal: something new'], false)).toBe('other');
});

test('the lock that a killed git left on the tracking branch does not keep the next fetch out', async () => {
  const sha = box.push({ 'shared/x': '2\n' });
  const lock = join(box.root, '.git/refs/remotes/origin/main.lock');
  writeFileSync(lock, '');
  expect((await fetchBranch(box.repo, 'main')).sha).toBe(sha);
  expect(existsSync(lock)).toBe(false);
});

test('objects that a power cut emptied are fetched again', async () => {
  const sha = box.push({ 'README.md': 'second\n', 'more/x': 'x\n' });
  await fetchBranch(box.repo, 'main');
  const listed = box.git(box.root, 'rev-list', '--objects', `${sha}~1..${sha}`).split('\n');
  const paths = listed.map((line) => join(box.root, '.git/objects', line.slice(0, 2), line.slice(2, 40)));
  for (const path of paths) {
    chmodSync(path, 0o644);
    truncateSync(path);
  }
  expect((await fetchBranch(box.repo, 'main')).sha).toBe(sha);
  expect(paths.filter((path) => existsSync(path) && statSync(path).size === 0)).toEqual([]);
  expect(box.git(box.root, 'fsck', '--no-dangling', '--connectivity-only', sha)).toBe('');
});

test('an emptied object that stops anything else is named, with what mends it', async () => {
  const sha = box.push({ 'README.md': 'second\n' });
  await fetchBranch(box.repo, 'main');
  const id = box.git(box.root, 'rev-parse', `${sha}^{tree}`);
  const path = join(box.root, '.git/objects', id.slice(0, 2), id.slice(2));
  chmodSync(path, 0o644);
  truncateSync(path);
  const error = await caught(git(box.repo, ['ls-tree', sha]));
  expect(JSON.stringify(error.facts)).toContain('is empty');
  expect(error.facts.hint).toContain(
    'find .git/objects -type f -empty -delete && git fetch --refetch origin && git fsck --connectivity-only',
  );
});

test("a lock that is in nobody's way stays", async () => {
  box.push({ 'shared/x': '2\n' });
  const lock = join(box.root, '.git/packed-refs.lock');
  box.git(box.root, 'pack-refs', '--all');
  writeFileSync(lock, '');
  const fetched = await fetchBranch(box.repo, 'main').catch((error: unknown) => error);
  expect(existsSync(lock)).toBe(true);
  expect(fetched).toHaveProperty('sha');
});
