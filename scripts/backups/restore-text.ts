// RESTORE.txt: what a person types to get the data back when there is nothing but this folder. It is also a bash script.
import type { BackupRecord } from './kind.ts';
import { kindOf } from './registry.ts';
import { fetchLines, type SecondHome } from './restic.ts';
import { shellComment } from './shell.ts';

export const RESTORE_FILE = 'RESTORE.txt';
export const SUMS_FILE = 'SHA256SUMS';

/** @param stop and start: how the service is stopped and started by hand. */
export function restoreText(
  record: BackupRecord,
  project: string,
  runtime: string,
  home?: Pick<SecondHome, 'repository' | 'passwordFile'>,
): string {
  const { stop, start } = byHand(runtime, project);
  const lines = [
    `Backup ${record.stamp} (UTC) of ${record.service}, taken for ${record.ticket}; ${LABELS[record.label]}.`,
    'These commands restore it with bash, coreutils, GNU tar and zstd alone; as root, in this folder:',
    `1. stop the service:  ${stop}`,
    `2. bash ${RESTORE_FILE}   (or only the lines of one item, after the first three)`,
    `3. start it again:    ${start}`,
    ...record.uncovered.map((mount) => `Not in this backup: ${mount}`),
    ...(home === undefined ? [] : fetchLines(home, record.service, record.stamp)),
  ].map(shellComment);
  lines.push('', 'set -eu -o pipefail', 'umask 077', `sha256sum --check --quiet ${SUMS_FILE}`);
  for (const { item, files } of record.items) {
    const entries = files.find((file) => file.facts.entries !== undefined)?.facts.entries;
    lines.push(
      '',
      shellComment(`--- ${item.name}: ${item.describes}${entries === undefined ? '' : `, ${entries} entries`}`),
    );
    lines.push(...kindOf(item, item.name).restoreCommands(item, files));
  }
  return `${lines.join('\n')}\n`;
}

const LABELS: Record<BackupRecord['label'], string> = {
  consistent: 'nothing wrote to its files meanwhile',
  quiesced: 'the service was held still for its files',
  'crash-consistent': 'the service may have written meanwhile: as after a power cut',
};

function byHand(runtime: string, project: string): { stop: string; start: string } {
  if (runtime === 'pm2')
    return { stop: `pm2 stop (every app of namespace ${project})`, start: 'pm2 restart (the same apps)' };
  return {
    stop: `docker compose --project-name ${project} stop`,
    start: `docker compose --project-name ${project} start`,
  };
}
