// This process itself: the frozen engine that it runs from, and the signals that ask it to stop.
import { basename, dirname } from 'node:path';
import type { OwnProcess } from './port.ts';
import { onStopSignal } from './signals.ts';

export const openOwnProcess = (): OwnProcess => ({
  engineHash: basename(dirname(Bun.main)),
  async openEngine(paths, hash) {
    // What opens an engine can make one, too, and that loads much; a look needs neither.
    const { openFrozen } = await import('./freeze.ts');
    return await openFrozen(paths, hash);
  },
  onStop: onStopSignal,
});
