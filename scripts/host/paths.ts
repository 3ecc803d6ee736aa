// Where things are on a host. All of it hangs off two folders: the host repository and the engine's own.
import { join } from 'node:path';

export interface HostPaths {
  /** The host repository: git toplevel of the working directory, or ASD_ROOT. */
  root: string;
  /** The engine's own checkout or package, links resolved. */
  engine: string;
  workspace: string;
  releases: string;
  stage: string;
  engines: string;
  cache: string;
  lock: string;
  /** backup.dir of the config, absolute. */
  backups: string;
  /** The log of backups and restores by hand. */
  backupsLog: string;
  envFile: string;
  /** The key of the keyed hashes, 0600. */
  hostKey: string;
  /** Armed deadlines, and the watchdogs over them. */
  guard: string;
  /** Notices that have not gone out yet. */
  notices: string;
}

/** @param backupDir as in the config: relative to the root, or absolute. */
export function hostPaths(root: string, engine: string, backupDir: string): HostPaths {
  const workspace = join(root, '.asd', 'workspace');
  return {
    root,
    engine,
    workspace,
    releases: join(workspace, 'releases'),
    stage: join(workspace, 'stage'),
    engines: join(workspace, 'engine'),
    cache: join(workspace, 'cache'),
    lock: join(workspace, 'release.lock'),
    backups: backupDir.startsWith('/') ? backupDir : join(root, backupDir),
    backupsLog: join(workspace, 'backups.log'),
    envFile: join(root, '.env'),
    hostKey: join(workspace, 'host.key'),
    guard: join(workspace, 'guard'),
    notices: join(workspace, 'notices'),
  };
}

export interface TicketPaths {
  state: string;
  log: string;
  receipt: string;
  /** plan.json, captured outputs, frozen scripts. */
  records: string;
  plan: string;
  output(stepId: string): string;
}

/** @param ticket already checked. */
export function ticketPaths(paths: HostPaths, ticket: string): TicketPaths {
  const records = join(paths.releases, ticket);
  return {
    state: join(paths.releases, `${ticket}.env`),
    log: join(paths.releases, `${ticket}.log`),
    receipt: join(paths.releases, `${ticket}.receipt.json`),
    records,
    plan: join(records, 'plan.json'),
    output: (stepId) => join(records, `${stepId.replaceAll(/[^A-Za-z0-9._-]/g, '.')}.out`),
  };
}

/** Whether backups lie in the workspace; elsewhere, their folder is the operator's. */
export const backupsInside = ({ backups, workspace }: HostPaths): boolean => backups.startsWith(`${workspace}/`);

/** Folders that are for their owner only. */
export const privateFolders = (paths: HostPaths): string[] => {
  const { workspace, releases, stage, engines, cache, guard, notices, backups } = paths;
  const own = [workspace, releases, stage, engines, cache, guard, notices];
  return backupsInside(paths) ? [...own, backups] : own;
};
