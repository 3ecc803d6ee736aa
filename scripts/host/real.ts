// The real world, opened once at the start of a program.
import { openClock } from './clock.ts';
import { openExec } from './exec.ts';
import { openFiles } from './files.ts';
import { openHttp } from './http.ts';
import { openMachine } from './machine.ts';
import { openOwnProcess } from './own-process.ts';
import type { Host } from './port.ts';

/** The host that this process runs on. Reads the environment now; later changes of process.env are not seen. */
export function openHost(): Host {
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
