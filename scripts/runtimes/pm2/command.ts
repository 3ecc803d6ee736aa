// How pm2 is called: which one, on which interpreter, and with what environment.
import { basename, dirname, join } from 'node:path';
import { cleanEnvironment } from '../../host/environment.ts';
import type { RunResult } from '../../host/port.ts';
import { refused } from '../../model/error.ts';
import type { RuntimeContext } from '../runtime.ts';

const JLIST_MAX_BYTES = 64 * 1024 * 1024;

/** The environment of pm2 itself, its daemon included: nothing of a service's, no version check over the network. */
export const pm2Environment = (context: RuntimeContext): Record<string, string> =>
  cleanEnvironment(context.host.machine.env, {
    PM2_DISCRETE_MODE: 'true',
    PM2_NO_INTERACTION: 'true',
    PM2_DISABLE_VERSION_CHECK: 'true',
  });

/** The folder that pm2 and its daemon share. */
export const pm2Home = (context: RuntimeContext): string =>
  context.host.machine.env.PM2_HOME ?? join(context.host.machine.env.HOME ?? '/root', '.pm2');

/** @returns the engine's Bun, links resolved. @throws refused where there is none. */
export function bunProgram(context: RuntimeContext): string {
  const { files, exec, machine } = context.host;
  for (const folder of modules(context.paths.engine, context.paths.root)) {
    // Until Bun's install script has run (it may be blocked), the binary is in @oven and the other one a placeholder.
    const placed = files.list(join(folder, '@oven')).map((name) => join(folder, '@oven', name, 'bin', 'bun'));
    const found = [...placed, join(folder, 'bun', 'bin', 'bun.exe')].find((path) => files.stat(path));
    if (found) return files.realpath(found);
  }
  const found = exec.which('bun', machine.env.PATH);
  if (found) return files.realpath(found);
  throw refused({
    what: 'Bun was not found',
    where: context.paths.engine,
    hint: 'Install the engine: ./bootstrap in its checkout.',
  });
}

/** Where packages of a checkout are; the engine's may lie beside it where it is itself somebody's package. */
const modules = (...folders: string[]): string[] =>
  folders.flatMap((folder) => [
    join(folder, 'node_modules'),
    ...(basename(dirname(folder)) === 'node_modules' ? [dirname(folder)] : []),
  ]);

/** `--config` so that no bunfig.toml of the working directory is read, and nothing it preloads is run. */
export const bunArgv = (context: RuntimeContext): string[] => [
  bunProgram(context),
  '--no-env-file',
  '--no-install',
  '--config=/dev/null',
  '--tsconfig-override=/dev/null',
];

/** @returns the argv that starts pm2: the host repository's, else the engine's, else the one on PATH. @throws refused where there is none. */
export function pm2Argv(context: RuntimeContext): string[] {
  const { files, exec, machine } = context.host;
  for (const folder of modules(context.paths.root, context.paths.engine)) {
    const program = join(folder, '.bin', 'pm2');
    if (files.stat(program)) return [...bunArgv(context), '--bun', files.realpath(program)];
  }
  const found = exec.which('pm2', machine.env.PATH);
  if (found) return [found];
  throw refused({
    what: 'pm2 was not found',
    where: `${context.paths.root}/node_modules/.bin, ${context.paths.engine}/node_modules/.bin, PATH`,
    hint: [`cd ${context.paths.root} && npm install pm2`, 'or: npm install -g pm2'],
  });
}

/** Runs pm2 from `/`, where a daemon that it starts may stay. `quiet` keeps the output (which may hold secrets) out of the record. */
export function runPm2(
  context: RuntimeContext,
  args: readonly string[],
  options: { quiet?: boolean } = {},
): Promise<RunResult> {
  return context.host.exec.run([...pm2Argv(context), ...args], {
    cwd: '/',
    env: pm2Environment(context),
    timeoutMs: context.timeoutMs,
    maxStdoutBytes: JLIST_MAX_BYTES,
    secrets: context.secrets,
    ...(context.signal && { signal: context.signal }),
    ...(context.outputFile && !options.quiet && { outputFile: context.outputFile }),
  });
}
