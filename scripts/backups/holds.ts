// Who needs a backup: a person's hold, a file in its folder; and what keeps it from being pruned, in words.
import { join } from 'node:path';
import type { Host } from '../host/port.ts';

const HOLD = 'HOLD';

/** @param reason one line, for whoever finds it. */
export function holdBackup(host: Host, folder: string, reason: string): void {
  const line = reason.replaceAll(/\p{Cc}/gu, ' ');
  host.files.replace(join(folder, HOLD), `${line}\n`);
}

export function unholdBackup(host: Host, folder: string): void {
  host.files.remove(join(folder, HOLD));
  host.files.sync(folder);
}

/** The reason; undefined: nobody holds it. What is there and cannot be read is a hold. */
export function holdOf(host: Host, folder: string): string | undefined {
  const path = join(folder, HOLD);
  const stat = host.files.stat(path);
  if (stat === undefined) return undefined;
  return stat.kind === 'file' ? (host.files.readText(path) ?? '').trim() : `${HOLD} is no plain file`;
}
