// What starts the watchdogs after a boot: a few lines of shell, called by a systemd timer where systemd runs, by cron elsewhere.
import { join } from 'node:path';
import { shellWord } from '../../backups/shell.ts';
import { cleanEnvironment } from '../../host/environment.ts';
import { sha256 } from '../../host/keyed-hash.ts';
import type { Host } from '../../host/port.ts';
import { ReleaseError, refused } from '../../model/error.ts';
import type { Context } from '../context.ts';
import { systemdRuns } from './systemd.ts';

export const UNIT_FOLDER = '/etc/systemd/system';
const TIMEOUT_MS = 30_000;

/** One way to be called at boot, and every minute: a watchdog that somebody ended is started again. */
export interface Starter {
  /** In words: where it is. */
  name: string;
  installed(): Promise<boolean>;
  /** Again is no harm. @throws step-failed where it does not work. */
  install(): Promise<void>;
  /** Nothing where it is not installed. */
  uninstall(): Promise<void>;
}

export const bootScript = (context: Context): string => join(context.paths.guard, 'boot');

/** Nothing of it depends on what a release changes; a host where nothing waits has nothing to start. */
const scriptText = (context: Context): string => `#!/bin/sh
# At boot, and every minute: starts the watchdog of each release that waits for its confirmation. One that runs is let be.
for run in ${shellWord(context.paths.guard)}/*/run.sh; do
  if [ -f "$run" ]; then /bin/sh "$run" & fi
done
wait
`;

/** systemd for root where it runs, else cron. @param unitFolder of systemd. @throws refused where there is neither. */
export async function starterOf(context: Context, unitFolder = UNIT_FOLDER): Promise<Starter> {
  const { host } = context;
  if (host.machine.uid === 0 && (await systemdRuns(host))) return systemd(context, unitFolder);
  if (host.exec.which('crontab', cleanEnvironment(host.machine.env).PATH) !== undefined) return cron(context);
  throw refused({
    what: 'There is neither a systemd to install a timer in (that takes root), nor a crontab',
    hint: ['Install cron, or have this run at every boot yourself:', `/bin/sh ${shellWord(bootScript(context))}`],
  });
}

/** @returns false also where that cannot be found out. */
export async function isInstalled(context: Context): Promise<boolean> {
  try {
    return await (await starterOf(context)).installed();
  } catch (error) {
    if (error instanceof ReleaseError) return false;
    throw error;
  }
}

async function run(
  host: Host,
  argv: readonly string[],
  input?: string,
): Promise<{ code: number | undefined; stdout: string }> {
  const env = cleanEnvironment(host.machine.env);
  const { code, stdout, tail } = await host.exec.run(argv, {
    cwd: '/',
    env,
    timeoutMs: TIMEOUT_MS,
    ...(input === undefined ? {} : { input }),
  });
  if (code === 0 || argv.includes('-l') || argv.includes('is-enabled')) return { code, stdout };
  throw refused({ what: `${argv.join(' ')} did not work`, details: tail, hint: 'Mend that, then: just guard-install' });
}

function writeScript(context: Context): void {
  const { host } = context;
  const [file, text] = [bootScript(context), scriptText(context)];
  if (host.files.readText(file) !== text) host.files.replace(file, text, { mode: 0o700 });
}

function systemd(context: Context, folder: string): Starter {
  const { host, paths } = context;
  const name = `belay-guard-${sha256(paths.root).slice(0, 12)}`;
  const word = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
  const units: Array<[string, string]> = [
    [
      join(folder, `${name}.service`),
      `[Unit]\nDescription=Watchdogs over releases that wait for their confirmation\nAfter=network-online.target docker.service\n\n[Service]\nType=simple\nExecStart=/bin/sh ${word(bootScript(context))}\n`,
    ],
    [
      join(folder, `${name}.timer`),
      `[Unit]\nDescription=Watchdogs over releases, at boot and every minute\n\n[Timer]\nOnBootSec=10s\nOnUnitInactiveSec=60s\nAccuracySec=1s\n\n[Install]\nWantedBy=timers.target\n`,
    ],
  ];
  const timer = `${name}.timer`;
  const written = () => units.every(([file, text]) => host.files.readText(file) === text);
  return {
    name: `systemd's ${timer}`,
    installed: async () => written() && (await run(host, ['systemctl', 'is-enabled', '--quiet', timer])).code === 0,
    async install() {
      writeScript(context);
      for (const [file, text] of units) host.files.replace(file, text, { mode: 0o644 });
      await run(host, ['systemctl', 'daemon-reload']);
      await run(host, ['systemctl', 'enable', '--now', timer]);
    },
    async uninstall() {
      if (units.every(([file]) => host.files.stat(file) === undefined)) return;
      await run(host, ['systemctl', 'disable', '--now', timer]);
      for (const [file] of units) host.files.remove(file);
      await run(host, ['systemctl', 'daemon-reload']);
    },
  };
}

function cron(context: Context): Starter {
  const { host, paths } = context;
  if (/[\r\n]/.test(paths.root))
    throw refused({ what: 'A crontab cannot name this folder: there is a line break in its name', where: paths.root });
  const [begin, end] = [`# Belay, ${paths.root}: begin`, `# Belay, ${paths.root}: end`];
  // Cron reads a bare % as the end of the command.
  const command = `/bin/sh ${shellWord(bootScript(context)).replaceAll('%', '\\%')} >/dev/null 2>&1`;
  const block = [begin, `@reboot ${command}`, `* * * * * ${command}`, end];
  const read = async (): Promise<string[]> => {
    // Who has none yet gets 1 and a sentence.
    const { code, stdout } = await run(host, ['crontab', '-l']);
    return code === 0 ? stdout.replace(/\n$/, '').split('\n') : [];
  };
  const without = (lines: readonly string[]): string[] => {
    const [from, to] = [lines.indexOf(begin), lines.indexOf(end)];
    return from >= 0 && to > from ? [...lines.slice(0, from), ...lines.slice(to + 1)] : [...lines];
  };
  const write = async (lines: readonly string[]): Promise<void> =>
    void (await run(host, ['crontab', '-'], lines.map((line) => `${line}\n`).join('')));
  const holds = (lines: readonly string[]) => lines.join('\n').includes(block.join('\n'));
  return {
    name: 'the crontab of this user',
    installed: async () => host.files.stat(bootScript(context)) !== undefined && holds(await read()),
    async install() {
      writeScript(context);
      const lines = await read();
      if (!holds(lines)) await write([...without(lines).filter((line, at) => line !== '' || at > 0), ...block]);
    },
    async uninstall() {
      const lines = await read();
      if (lines.includes(begin)) await write(without(lines));
    },
  };
}
