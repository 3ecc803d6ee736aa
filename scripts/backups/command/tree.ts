// The files that a backup command left in its folder, listed and hashed.
import { join } from 'node:path';
import type { Host } from '../../host/port.ts';
import { stepFailed } from '../../model/error.ts';
import type { BackupFile } from '../kind.ts';

const PLAIN = /^[A-Za-z0-9_.][A-Za-z0-9_.@+,=-]*$/;

/** Flushes and hashes everything below folder/name. @throws step-failed for links, devices and names that a checksum list cannot carry. */
export async function hashTree(host: Host, folder: string, name: string): Promise<BackupFile[]> {
  const found: BackupFile[] = [];
  for (const entry of host.files.list(join(folder, name))) {
    const file = `${name}/${entry}`;
    const path = join(folder, file);
    if (!PLAIN.test(entry)) {
      throw stepFailed({
        what: `the backup command wrote a file with an odd name: ${JSON.stringify(entry)}`,
        where: join(folder, name),
        hint: 'Let it write one archive.',
      });
    }
    const stat = host.files.stat(path);
    if (stat?.kind === 'folder') {
      host.files.chmod(path, 0o700);
      found.push(...(await hashTree(host, folder, file)));
    } else if (stat?.kind === 'file') {
      host.files.chmod(path, 0o600);
      host.files.sync(path);
      found.push({ file, bytes: stat.size, sha256: await host.files.sha256(path), facts: {} });
    } else {
      throw stepFailed({
        what: `the backup command left something that is no plain file: ${path}`,
        hint: 'Let it write files and folders only.',
      });
    }
  }
  host.files.sync(join(folder, name));
  return found;
}
