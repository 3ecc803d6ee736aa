// What every verb is given: the machine, the terminal, and where the engine is.
import type { Host } from '../host/port.ts';
import type { Terminal } from '../host/terminal.ts';

export interface World {
  host: Host;
  terminal: Terminal;
  /** The engine's own folder, links resolved. */
  engine: string;
}
