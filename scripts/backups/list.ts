// The backups that a host has, newest first; broken ones are named, never skipped silently.
import { join } from 'node:path';
import type { Host } from '../host/port.ts';
import { ReleaseError } from '../model/error.ts';
import type { BackupRecord } from './kind.ts';
import { readRecord } from './record.ts';

const STAMP = /^\d{8}_\d{6}$/;
const RECENT = 3;

export interface BackupList {
  backups: Array<BackupRecord & { dir: string }>;
  /** Folders that look like a backup and are none: `.partial` ones (left by a killed run) and damaged records. */
  bad: Array<{ dir: string; why: string }>;
}

/** @param dir the root of the backups, absolute. @param service only this one's. */
export function listBackups(host: Host, dir: string, service?: string): BackupList {
  const list: BackupList = { backups: [], bad: [] };
  for (const name of service === undefined ? host.files.list(dir) : [service]) {
    const folder = join(dir, name);
    if (host.files.stat(folder)?.kind !== 'folder') continue;
    for (const entry of host.files.list(folder)) look(host, join(folder, entry), entry, name, list);
  }
  list.backups.sort((a, b) => (a.stamp < b.stamp ? 1 : a.stamp > b.stamp ? -1 : 0));
  return list;
}

function look(host: Host, dir: string, entry: string, service: string, list: BackupList): void {
  if (entry.endsWith('.partial')) {
    list.bad.push({ dir, why: 'it was never completed' });
    return;
  }
  if (!STAMP.test(entry)) return;
  try {
    const record = readRecord(host, dir);
    if (record.service === service && record.stamp === entry) list.backups.push({ ...record, dir });
    else list.bad.push({ dir, why: `its record says ${record.service} ${record.stamp}` });
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    list.bad.push({ dir, why: error.facts.what });
  }
}

/** How long the next pause will probably be: the longest of the last three that paused. undefined: no such backup. */
export function expectedPauseMs(backups: readonly BackupRecord[]): number | undefined {
  const pauses = backups
    .filter((backup) => backup.pausedMs > 0)
    .slice(0, RECENT)
    .map((backup) => backup.pausedMs);
  return pauses.length === 0 ? undefined : Math.max(...pauses);
}
