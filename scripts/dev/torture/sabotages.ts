// Bugs that somebody could write into the engine tomorrow: each a small exact change, and the suites that should be the first to see it.
import { BACKUPS, ENGINE } from './sabotages-engine.ts';
import { HOST } from './sabotages-host.ts';
import { JOURNAL } from './sabotages-journal.ts';

/** Points of the simulated host: their kind, the scenario, and how many. */
export interface Points {
  kind: 'kill' | 'power' | 'error' | 'exit';
  only: string;
  most: number;
}

export interface Sabotage {
  what: string;
  /** Below scripts/. */
  file: string;
  /** Stands in the file once. */
  find: string;
  put: string;
  /** Test files below scripts/, and points: one of them has to fail. */
  seenBy: string[];
  points?: Points;
}

export const SABOTAGES: readonly Sabotage[] = [...HOST, ...JOURNAL, ...ENGINE, ...BACKUPS];
