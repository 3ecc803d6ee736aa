// The receipt: what a release was made of. Written whole after each step that adds to it, so that resume and revert read it.

/** One component of a service: a compose service or a pm2 app. */
export interface ComponentImage {
  component: string;
  /** `name:tag` as the resolved file names it; empty for pm2. */
  ref: string;
  /** Image id (`sha256:...`), or `tree:<git tree id>` for pm2. */
  id: string;
  /** Registry digest (`name@sha256:...`) where there is one. */
  digest?: string;
}

export interface ServiceReceipt {
  runtime: string;
  /** Compose project or pm2 namespace. */
  project: string;
  /** What ran before; absent where nothing did. */
  before?: ComponentImage[];
  /** Where the old images are kept: `asd-keep/<service>:<ticket>` and so on. */
  kept?: Array<{ component: string; ref: string; id: string }>;
  /** What prepare recorded to run. */
  after?: ComponentImage[];
  /** Keyed hash of the resolved configuration, before and after. */
  configBefore?: string;
  configAfter?: string;
  /** Volumes of its own (no external ones) that its files name, before and after. */
  volumesBefore?: string[];
  volumesAfter?: string[];
  /** Keyed hashes of the `.env` values that this service's files use, by name. */
  env?: Record<string, string>;
  /** Keyed or plain sha256 of manifest and hooks at the target, by path. */
  files?: Record<string, string>;
  backup?: {
    stamp: string;
    dir: string;
    bytes: number;
    sha256: Record<string, string>;
    pausedMs: number;
    label: string;
    /** The copy in the second home. */
    away?: { repository: string; snapshot: string; at: string };
  };
  downtimeMs?: number;
  /** Stamp of the backup that a revert took of the state before it. */
  undo?: string;
}

export interface Receipt {
  schema: number;
  ticket: string;
  /** `release`, or `baseline` for the one that release-adopt writes. */
  kind: 'release' | 'baseline';
  complete: boolean;
  baseSha: string;
  targetSha: string;
  mergeSha: string;
  engine: string;
  host: string;
  /** Keyed hash of every key of `.env`, by name. */
  env: Record<string, string>;
  services: Record<string, ServiceReceipt>;
  /** The same when the release ended, halted or released: what it changed itself is the difference. */
  envLeft?: Record<string, string>;
  /** The revert commit, what it was made on, and how far it got. */
  revert?: {
    sha?: string;
    onto?: string;
    push?: 'pushed' | 'pending' | 'branch' | 'none';
    /** What was not as before when it was over, a line each. */
    residue?: string[];
  };
  /** Paths in the checkout that git neither keeps nor ignores, when prepare began; missing where there were too many. */
  untracked?: string[];
  /** `backup.helper_image` as it was at adoption: that image, whatever the name means later. */
  helper?: { ref: string; id: string };
  /** sha256 of each ticket script and revert script, by path. */
  scripts: Record<string, string>;
}
