// For tests: a remote and a host's clone of it in a temporary folder, with a real git.

import { expect } from 'bun:test';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ReleaseError } from '../../model/error.ts';
import type { Host } from '../port.ts';
import { openHost } from '../real.ts';
import type { Repository } from './run.ts';

/** Path -> content; null removes. */
export type FileChanges = Record<string, string | null | { link: string } | { run: string }>;

export interface Sandbox {
  host: Host;
  folder: string;
  /** The remote; a checkout, so that commits are made in it. */
  origin: string;
  /** The host's clone. */
  root: string;
  repo: Repository;
  /** Runs git. @returns its output without the last newline. */
  git(cwd: string, ...args: string[]): string;
  /** Writes and removes files below a folder. */
  write(cwd: string, changes: FileChanges): void;
  /** Commits on the branch that the remote has checked out. @returns the commit. */
  push(changes: FileChanges, message?: string): string;
  close(): void;
}

/** @param first what the first commit holds. */
export function openSandbox(first: FileChanges = { 'README.md': 'first\n' }, name = 'host'): Sandbox {
  const folder = mkdtempSync(join(tmpdir(), 'belay-git-'));
  const origin = join(folder, 'origin');
  const root = join(folder, name);
  const env = { PATH: process.env.PATH ?? '', HOME: join(folder, 'home'), LC_ALL: 'C' };
  const real = openHost();
  const host: Host = { ...real, machine: { ...real.machine, env } };

  const git = (cwd: string, ...args: string[]) => {
    const run = Bun.spawnSync(['git', '-c', 'init.defaultBranch=main', ...args], { cwd, env, stdin: 'ignore' });
    if (run.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${run.stderr.toString()}`);
    return run.stdout.toString().replace(/\n$/, '');
  };
  const push = (changes: FileChanges, message = 'change') => {
    write(origin, changes);
    git(origin, 'add', '--all', '--force');
    git(origin, 'commit', '--quiet', '--allow-empty', '-m', message);
    return git(origin, 'rev-parse', 'HEAD');
  };
  mkdirSync(env.HOME);
  writeFileSync(join(env.HOME, '.gitconfig'), '[user]\n\tname = Sandbox\n\temail = sandbox@example.org\n');
  git(folder, 'init', '--quiet', '--template=', origin);
  push(first, 'first');
  git(folder, 'clone', '--quiet', '--template=', `file://${origin}`, root);
  mkdirSync(join(root, '.git/info'), { recursive: true });
  return {
    host,
    folder,
    origin,
    root,
    repo: { host, root },
    git,
    write,
    push,
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function write(cwd: string, changes: FileChanges): void {
  for (const [path, content] of Object.entries(changes)) {
    const file = join(cwd, path);
    const parts = path.split('/').slice(0, -1);
    for (const [depth] of parts.entries()) {
      const at = join(cwd, ...parts.slice(0, depth + 1));
      const stat = lstatSync(at, { throwIfNoEntry: false });
      if (stat && !stat.isDirectory()) rmSync(at);
      if (!stat?.isDirectory()) break;
    }
    rmSync(file, { recursive: true, force: true });
    if (content === null) continue;
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'string') writeFileSync(file, content);
    else if ('link' in content) symlinkSync(content.link, file);
    else {
      writeFileSync(file, content.run);
      chmodSync(file, 0o755);
    }
  }
}

/** The error that a promise is rejected with. */
export async function caught(promise: Promise<unknown>): Promise<ReleaseError> {
  const outcome = await promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ReleaseError);
  return outcome as ReleaseError;
}
