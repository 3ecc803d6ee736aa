// Everything that planning is told. Gathered once by scripts/release/observe*.ts; plan/ computes from these and nothing else.
import type { ComponentImage } from '../model/receipt.ts';
import type { ReleaseConfig, ServiceManifest } from '../model/service.ts';
import type { HookName, PushPlan, ServicePlan } from '../model/step.ts';
import type { ChangelogText } from './notes.ts';

export type { ChangedPath } from '../model/checkout.ts';

export interface ServiceFacts {
  name: string;
  /** At BASE; undefined: not there, or not installed there. */
  before: ServiceManifest | undefined;
  /** At the target; undefined: gone, or not installed. */
  after: ServiceManifest | undefined;
  /** Why it left, where it did: "packages/x is gone", "installation is inactive". */
  leftBecause?: string;
  /** Hooks that the target has, repository paths. */
  hooks: Partial<Record<HookName, string>>;
  images: { before: ComponentImage[]; after: ComponentImage[] };
  /** Stateful components whose resolved config or image differs, so that they will be recreated. */
  statefulRecreated: string[];
  /** A release that this one takes over has its first backup and its kept images: they are the way back. */
  inherited: boolean;
  backup: ServicePlan['backup'];
  uncovered: string[];
  history: { durationS: number | undefined; downtimeS: number | undefined; pauseS: number | undefined };
  notices: string[];
}

export interface ReleaseFacts {
  ticket: string;
  branch: string;
  baseSha: string;
  targetSha: string;
  headSha: string;
  config: ReleaseConfig;
  cores: number;
  /** In the order of classification; the plan orders them. */
  services: ServiceFacts[];
  reasons: Record<string, import('../model/step.ts').Reason[]>;
  unclassified: string[];
  scripts: Array<{ path: string; sha256: string; revert: string | undefined }>;
  notices: string[];
  /** Those that differ between the two ends. */
  changelogs: ChangelogText[];
  space: { dir: string; freeBytes: number; neededBytes: number };
  push: PushPlan;
  /** Seconds of earlier whole releases of this host; undefined: none. */
  expectedS: number | undefined;
}
