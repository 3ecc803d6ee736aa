// backup.json: the record of one complete backup, checked when it is read.
import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../host/keyed-hash.ts';
import type { Host } from '../host/port.ts';
import { refused } from '../model/error.ts';
import { SCHEMA } from '../model/release.ts';
import type { BackupRecord } from './kind.ts';

export const RECORD = 'backup.json';
const MAX_BYTES = 64 * 1024 * 1024;

/** Relative, and leading nowhere else: a record that somebody changed must not name other files. */
const plainName = z
  .string()
  .regex(/^[A-Za-z0-9_.@+,=-]+(\/[A-Za-z0-9_.@+,=-]+)*$/)
  .refine((name) => !name.split('/').some((part) => part === '.' || part === '..'), 'leads out of the folder');
const item = z.object({
  kind: z.enum(['database', 'volume', 'workspace', 'config', 'command']),
  name: z.string(),
  describes: z.string(),
  path: z.string().optional(),
  volume: z.string().optional(),
  method: z.enum(['archive', 'incremental']).optional(),
  bytes: z.number().optional(),
  when: z.enum(['held', 'running']),
  mayChange: z.boolean().optional(),
  database: z.enum(['postgresql', 'mariadb', 'mysql', 'redis', 'sqlite']).optional(),
});
const file = z.object({
  file: plainName,
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  facts: z.record(z.string(), z.union([z.string(), z.number()])),
});
const record = z.object({
  schema: z.number().int(),
  service: z.string(),
  stamp: z.string(),
  ticket: z.string(),
  purpose: z.enum(['by-hand', 'pre-revert']).optional(),
  label: z.enum(['consistent', 'quiesced', 'crash-consistent']),
  startedAt: z.string(),
  durationMs: z.number(),
  pausedMs: z.number(),
  sourceBytes: z.number(),
  uncovered: z.array(z.string()),
  versions: z.record(z.string(), z.string()),
  items: z.array(z.object({ item, files: z.array(file) })),
  verifiedAt: z.string().min(1),
  papers: z.record(z.string(), z.string()).optional(),
});

/** What a backup takes on the disk; of a snapshot, what it does not share with the one before. */
export const storedBytes = ({ items }: Pick<BackupRecord, 'items'>): number =>
  items
    .flatMap(({ files }) => files)
    .reduce((sum, { bytes, facts }) => sum + bytes + Number(facts.copiedBytes ?? 0), 0);

/** What was found of the last snapshots while this one was made upon them: a sentence for each that has rotted. */
export const rottenBefore = ({ service, items }: Pick<BackupRecord, 'service' | 'items'>): string[] =>
  items.flatMap(({ item, files }) =>
    files
      .filter(({ facts }) => facts.rotten !== undefined)
      .map(
        ({ facts }) =>
          `the backup ${service}/${facts.basis} is damaged, do not rely on it (${item.name}: ${facts.rotten}); check the disk, then: just release-backup-verify ${service} --all`,
      ),
  );

/** The last line: a checksum of everything before it, so that a damaged byte of the record itself is found, too. */
const SUM = /,\n {2}"sum": "([0-9a-f]{64})"\n\}\n$/;

export function recordText(of: BackupRecord): string {
  const body = JSON.stringify(of, undefined, 2);
  return `${body.replace(/\n\}$/, '')},\n  "sum": "${sha256(body)}"\n}\n`;
}

/** @param papers there are any: then there is a sum. */
function isIntact(text: string, papers: boolean): boolean {
  const found = SUM.exec(text);
  if (found === null) return !papers;
  return sha256(`${text.slice(0, found.index)}\n}`) === found[1];
}

/** @param folder a backup's folder. @throws refused where its record is missing, broken, or of a newer engine. */
export function readRecord(host: Host, folder: string): BackupRecord {
  const path = join(folder, RECORD);
  const text = host.files.readText(path, { maxBytes: MAX_BYTES });
  if (text === undefined) throw refused({ what: `${folder} has no ${RECORD}, so it is no complete backup` });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw refused({ what: `${path} is not JSON`, hint: 'Do not restore from it; use another backup.' }, error);
  }
  const schema = (parsed as { schema?: unknown } | null)?.schema;
  if (typeof schema === 'number' && schema > SCHEMA) {
    throw refused({
      what: `${path} was written by a newer engine (schema ${schema}, this one knows ${SCHEMA})`,
      hint: 'Use that engine.',
    });
  }
  const checked = record.safeParse(parsed);
  if (checked.success && isIntact(text, checked.data.papers !== undefined)) return checked.data as BackupRecord;
  throw refused({
    what: `${path} is not as it was written`,
    details: checked.success
      ? ['its checksum differs']
      : checked.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    hint: 'Do not restore from it; use another backup.',
  });
}
