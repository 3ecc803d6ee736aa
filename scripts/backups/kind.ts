// What every kind of backup can do. One folder a kind, one line in registry.ts, one contract suite for all.
import type { BackupSpec, BackupType, DatabaseSpec, ServiceManifest } from '../model/service.ts';
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
  /** How it is saved, where there is a choice: one compressed archive, or a snapshot that shares what is unchanged with the last one. */
  method?: BackupSpec['method'];
  /** What has to be written, before compression; undefined where it cannot be told cheaply. */
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

/** The last snapshot of an item: the next one shares with it what is unchanged. */
export interface Basis {
  stamp: string;
  /** The copied folder, absolute. */
  tree: string;
  /** Its list, absolute. */
  list: string;
}

export interface BackupKind {
  readonly kind: BackupType;
  /** What there is to save for this service. @throws refused where the manifest names what is not there. */
  items(context: BackupContext): Promise<BackupItem[]>;
  /** Writes the item's files into the folder (streams; memory stays bounded). @throws step-failed. */
  write(context: BackupContext, item: BackupItem, folder: string, basis?: Basis): Promise<BackupFile[]>;
  /**
   * Reads the item back, from the files alone, and compares with their facts. @throws step-failed where anything is amiss.
   * @param basis what `write` was given a moment ago: the content of what is shared with it was compared then, and is not read again.
   */
  check(context: BackupContext, item: BackupItem, folder: string, files: BackupFile[], basis?: Basis): Promise<void>;
  /** The commands, one a line, that restore it without this engine; run from the backup's folder. */
  restoreCommands(item: BackupItem, files: BackupFile[]): string[];
  readonly restore: Restorer;
}

/** One item of one backup on its way back. Equal for every run of the same restore, so that all names derive from it. */
export interface Restoring {
  item: BackupItem;
  files: BackupFile[];
  /** The backup's folder, absolute. Only read. */
  folder: string;
  /** The backup's stamp: part of every name that a restore makes (`asd-new-<stamp>`, `asd-old-<stamp>`). */
  stamp: string;
  /** 0700, the same for every run of this restore, gone with its end: for marks of steps that leave no other trace. */
  work: string;
  /** The same item as it was saved just before this restore; undefined: that was not wanted, or there was nothing to save. */
  before?: { folder: string; files: BackupFile[] };
  /**
   * What a release left of the configuration: what differs from it now was changed since, and stays. Names of `.env` with the `hash` of
   * each value, other files by path with their sha256. undefined (a restore by hand): only what is gone comes back.
   */
  left?: {
    env: Readonly<Record<string, string>>;
    hash(value: string): string;
    files: Readonly<Record<string, string>>;
  };
}

/**
 * Restores in four steps. Each can be killed at any point and called again: where things stand is read from the world, never remembered.
 * A step that finds itself done returns at once. `stage`, `swap`, `settle` is the way forward, `undo` the way back from any point before `settle`.
 */
export interface Restorer {
  /** What may run of the service during `swap` and `undo`: nothing at all, or its stateful components (the database's server) and nothing else. */
  readonly swaps: 'stopped' | 'served';
  /** The folder whose file system takes the staged content, and how much that is; undefined: cannot be told. @throws refused where a program is missing. */
  space(
    context: BackupContext,
    restoring: Restoring,
  ): Promise<{ path: string; bytes: number } | undefined> | { path: string; bytes: number } | undefined;
  /** Rows by table as they are now, to compare with the facts `rows:<table>`; databases only. */
  rowsNow?(context: BackupContext, restoring: Restoring): Promise<Record<string, number>>;
  /**
   * Puts the saved content beside the live one and proves it against the facts. The service may be running; nothing of it changes.
   * Nothing to do where it is staged or swapped already. @throws step-failed (a full disk, too): what was staged is gone, the live data untouched.
   */
  stage(context: BackupContext, restoring: Restoring): Promise<void>;
  /** The live content goes aside (`asd-old-<stamp>`), the staged one takes its place: once, however often it is called. @throws step-failed; then `undo`. */
  swap(context: BackupContext, restoring: Restoring): Promise<void>;
  /** Drops what went aside; the service is healthy by then, and running. No way back after it. */
  settle(context: BackupContext, restoring: Restoring): Promise<void>;
  /** From wherever it stands: the content that was live before `swap` is live again, and nothing of the restore is left. */
  undo(context: BackupContext, restoring: Restoring): Promise<void>;
}

/** backup.json: one complete backup. */
export interface BackupRecord {
  schema: number;
  service: string;
  stamp: string;
  ticket: string;
  /** Absent: taken by a release. */
  purpose?: 'by-hand' | 'pre-revert';
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
  /** sha256 of what is there for people, by file name; missing in backups of engines that wrote none down. */
  papers?: Record<string, string>;
}
