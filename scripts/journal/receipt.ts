// The receipt on disk: what a release was made of, read by resume and revert.
import type { Host } from '../host/port.ts';
import type { Receipt } from '../model/receipt.ts';
import { regularFile } from './place.ts';
import { bool, fields, listOf, mapOf, matching, maybe, number, oneOf, readShape, sealed, text } from './shape.ts';

const MAX_BYTES = 64 * 1024 * 1024;
const sha = matching(/^[0-9a-f]{40}$/, 'commit (40 hex digits)');
const shaOrNone = matching(/^([0-9a-f]{40})?$/, 'commit (40 hex digits)');
const image = fields({ component: text, ref: text, id: text, digest: maybe(text) });

const RECEIPT = fields({
  ticket: text,
  kind: oneOf('release', 'baseline'),
  complete: bool,
  baseSha: sha,
  targetSha: sha,
  mergeSha: shaOrNone,
  engine: text,
  host: text,
  env: mapOf(text),
  services: mapOf(
    fields({
      runtime: text,
      project: text,
      before: maybe(listOf(image)),
      kept: maybe(listOf(fields({ component: text, ref: text, id: text }))),
      after: maybe(listOf(image)),
      configBefore: maybe(text),
      configAfter: maybe(text),
      volumesBefore: maybe(listOf(text)),
      volumesAfter: maybe(listOf(text)),
      env: maybe(mapOf(text)),
      files: maybe(mapOf(text)),
      backup: maybe(
        fields({
          stamp: text,
          dir: text,
          bytes: number,
          sha256: mapOf(text),
          pausedMs: number,
          label: text,
          away: maybe(fields({ repository: text, snapshot: text, at: text })),
        }),
      ),
      downtimeMs: maybe(number),
    }),
  ),
  scripts: mapOf(text),
  helper: maybe(fields({ ref: text, id: text })),
  untracked: maybe(listOf(text)),
  revert: maybe(fields({ residue: maybe(listOf(text)) })),
});

/** @returns undefined where there is none. @throws refused for a newer schema, a damaged file, a link or FIFO in its place. */
export function readReceipt(host: Host, path: string): Receipt | undefined {
  if (!regularFile(host, path)) return undefined;
  const content = host.files.readText(path, { maxBytes: MAX_BYTES });
  return content === undefined ? undefined : (readShape(content, path, 'receipt', RECEIPT) as Receipt);
}

/** Replaces the file whole, 0600. */
export function writeReceipt(host: Host, path: string, receipt: Receipt): void {
  regularFile(host, path);
  host.files.replace(path, sealed(receipt), { mode: 0o600 });
}
