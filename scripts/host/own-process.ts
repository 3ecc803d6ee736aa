// This process itself: the frozen engine that it runs from, and the signals that ask it to stop.
import { basename, dirname, join } from 'node:path';
import { CHECKED } from './front.ts';
import type { OwnProcess } from './port.ts';
import { onStopSignal } from './signals.ts';

export const openOwnProcess = (): OwnProcess => ({
  engineHash: basename(dirname(Bun.main)),
  async openEngine(paths, hash) {
    // What opens an engine can make one, too, and that loads much; a look needs neither.
    const { frozenEngine, openFrozen } = await import('./freeze.ts');
    return process.env[CHECKED] === hash
      ? frozenEngine(hash, join(paths.engines, hash))
      : await openFrozen(paths, hash);
  },
  onStop: onStopSignal,
});
