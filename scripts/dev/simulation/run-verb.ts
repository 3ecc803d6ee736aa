// Runs a verb of the engine in a simulated world, in this process, from the words of its command line to its exit code.
import type { Terminal } from '../../host/terminal.ts';
import { runVerb, type Verb } from '../../release/verb.ts';
import { ENGINE, ROOT } from './beginning.ts';
import type { Orphans } from './sim-exec.ts';
import { simHost } from './sim-host.ts';
import { Killed, nextProcess, type PowerCut, reboot, type World } from './world.ts';

export interface Ended {
  /** The exit code; undefined where the engine was killed. */
  code: number | undefined;
  said: string[];
  effects: World['effects'];
}

/**
 * @param options.fault what happens at which effect. @param options.cut the power goes with the engine that was killed. The world can be gone on with afterwards, as after the death of a process or a reboot.
 */
export async function runSim(
  world: World,
  verb: Verb,
  args: readonly string[],
  options: { fault?: World['fault']; orphans?: Orphans; watch?: World['watch']; cut?: PowerCut | undefined } = {},
): Promise<Ended> {
  nextProcess(world);
  world.fault = options.fault;
  world.watch = options.watch;
  const said: string[] = [];
  const terminal: Terminal = {
    say: (line) => void said.push(line),
    warn: (line) => void said.push(line),
    status: () => undefined,
    isTty: false,
    detached: false,
  };
  const host = simHost(world, ROOT, options.orphans ?? 'end');
  let code: number | undefined;
  try {
    code = await runVerb(verb, args, { host, terminal, engine: ENGINE });
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  const { effects } = world;
  if (world.dead) code = undefined;
  if (options.cut === undefined) nextProcess(world);
  else reboot(world, options.cut);
  return { code, said, effects };
}
