// When a backup was last read back: at its making, or later by release-backup-verify, which leaves a file beside the record.
import { join } from 'node:path';
import type { Host } from '../host/port.ts';
import type { BackupRecord } from './kind.ts';

const VERIFIED = 'VERIFIED';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function noteVerified(host: Host, folder: string): void {
  host.files.replace(join(folder, VERIFIED), `${host.clock.now().toISOString()}\n`);
}

export function verifiedAt(host: Host, folder: string, record: BackupRecord): string {
  const noted = host.files.readText(join(folder, VERIFIED))?.trim() ?? '';
  return TIME.test(noted) && noted > record.verifiedAt ? noted : record.verifiedAt;
}
