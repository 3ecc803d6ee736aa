// Starts the watchdog of a release: a process of its own, from the release's frozen engine, that outlives whoever starts it.

import { shellWord } from '../../backups/shell.ts';
import { cleanEnvironment } from '../../host/environment.ts';
import { gitEnv } from '../../host/git/run.ts';
import { guardFiles } from '../../journal/guard.ts';
import { readHolder } from '../../journal/lock.ts';
import { messageOf, stepFailed } from '../../model/error.ts';
import type { Context } from '../context.ts';
import { systemdRuns } from './systemd.ts';

const STARTS_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 20;
/** Nothing of the kind is written down; where a push needs it, the revert stays pending. */
const SECRET = /PASS|SECRET|TOKEN|KEY|CREDENTIAL|DSN|AUTH_CONFIG/;

/** Nothing where one runs already. @throws step-failed where it does not start; the error of the disk. */
export async function startWatchdog(context: Context, ticket: string): Promise<void> {
  const { host, paths } = context;
  const files = guardFiles(paths, ticket);
  const alive = () => readHolder(host, { lock: files.watch }) !== undefined;
  if (alive()) return;
  if (host.files.stat(files.run) === undefined) await writeStarter(context, ticket);
  await start(context, files.run);
  const end = host.clock.monotonicMs() + STARTS_WITHIN_MS;
  while (!alive()) {
    if (host.clock.monotonicMs() > end)
      throw stepFailed({ what: 'its watchdog did not start', where: files.output, outputFile: files.output });
    await host.clock.sleep(LOOK_EVERY_MS);
  }
}

/** The same for whoever goes on in any case. */
export async function ensureWatchdog(context: Context, ticket: string): Promise<void> {
  try {
    await startWatchdog(context, ticket);
  } catch (error) {
    const why = messageOf(error);
    context.terminal.warn(`Nobody watches over ${ticket}: ${why}`);
  }
}

/** In a unit of its own where systemd runs: what belongs to a login may end with it. */
async function start({ host, paths }: Context, run: string): Promise<void> {
  const env = cleanEnvironment(host.machine.env);
  if (host.machine.uid === 0 && (await systemdRuns(host))) {
    const unit = `--unit=belay-watchdog-${host.machine.random(4)}`;
    const argv = ['systemd-run', '--quiet', '--collect', unit, '--', '/bin/sh', run];
    const { code } = await host.exec.run(argv, { cwd: '/', env, timeoutMs: STARTS_WITHIN_MS });
    if (code === 0) return;
  }
  host.exec.detach(['/bin/sh', run], { cwd: paths.root, env });
}

/**
 * What is run at boot, too: the frozen engine's own Bun, with the environment that this release has. Of that environment it holds what
 * children of the engine get and no more, and only its owner can read it.
 */
export async function writeStarter({ host, paths }: Context, ticket: string): Promise<void> {
  const { folder, run, output } = guardFiles(paths, ticket);
  const { env } = host.machine;
  const engine = await host.own.openEngine(paths, host.own.engineHash);
  const whole = {
    ...gitEnv(env),
    ...cleanEnvironment(env),
    ASD_ROOT: paths.root,
    ASD_ENGINE: paths.engine,
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
  };
  const kept = Object.entries(whole).filter(([name, value]) => !SECRET.test(name) && !/^\w+:\/\/[^/]*@/.test(value));
  const words = kept.map(([name, value]) => shellWord(`${name}=${value}`));
  const command = engine.command('release-sweep', [ticket, '--stay']).map(shellWord);
  const text = `#!/bin/sh
# The watchdog over release ${ticket}: puts it back unless it is confirmed in time. It goes with this folder.
cd ${shellWord(paths.root)} || exit 1
exec env -i ${words.join(' ')} ${command.join(' ')} </dev/null >>${shellWord(output)} 2>&1
`;
  host.files.replace(run, text, { mode: 0o700 });
  host.files.sync(folder);
}
