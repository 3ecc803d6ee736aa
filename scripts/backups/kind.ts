// What every kind of backup can do. One folder a kind, one line in registry.ts, one contract suite for all.
import type { BackupType, DatabaseSpec, ServiceManifest } from '../model/service.ts';
import type { ResolvedService, RunningComponent, RuntimeContext } from '../runtimes/runtime.ts';

export interface BackupContext extends RuntimeContext {
  service: ServiceManifest;
  /** As it runs now (the old version's file); what the items are found from. */
  resolved: ResolvedService;
  running: RunningComponent[];
  /** Image for a helper container where a volume cannot be read from its mountpoint; empty: none. */
  helperImage: string;
}

/** One thing that will be saved. */
export interface BackupItem {
  kind: BackupType;
  /** Unique in the service, safe as a file name: `volume-files`, `database-app`, `workspace-uploads`. */
  name: string;
  /** What it is, in words, for plan and RESTORE.txt. */
  describes: string;
  /** Absolute path on this host where the data is, where there is one. */
  path?: string;
  /** Real name of the volume, where it is one. */
  volume?: string;
  /** Before compression; undefined where it cannot be told cheaply. */
  bytes: number | undefined;
  /** Whether it must be taken while the service is held still (`held`), or while it runs (`running`: a dump by the database's own tool). */
  when: 'held' | 'running';
  /** Something that is not held still may write to it meanwhile, so that the copy is crash-consistent. */
  mayChange?: boolean;
  /** Which database, where kind is database. */
  database?: DatabaseSpec['type'];
}

export interface BackupFile {
  /** File name in the backup's folder. */
  file: string;
  bytes: number;
  sha256: string;
  /** What was saved: number of entries, rows by table, versions; goes to backup.json. */
  facts: Record<string, string | number>;
}

export interface BackupKind {
  readonly kind: BackupType;
  /** What there is to save for this service. @throws refused where the manifest names what is not there. */
  items(context: BackupContext): Promise<BackupItem[]>;
  /** Writes the item's files into the folder (streams; memory stays bounded). @throws step-failed. */
  write(context: BackupContext, item: BackupItem, folder: string): Promise<BackupFile[]>;
  /** Reads the item back, from the files alone, and compares with their facts. @throws step-failed where anything is amiss. */
  check(context: BackupContext, item: BackupItem, folder: string, files: BackupFile[]): Promise<void>;
  /** The commands, one a line, that restore it without this engine; run from the backup's folder. */
  restoreCommands(item: BackupItem, files: BackupFile[]): string[];
}

/** backup.json: one complete backup. */
export interface BackupRecord {
  schema: number;
  service: string;
  stamp: string;
  ticket: string;
  /** `consistent` (nothing ran, or only native dumps), `quiesced`, or `crash-consistent` (taken live). */
  label: 'consistent' | 'quiesced' | 'crash-consistent';
  startedAt: string;
  durationMs: number;
  pausedMs: number;
  /** Before compression, where known. */
  sourceBytes: number;
  /** Writable mounts that are not in it. */
  uncovered: string[];
  versions: Record<string, string>;
  items: Array<{ item: BackupItem; files: BackupFile[] }>;
  /** Set after the read-back. */
  verifiedAt: string;
}
