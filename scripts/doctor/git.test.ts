// The checks of git where nothing is to be mended, and what is asked of a remote.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clean, repository } from './checks/git-checkout.ts';
import { deployed } from './checks/git-deployed.ts';
import { indexLock } from './checks/git-index-lock.ts';
import { remote } from './checks/git-remote.ts';
import { failures, openWard, type Ward } from './fixture.ts';

let ward: Ward;
beforeEach(() => {
  ward = openWard({ 'a.txt': '1\n' });
});
afterEach(() => ward.close());
const git = (...args: string[]) => ward.git(ward.root, ...args);

test('a folder that is no checkout fails here, and skips what needs one', async () => {
  rmSync(join(ward.root, '.git'), { recursive: true });
  expect(failures(await ward.examine(repository, { isCheckout: false }))[0]?.what).toContain('in no git checkout');
  expect((await ward.examine(clean, { isCheckout: false })).findings[0]?.outcome).toBe('skip');
});

test('index.lock of a git at work is left alone', async () => {
  const lock = join(ward.root, '.git/index.lock');
  writeFileSync(lock, '');
  const working = Bun.spawn(['git', 'cat-file', '--batch'], { cwd: ward.root, stdin: 'pipe', stdout: 'ignore' });
  try {
    const { findings } = await ward.examine(indexLock);
    expect(findings[0]).toMatchObject({ outcome: 'warn', mends: [] });
    expect(findings[0]?.what).toContain(`process ${working.pid}`);
  } finally {
    working.stdin.end();
    await working.exited;
  }
});

test('a remote that does not answer is given up after ten seconds, and asked for no password', async () => {
  let asked: { timeoutMs?: number; env: Record<string, string> } | undefined;
  const { findings } = await ward.examine(remote, {
    host: (host) => ({
      ...host,
      exec: {
        ...host.exec,
        async run(argv, options) {
          if (!argv.includes('ls-remote')) return await host.exec.run(argv, options);
          asked = options;
          return { code: undefined, signal: 'SIGTERM', timedOut: true, stdout: '', tail: [], durationMs: 0 };
        },
      },
    }),
  });
  expect(findings[0]?.what).toContain('within 10 s');
  expect(asked).toMatchObject({ timeoutMs: 10_000, env: { GIT_TERMINAL_PROMPT: '0' } });
});

test('what was moved by hand, and is more than what is deployed, is a warning', async () => {
  git('update-ref', 'refs/asd/deployed', 'HEAD');
  git('commit', '--quiet', '--allow-empty', '-m', 'by hand');
  expect((await ward.examine(deployed)).findings[0]).toMatchObject({ outcome: 'warn', mends: [] });
});
