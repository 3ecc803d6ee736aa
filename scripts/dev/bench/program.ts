// One cold process, timed from its start to its end.
import { spawn } from 'node:child_process';
import { realpathSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { bundle } from '../../host/bundle.ts';

export const CHECKOUT = realpathSync(join(import.meta.dir, '..', '..', '..'));
const COMPILED = join(CHECKOUT, 'node_modules', '.cache', 'compiled');

export interface Timed {
  ms: number;
  stdout: string;
}

/**
 * @param env the whole environment. @param cwd where it runs. @param expected its exit code.
 * @throws Error with the end of what it said where it exits with another one.
 */
export async function timed(
  argv: readonly string[],
  cwd: string,
  env: Record<string, string>,
  expected = 0,
): Promise<Timed> {
  const began = performance.now();
  const child = Bun.spawn([...argv], { cwd, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const ms = performance.now() - began;
  if (code !== expected)
    throw new Error(`${argv.join(' ').slice(0, 200)} exited ${code}: ${`${stdout}${stderr}`.slice(-1500)}`);
  return { ms, stdout };
}

/** A program of ours, bundled as the frozen engine is. @param script from the checkout's top, with a `main`. @returns its path. @throws refused where it does not build. */
export async function bundled(script: string, folder: string): Promise<string> {
  const name = `${basename(script, '.ts')}.js`;
  for (const [file, content] of await bundle(CHECKOUT, script, folder, name))
    writeFileSync(join(folder, file), content);
  return join(folder, name);
}

/** A program of ours, started as `scripts/launch` starts the engine's own. @param script from the checkout's top, or absolute. */
export const ownProgram = (script: string, ...args: string[]): string[] => [
  process.execPath,
  '--no-env-file',
  '--no-install',
  `--config=${join(CHECKOUT, 'bunfig.toml')}`,
  '--tsconfig-override=/dev/null',
  resolve(CHECKOUT, script),
  ...args,
];

export const ownEnv = (env: Record<string, string>): Record<string, string> => ({
  ...env,
  BUN_RUNTIME_TRANSPILER_CACHE_PATH: COMPILED,
});

/** A command whose output goes to our standard error, for sets-up that take long. @throws Error where it fails. */
export async function mustRun(argv: readonly string[], cwd: string, env: Record<string, string>): Promise<void> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  if (code !== 0) throw new Error(`${argv.join(' ')} exited ${code}`);
}
