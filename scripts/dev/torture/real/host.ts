// A real host as cheap as one can be had: a release of files and a ticket script, without a service, so that a copy of its folder is a copy of all of it.
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endAll, mustRun, type Result, runCommand, startCommand } from '../../../../tests/scenarios/harness/process.ts';
import { freezeEngine } from '../../../host/freeze.ts';
import { hostPaths } from '../../../host/paths.ts';
import { SYSTEM_PATH } from '../../engine/packages.ts';

export const T = 'T-1';
const CHECKOUT = realpathSync(join(import.meta.dir, '../../../..'));

export interface RealHost {
  folder: string;
  prod: string;
  origin: string;
  env: Record<string, string>;
  /** Puts the frozen engine into prod's workspace, or takes it out: a copy of prod does not have to carry it. */
  attach(): Promise<void>;
  detach(): Promise<void>;
  /** The whole command line of a verb of the frozen engine. */
  command(verb: string, args: readonly string[]): string[];
  start(verb: string, ...args: string[]): ReturnType<typeof startCommand>;
  run(verb: string, ...args: string[]): Promise<Result>;
  /** A verb that only looks. */
  look(verb: string, ...args: string[]): Promise<Result>;
  close(): Promise<void>;
}

/** Mounts below a folder, the deepest first. */
const UNMOUNT = `awk -v under="$1/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r -n 1 umount --lazy`;

/** Written whole, flushed, and the same again when it runs twice: what a ticket script should be. */
const script = (value: string) =>
  `set -eu\ncd "$ASD_ROOT/data"\necho ${value} > value.new\nsync value.new\nmv value.new value\nsync .\n`;

const FIRST = {
  '.asd/release.yaml': 'branch: main\n',
  '.gitignore': '.asd/workspace/\n.env\n/data/\n',
  'README.md': 'first\n',
  'conf/gone': 'goes\n',
  ...Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`conf/d${at % 4}/f${at}`, `${at}\n`.repeat(400)])),
};
const SECOND = {
  'README.md': 'second\n',
  'conf/new/deep/file': 'new\n'.repeat(3000),
  ...Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`conf/d${at % 4}/f${at}`, `second ${at}\n`.repeat(500)])),
  [`releases/${T}-a.sh`]: script('second'),
  [`releases/${T}-a.revert.sh`]: script('first'),
};

/**
 * An adopted host with a release waiting at its remote.
 * @param mount called once prod is an empty folder, before anything is in it. @throws Error where it cannot be made.
 */
export async function openRealHost(mount?: (prod: string) => Promise<void>): Promise<RealHost> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'belay-real-')));
  const at = (name: string) => join(folder, name);
  const [prod, dev, origin, engines] = [at('prod'), at('dev'), at('origin.git'), at('engines')];
  const env = {
    PATH: SYSTEM_PATH,
    HOME: folder,
    LC_ALL: 'C.UTF-8',
    USER: 'operator',
    TERM: 'dumb',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const own = { ...env, ASD_ROOT: prod, ASD_ENGINE: CHECKOUT, BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' };
  const git = (cwd: string, ...args: string[]) =>
    mustRun(['git', '-c', 'user.name=Developer', '-c', 'user.email=dev@example.org', ...args], cwd, env);
  const commit = async (files: Record<string, string>, message: string) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(dev, path, '..'), { recursive: true });
      writeFileSync(join(dev, path), text);
    }
    await git(dev, 'add', '--all');
    await git(dev, 'commit', '--quiet', '--message', message);
    await git(dev, 'push', '--quiet', 'origin', 'HEAD:main');
  };
  const here = join(prod, '.asd/workspace/engine');
  const attach = async () => {
    mkdirSync(join(here, '..'), { recursive: true, mode: 0o700 });
    if (mount === undefined) return renameSync(engines, here);
    mkdirSync(here, { recursive: true, mode: 0o700 });
    await mustRun(['mount', '--bind', engines, here], '/', env);
  };
  const detach = async () => {
    if (mount === undefined) return renameSync(here, engines);
    await mustRun(['umount', '--lazy', here], '/', env);
  };
  const close = async () => {
    await endAll(folder);
    if (mount !== undefined) await runCommand(['sh', '-c', UNMOUNT, 'sh', folder], '/', env);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const each of [prod, dev, engines]) mkdirSync(each, { mode: 0o700 });
    await git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', origin);
    await git(dev, 'init', '--quiet', '--initial-branch=main');
    await git(dev, 'remote', 'add', 'origin', origin);
    await commit(FIRST, 'first');
    await mount?.(prod);
    await git(folder, 'clone', '--quiet', origin, prod);
    await git(prod, 'config', 'user.name', 'Operator');
    await git(prod, 'config', 'user.email', 'operator@example.org');
    writeFileSync(join(prod, '.env'), 'KEPT=as it is\n');
    mkdirSync(join(prod, 'data'));
    writeFileSync(join(prod, 'data/value'), 'first\n');
    await attach();
    const frozen = await freezeEngine(hostPaths(prod, CHECKOUT, 'unused'));
    const command = (verb: string, args: readonly string[]) => frozen.command(verb, args);
    const start = (verb: string, ...args: string[]) => startCommand(command(verb, args), prod, own);
    const host: RealHost = {
      folder,
      prod,
      origin,
      env: own,
      attach,
      detach,
      command,
      start,
      run: (verb, ...args) => start(verb, ...args).ended,
      look: (verb, ...args) =>
        runCommand([join(CHECKOUT, 'scripts/launch'), `release/${verb}`, ...args], prod, { ...env, ASD_ROOT: prod }),
      close,
    };
    const adopted = await host.run('release-adopt', '--no-backup');
    if (adopted.code !== 0) throw new Error(`release-adopt exited ${adopted.code}: ${adopted.text}`);
    await git(dev, 'rm', '--quiet', 'conf/gone');
    await commit(SECOND, 'second');
    return host;
  } catch (error) {
    await close();
    throw error;
  }
}
