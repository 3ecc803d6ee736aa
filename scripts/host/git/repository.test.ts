import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { gitVersion, toplevel } from './repository.ts';
import { gitEnv, maskUrl } from './run.ts';
import { caught, openSandbox, type Sandbox } from './sandbox.ts';

let box: Sandbox;
beforeAll(() => {
  box = openSandbox({ 'packages/a/manifest.yaml': 'name: a\n' }, 'the host  clone');
});
afterAll(() => box.close());

test('finds the top from a folder below, also where names hold spaces', async () => {
  expect(await toplevel(box.host, join(box.root, 'packages/a'))).toBe(box.root);
});

test('a folder in no checkout is refused by name', async () => {
  const error = await caught(toplevel(box.host, box.folder));
  expect(error.kind).toBe('refused');
  expect(error.message).toContain(`in no git checkout (${box.folder})`);
});

test('a bare repository is refused, and core.bare=true in a checkout is named', async () => {
  const bare = join(box.folder, 'bare.git');
  box.git(box.folder, 'init', '--quiet', '--bare', bare);
  expect((await caught(toplevel(box.host, bare))).message).toContain('bare repository');
  const clone = join(box.folder, 'barred');
  box.git(box.folder, 'clone', '--quiet', box.origin, clone);
  box.git(clone, 'config', 'core.bare', 'true');
  const error = await caught(toplevel(box.host, clone));
  expect(error.message).toContain('core.bare=true');
  expect(error.facts.hint).toContain(`git --git-dir='${clone}/.git' config core.bare false`);
});

test.if(process.getuid?.() === 0)('a checkout of another user is refused with the mend', async () => {
  const clone = join(box.folder, 'theirs');
  box.git(box.folder, 'clone', '--quiet', box.origin, clone);
  chownSync(clone, 4711, 4711);
  const error = await caught(toplevel(box.host, clone));
  expect(error.message).toContain('dubious ownership');
  expect(error.facts.hint).toContain(`git config --global --add safe.directory '${clone}'`);
});

test('a folder name with a newline and a sha256 repository are refused', async () => {
  const odd = join(box.folder, 'odd\nname');
  box.git(box.folder, 'clone', '--quiet', box.origin, odd);
  expect((await caught(toplevel(box.host, odd))).message).toContain('odd\\nname');
  const other = join(box.folder, 'sha256');
  mkdirSync(other);
  box.git(other, 'init', '--quiet', '--object-format=sha256');
  expect((await caught(toplevel(box.host, other))).message).toContain('sha256');
});

test('the version of git is read, and an old one is refused', async () => {
  expect((await gitVersion(box.host)).major).toBeGreaterThanOrEqual(2);
  const answer = {
    code: 0,
    signal: undefined,
    timedOut: false,
    stdout: 'git version 2.11.0\n',
    tail: [],
    durationMs: 1,
  };
  const old = { ...box.host, exec: { ...box.host.exec, run: async () => answer } };
  expect((await caught(gitVersion(old))).message).toContain('git is 2.11.0');
});

test('git gets a cleaned environment and cannot ask', () => {
  const env = gitEnv({
    PATH: '/bin',
    HOME: '/root',
    GIT_DIR: '/elsewhere',
    GIT_INDEX_FILE: '/x',
    SSH_AUTH_SOCK: '/s',
    TOKEN: 't',
  });
  expect(env).not.toHaveProperty('GIT_DIR');
  expect(env).not.toHaveProperty('GIT_INDEX_FILE');
  expect(env).not.toHaveProperty('TOKEN');
  expect(env).toMatchObject({ PATH: '/bin', SSH_AUTH_SOCK: '/s', GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '/bin/false' });
});

test('user info of URLs is masked', () => {
  expect(maskUrl("fatal: 'https://bob:s3cret@git.example.org/a' and ssh://git@h:22/x@y")).toBe(
    "fatal: 'https://***@git.example.org/a' and ssh://***@h:22/x@y",
  );
});
