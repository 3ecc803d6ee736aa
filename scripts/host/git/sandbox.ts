// For tests: a remote and a host's clone of it in a temporary folder, with a real git.

import { expect } from 'bun:test';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TEMPLATES } from '../../dev/suites.ts';
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
  const key = JSON.stringify([first, name]);
  const made = templates.get(key);
  if (made === undefined) {
    mkdirSync(env.HOME);
    writeFileSync(join(env.HOME, '.gitconfig'), '[user]\n\tname = Sandbox\n\temail = sandbox@example.org\n');
    git(folder, 'init', '--quiet', '--template=', origin);
    push(first, 'first');
    git(folder, 'clone', '--quiet', '--template=', `file://${origin}`, root);
    mkdirSync(join(root, '.git/info'), { recursive: true });
    keep(key, folder);
  } else {
    cpSync(made, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const config = join(root, '.git/config');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/url = file:.*/, `url = file://${origin}`));
    // The index knows the files of the first one by their inodes.
    for (const checkout of [origin, root]) git(checkout, 'update-index', '--refresh');
  }
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

/** Sandboxes as they begin, by what they begin with: a copy takes a fraction of what git needs to make one. */
const templates = new Map<string, string>();

/** Where nobody would remove it, nothing is kept. */
function keep(key: string, folder: string): void {
  const place = process.env[TEMPLATES];
  if (place === undefined) return;
  const template = mkdtempSync(join(place, 'git-'));
  cpSync(folder, template, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  templates.set(key, template);
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
