// The real world, opened once at the start of a program.
import { openClock } from './clock.ts';
import { openExec } from './exec.ts';
import { openFiles } from './files.ts';
import { loadFreshGet, openHttp } from './http.ts';
import { openMachine } from './machine.ts';
import { openOwnProcess } from './own-process.ts';
import type { Host } from './port.ts';

const PRELOAD_MS = 250;

/**
 * The host that this process runs on. Reads the environment now; later changes of process.env are not seen.
 * @param options.probes it will ask services how they are: what that needs is loaded in a moment, when there are children to wait for.
 */
export function openHost(options: { probes?: boolean } = {}): Host {
  if (options.probes) setTimeout(loadFreshGet, PRELOAD_MS).unref();
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(process.env)) if (value !== undefined) env[key] = value;
  return {
    files: openFiles(),
    exec: openExec(env.PATH ?? ''),
    http: openHttp(),
    clock: openClock(),
    machine: openMachine(Object.freeze(env)),
    own: openOwnProcess(),
  };
}
