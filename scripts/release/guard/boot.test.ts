import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { bootScript, isInstalled, starterOf } from './boot.ts';
import { type GuardWorld, openGuardWorld } from './fixture.ts';

let world: GuardWorld;
let bin: string;
let units: string;
let context: Context;

beforeEach(() => {
  world = openGuardWorld();
  const { root } = world.context.paths;
  [bin, units] = [join(root, 'bin'), join(root, 'units')];
  for (const folder of [bin, units]) mkdirSync(folder);
  const env = { PATH: bin, HOME: root };
  const machine = new Proxy(world.host.machine, {
    get: (real, name) => (name === 'env' ? env : name === 'uid' ? 0 : Reflect.get(real, name)),
  });
  context = { ...world.context, host: { ...world.host, machine } };
});
afterEach(() => world.dispose());

function program(name: string, text: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}`);
  chmodSync(join(bin, name), 0o755);
}
const file = (name: string) => join(world.context.paths.root, name);
const crontab = () => (existsSync(file('crontab')) ? readFileSync(file('crontab'), 'utf8') : undefined);

/** As Debian's: 1 and a sentence where there is none, `-` reads standard input. */
function withCron(): void {
  program('systemctl', 'echo offline; exit 1\n');
  program(
    'crontab',
    `echo "$1" >> '${file('calls')}'
case $1 in
-l) if [ -f '${file('crontab')}' ]; then cat '${file('crontab')}'; else echo 'no crontab for root' >&2; exit 1; fi ;;
-) cat > '${file('crontab')}' ;;
*) exit 2 ;;
esac
`,
  );
}

test('cron: installed once however often, beside what is there, and taken away again', async () => {
  withCron();
  writeFileSync(file('crontab'), '# mine\n\n5 4 * * * backup\n');
  const before = crontab();
  expect(await isInstalled(context)).toBeFalse();
  const starter = await starterOf(context);
  await starter.install();
  const installed = crontab() ?? '';
  expect(installed).toStartWith(before ?? '');
  expect(installed).toContain(`@reboot /bin/sh ${bootScript(context)} >/dev/null 2>&1\n`);
  expect(await isInstalled(context)).toBeTrue();
  await starter.install();
  expect(crontab()).toBe(installed);
  await starter.uninstall();
  expect(crontab()).toBe(before);
  await starter.uninstall();
  expect(crontab()).toBe(before);
  expect(await isInstalled(context)).toBeFalse();
});

test('cron: a user who has no crontab yet, and a folder that cron would misread', async () => {
  withCron();
  const odd = { ...context, paths: { ...context.paths, guard: join(world.context.paths.root, "it's 100%") } };
  mkdirSync(odd.paths.guard);
  await (await starterOf(odd)).install();
  expect(crontab()).toContain(`@reboot /bin/sh '${world.context.paths.root}/it'\\''s 100\\%/boot' >/dev/null`);
  const broken = { ...context, paths: { ...context.paths, root: '/srv/a\nb' } };
  await expect(starterOf(broken)).rejects.toThrow('line break');
});

test('cron: a crontab that cannot be written is said', async () => {
  withCron();
  program('crontab', 'case $1 in -l) exit 1 ;; esac; echo "you may not" >&2; exit 1\n');
  await expect((await starterOf(context)).install()).rejects.toThrow('crontab - did not work');
});

test('systemd: unit and timer, enabled, and taken away again', async () => {
  program(
    'systemctl',
    `echo "$@" >> '${file('calls')}'
case $1 in
is-system-running) echo degraded; exit 1 ;;
enable) touch '${file('enabled')}' ;;
disable) rm -f '${file('enabled')}' ;;
is-enabled) [ -f '${file('enabled')}' ] ;;
esac
`,
  );
  const starter = await starterOf(context, units);
  expect(await starter.installed()).toBeFalse();
  await starter.install();
  await starter.install();
  expect(await starter.installed()).toBeTrue();
  const [service = '', timer = ''] = readdirSync(units).sort();
  expect(readFileSync(join(units, service), 'utf8')).toContain(`ExecStart=/bin/sh "${bootScript(context)}"\n`);
  expect(readFileSync(join(units, timer), 'utf8')).toContain('OnBootSec=10s\n');
  expect(readFileSync(file('calls'), 'utf8')).toContain(`enable --now ${timer}\n`);
  await starter.uninstall();
  expect([readdirSync(units), await starter.installed()]).toEqual([[], false]);
});

test('neither: the line to run at boot is said', async () => {
  program('systemctl', 'echo offline; exit 1\n');
  const without = { ...context, host: { ...context.host, exec: { ...context.host.exec, which: () => undefined } } };
  await expect(starterOf(without)).rejects.toThrow('nor a crontab');
});

test('the boot script starts every watchdog there is, and nothing where there is none', async () => {
  withCron();
  await (await starterOf(context)).install();
  const run = () => Bun.spawnSync(['/bin/sh', bootScript(context)], { env: {} });
  expect([run().exitCode, run().stderr.toString()]).toEqual([0, '']);
  for (const ticket of ['A 1', 'B']) {
    mkdirSync(join(context.paths.guard, ticket));
    writeFileSync(join(context.paths.guard, ticket, 'run.sh'), `echo ${ticket} >> '${file('started')}'\n`);
  }
  run();
  expect(readFileSync(file('started'), 'utf8').split('\n').sort()).toEqual(['', 'A 1', 'B']);
});
