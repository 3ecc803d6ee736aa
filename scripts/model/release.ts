// The words for a release and where it stands. State keys and values are fixed: operators grep for them.

export type Phase = 'prepare' | 'migrate' | 'ticket' | 'verify' | 'confirm' | 'revert';

/** Those of a release, in their order. Waiting for a confirmation and a revert are phases of their own. */
export const PHASES: readonly Phase[] = ['prepare', 'migrate', 'ticket', 'verify'];

/** How far the revert of a release got with the remote; `none`: nothing is pushed, as configured or asked. */
export type PushState = 'pending' | 'done' | 'branch' | 'none';

export type PhaseStatus = 'running' | 'done' | 'failed' | 'stopped';

export type ReleaseStatus =
  | 'running'
  | 'halted'
  | 'released'
  | 'unverified'
  | 'awaiting-confirm'
  | 'reverting'
  | 'reverted'
  | 'in-doubt'
  | 'abandoned';

/** The format of state file, plan, receipt and backup.json; a file of a newer one is refused. */
export const SCHEMA = 1;

/** What the state file says, and what a log's events add up to. */
export interface ReleaseState {
  schema: number;
  ticket: string;
  branch: string;
  /** What was deployed before: 40 hex digits. */
  baseSha: string;
  /** What is to be deployed. */
  targetSha: string;
  /** What the live checkout was advanced to; empty before Advance. */
  mergeSha: string;
  phase: Phase;
  phaseStatus: PhaseStatus;
  releaseStatus: ReleaseStatus;
  /** Changed and added services, in the order in which they start. */
  services: string[];
  added: string[];
  removed: string[];
  /** Service -> stamp of its backup. */
  backups: Record<string, string>;
  /** The hash that names the frozen engine's folder. */
  engine: string;
  /** The ticket that this one took over from; empty for most. */
  supersedes: string;
  /** undefined: not reverted. */
  push?: PushState;
  /** When it is put back unless it is confirmed before, UTC in whole seconds; undefined where nothing waits for it. */
  deadline?: string;
  /** `PREPARE_START` and so on -> UTC time in whole seconds. */
  timestamps: Record<string, string>;
  /** Chain sum of the last log line that this state contains. */
  logSum: string;
}
