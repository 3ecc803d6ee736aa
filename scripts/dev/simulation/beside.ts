// Processes beside the engine: a watchdog that outlives it, and the helper that acts when it is gone.
import { basename, dirname, join } from 'node:path';
import type { LongProcess } from '../../host/port.ts';
import { formatPairs } from '../../journal/keyvalue.ts';
import { type Helper, letGo, type World } from './world.ts';

export const lives = (world: World, pid: number): boolean => pid === world.pid || world.processes.has(pid);

/** Of a watchdog there is only what others see: that it lives, and holds its lock. What it would do is a scenario's own command. */
export function startWatchdog(world: World, argv: readonly string[]): void {
  const { disk, bootId } = world;
  const [shell, run = ''] = argv;
  if (shell !== '/bin/sh' || basename(run) !== 'run.sh')
    throw new Error(`the simulation starts nothing that outlives it: ${argv.join(' ')}`);
  world.effect('watchdog start', run);
  const pid = 100_000 + world.pid;
  world.processes.add(pid);
  const lock = join(dirname(run), 'watch.lock');
  const facts: Array<[string, string]> = [
    ['PID', String(pid)],
    ['START_TIME', String(pid)],
    ['BOOT_ID', bootId],
    ['TICKET', basename(dirname(run))],
  ];
  const inode = disk.find(lock) ?? disk.create(lock, 'file', 0o600);
  disk.write(inode, Buffer.from(formatPairs(facts, lock)));
  disk.flush(inode);
}

/** The one helper that the engine starts. */
export function startHelper(world: World, argv: readonly string[]): LongProcess {
  const [action, ...ids] = argv.slice(5);
  if (argv[0] !== 'sh' || (action !== 'unpause' && action !== 'start'))
    throw new Error(`the simulation has no ${argv.join(' ')}`);
  world.effect('helper start', ids.join(' '));
  const helper: Helper = { action, ids };
  world.helpers.add(helper);
  return {
    pid: world.pid + 1,
    lines: nothing(),
    // A dead engine closes nothing and ends nobody; the helper hears that it is gone.
    closeInput: () => {
      if (!world.dead) letGo(world, helper);
    },
    async end() {
      if (!world.dead) world.helpers.delete(helper);
    },
    exited: Promise.resolve(0),
  };
}

async function* nothing(): AsyncIterable<string> {
  yield* [];
}
