// How a watchdog is started where systemd is at work: programs of that name on PATH write down what they are called with.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exec } from '../../host/port.ts';
import { guardFiles } from '../../journal/guard.ts';
import type { Context } from '../context.ts';
import { type GuardWorld, openGuardWorld, TICKET } from './fixture.ts';
import { startWatchdog } from './start.ts';

let world: GuardWorld;
let detached: string[][];
beforeEach(() => {
  world = openGuardWorld();
  detached = [];
});
afterEach(() => world.dispose());

const file = (name: string) => join(world.context.paths.root, name);

/** @param rc of systemd-run; where it is 0, the watchdog has its lock from then on. */
function hostWith({ uid, state, rc }: { uid: number; state: string; rc: number }): Context {
  const { context, host } = world;
  const bin = file('bin');
  mkdirSync(bin);
  const { watch, run, folder } = guardFiles(context.paths, TICKET);
  host.files.mkdir(folder);
  writeFileSync(run, '#!/bin/sh\n');
  const { machine } = host;
  const holder = `PID=${machine.pid}\nSTART_TIME=${machine.startTime(machine.pid)}\nBOOT_ID=${machine.bootId}\n`;
  const program = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program('systemctl', `echo ${state}`);
  const holds = rc === 0 ? `printf '${holder.replaceAll('\n', '\\n')}' > '${watch}'` : '';
  program('systemd-run', `printf '%s\\n' "$@" > '${file('argv')}'\n${holds}\nexit ${rc}`);
  const env = { PATH: `${bin}:/usr/bin:/bin` };
  const facts = new Proxy(machine, {
    get: (real, name) => (name === 'env' ? env : name === 'uid' ? uid : Reflect.get(real, name)),
  });
  const detach: Exec['detach'] = (argv) => {
    detached.push([...argv]);
    host.files.replace(watch, holder);
  };
  return { ...context, host: { ...host, machine: facts, exec: { ...host.exec, detach } } };
}
const argv = () => (existsSync(file('argv')) ? readFileSync(file('argv'), 'utf8').trimEnd().split('\n') : undefined);

test('root, under systemd: a unit of its own, and nothing else', async () => {
  const context = hostWith({ uid: 0, state: 'running', rc: 0 });
  await startWatchdog(context, TICKET);
  const { run } = guardFiles(context.paths, TICKET);
  const unit = expect.stringMatching(/^--unit=belay-watchdog-[0-9a-f]{8}$/);
  expect(argv()).toEqual(['--quiet', '--collect', unit, '--', '/bin/sh', run]);
  expect(detached).toEqual([]);
  // It runs already.
  writeFileSync(file('argv'), 'once');
  await startWatchdog(context, TICKET);
  expect(argv()).toEqual(['once']);
});

test.each([
  ['systemd-run fails', { uid: 0, state: 'degraded', rc: 1 }, true],
  ['somebody else than root', { uid: 1000, state: 'running', rc: 0 }, false],
  ['systemd is not in charge', { uid: 0, state: 'offline', rc: 0 }, false],
])('%s: a process that is let go', async (_name, host, asked) => {
  const context = hostWith(host);
  await startWatchdog(context, TICKET);
  expect(detached).toEqual([['/bin/sh', guardFiles(context.paths, TICKET).run]]);
  expect(argv() !== undefined).toBe(asked);
});
