// A plan is data: steps with an order. Describing a step and running it are two tables keyed by its kind.
import type { ReleaseNotes } from './notes.ts';
import type { Phase } from './release.ts';
import type { BackupType, RuntimeKind } from './service.ts';

/** `interruptible`: may be ended in the middle. `finish`: is waited for. `probe`: look at the world before doing it again. */
export type OnStop = 'interruptible' | 'finish' | 'probe';

/** `wide` steps overlap up to the concurrency of the host's config; `swap` steps (old container stops, new one starts) up to about the cores, and the last of them with those that run. */
export type Lane = 'wide' | 'swap';

export type HookName = 'preflight' | 'pre_start_init' | 'post_start_init' | 'ensure-config';

interface StepBase {
  /** Unique in the plan: `<kind>` or `<kind>:<service>` or `<kind>:<service>:<detail>`. */
  id: string;
  phase: Phase;
  /** Ids of steps that have to be done before. */
  needs: string[];
  onStop: OnStop;
  lane: Lane;
  /** The step fails when it takes longer; milliseconds. */
  timeoutMs: number;
}

interface ServiceStep extends StepBase {
  service: string;
  runtime: RuntimeKind;
  /** Which version it is about; by default the one that the release brings. */
  end?: 'before' | 'after';
}

export type Step =
  /** The target's tree beside the live one. */
  | (StepBase & { kind: 'stage'; targetSha: string })
  /** Copy the ticket's scripts (and revert scripts) into the release's records, with their hashes. */
  | (StepBase & { kind: 'freeze-scripts'; paths: string[] })
  | (ServiceStep & { kind: 'hook'; hook: HookName /** Relative to the repository. */; path: string })
  /** Get the images that the target names: pull by digest, or build. Nothing for pm2 but its tree id. */
  | (ServiceStep & { kind: 'images' })
  /** Tag the running images, so that nothing takes them away. */
  | (ServiceStep & { kind: 'keep-images' })
  | (ServiceStep & { kind: 'backup'; types: BackupType[]; estimatedBytes: number })
  /** Fast-forward the live checkout to exactly the target. */
  | (StepBase & { kind: 'advance'; fromSha: string; targetSha: string })
  | (ServiceStep & { kind: 'down' })
  | (ServiceStep & { kind: 'install'; argv: string[] })
  | (ServiceStep & { kind: 'up' })
  | (ServiceStep & { kind: 'healthy' })
  | (StepBase & {
      kind: 'script';
      path: string;
      sha256: string /** The copy in the records is run. */;
      frozen?: boolean;
    })
  /** HEAD is MERGE_SHA, tracked files are clean. */
  | (StepBase & { kind: 'head'; targetSha: string })
  /** The right images (or tree) run. */
  | (ServiceStep & { kind: 'image' })
  | (ServiceStep & { kind: 'version' })
  | (ServiceStep & { kind: 'health' })
  | (ServiceStep & { kind: 'e2e'; argv: string[] })
  /** The present state is saved, the service's data stopped and swapped for its backup's. */
  | (ServiceStep & { kind: 'restore-data'; stamp: string })
  /** What shares data with another service of the revert: its apps are down while that data is swapped. */
  | (ServiceStep & { kind: 'stop' })
  /** The same with the configuration alone: its data is to stay. */
  | (ServiceStep & { kind: 'restore-config'; stamp: string })
  /** What the swap put aside goes. */
  | (ServiceStep & { kind: 'settle-data'; stamp: string })
  /** What is still not as prepare found it is written down. It changes nothing, and fails nothing. */
  | (StepBase & { kind: 'compare' })
  /** The live checkout back to BASE_SHA. */
  | (StepBase & { kind: 'go-back'; fromSha: string; toSha: string })
  /** The revert commit to the remote. */
  | (StepBase & { kind: 'push' })
  /** refs/asd/deployed moves to the target. */
  | (StepBase & { kind: 'deployed'; targetSha: string });

export type StepKind = Step['kind'];
export type StepOf<K extends StepKind> = Extract<Step, { kind: K }>;

/** Why a service is in the release. */
export type Reason =
  | { kind: 'path'; path: string; count: number }
  | { kind: 'watch'; path: string; glob: string }
  | { kind: 'shared'; path: string; glob: string }
  | { kind: 'added' }
  | { kind: 'removed'; how: string }
  | { kind: 'asked' }
  | { kind: 'superseded'; ticket: string }
  /** Shares data with another service of the release. */
  | { kind: 'group'; group: string; with: string };

export type Reversibility =
  | { level: 'instant' }
  | { level: 'restore'; why: string[] }
  | { level: 'one-way'; why: string[] };

/** What the plan says of one service. */
export interface ServicePlan {
  name: string;
  change: 'changed' | 'added' | 'removed';
  runtime: RuntimeKind;
  priority: number;
  reasons: Reason[];
  /** What each component (compose service, pm2 app) runs now and will run; undefined where unknown. */
  images: Array<{ component: string; from: string | undefined; to: string | undefined }>;
  /** Hooks and commands that will run, in order. */
  hooks: string[];
  /** Bytes: what has to be written, before compression. Method: where there is a choice. */
  backup: Array<{ item: string; bytes: number | undefined; method?: 'archive' | 'incremental' }>;
  /** Writable mounts that no backup covers. */
  uncovered: string[];
  /** Seconds, from earlier releases of this host; undefined: unknown. */
  expected: { durationS: number | undefined; downtimeS: number | undefined; pauseS: number | undefined };
  reversibility: Reversibility;
  /** Things an operator should see: not gated, .env disagrees with the manifest, a component will be recreated though not planned. */
  notices: string[];
}

/** Where a revert of the release is to go. */
export interface PushPlan {
  mode: 'main' | 'branch' | 'none';
  /** Set where it is `none` because the remote, asked in prepare, would not take a push to `to`. */
  refused?: { to: string; why: string; details: string[] };
}

/** Everything that was decided before the first effect. Kept as plan.json in the release's records. */
export interface Plan {
  schema: number;
  ticket: string;
  branch: string;
  baseSha: string;
  targetSha: string;
  /** Where HEAD stood: differs from baseSha where somebody pulled by hand. */
  headSha: string;
  services: ServicePlan[];
  /** Ticket scripts in the order in which they run, and how each can be taken back. */
  scripts: Array<{ path: string; sha256: string; revert: string | undefined }>;
  /** Changed paths that belong to nothing that we know. */
  unclassified: string[];
  notices: string[];
  /** Missing where no changelog changed. */
  notes?: ReleaseNotes;
  /** The folder of the backups and what is free there, in bytes. */
  space: { dir: string; freeBytes: number; neededBytes: number };
  /** Missing in plans of engines that did not ask. */
  push?: PushPlan;
  expected: { durationS: number | undefined };
  reversibility: Reversibility;
  concurrency: { wide: number; swap: number };
  steps: Step[];
}
