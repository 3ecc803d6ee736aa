// Dumps as streams: from a program in the container through zstd to the disk, and back. Nothing is whole in memory.
import { join } from 'node:path';
import { DECOMPRESS } from '../archive.ts';
import type { BackupContext, BackupFile } from '../kind.ts';
import { type Client, insideFailed } from './client.ts';

type Piped = Awaited<ReturnType<BackupContext['host']['exec']['pipe']>>;

/**
 * The server needs the cores, too: half of the work of level 3, and text of a database is no larger by it. At this verbosity zstd ends with
 * exact numbers: `12.34% (1000 B => 123 B, ...)`.
 */
const COUNTING = ['zstd', '-T0', '-1', '-c', '--no-progress', '-vv'];

function checkStages(
  context: BackupContext,
  client: Client,
  what: string,
  result: Piped,
  counted = result.codes,
): void {
  if (!result.timedOut && counted.every((code) => code === 0)) return;
  const tail = result.tail.filter((line) => !ZSTD_CHATTER.test(line));
  const rc = result.codes.find((code) => code !== 0 && code !== undefined);
  throw insideFailed(context, client, what, { tail, timedOut: result.timedOut }, rc);
}

const ZSTD_CHATTER = /^(\*\*\* Zstandard|Note: \d+ physical|Decompression will require|\/\*stdin\*\\)/;

/** @param command run in the container; its output is saved. @param between further stages before zstd. @returns the file, with the dump's size as fact `dumpBytes`. */
export async function saveDump(
  context: BackupContext,
  client: Client,
  what: string,
  command: readonly string[],
  folder: string,
  file: string,
  between: ReadonlyArray<readonly string[]> = [],
): Promise<BackupFile & { tail: string[] }> {
  const stages = [client.inside(...command), ...between, COUNTING];
  const result = await context.host.exec.pipe(stages, { ...client.options, toFile: join(folder, file) });
  checkStages(context, client, what, result);
  const size = result.tail
    .map((line) => line.match(/\((\d+) B => \d+ B, /)?.[1])
    .findLast((each) => each !== undefined);
  const facts = size === undefined ? {} : { dumpBytes: Number(size) };
  return { file, bytes: result.bytes, sha256: result.sha256, facts, tail: result.tail };
}

/** @param command reads the dump, in the container or (argv of its own) elsewhere. @throws step-failed. */
export async function feedDump(
  context: BackupContext,
  client: Client,
  what: string,
  path: string,
  argv: readonly string[],
): Promise<void> {
  const result = await context.host.exec.pipe([DECOMPRESS, argv], { ...client.options, fromFile: path });
  checkStages(context, client, what, result);
}

/**
 * The same, and what the last stage says; the text passes through the file `scratch`, which is removed.
 * @param beginning the first stage may have enough before the end of the dump, which then ends the decompressor.
 */
export async function readDump(
  context: BackupContext,
  client: Client,
  what: string,
  path: string,
  stages: ReadonlyArray<readonly string[]>,
  scratch: string,
  { beginning = false } = {},
): Promise<string> {
  try {
    const options = { ...client.options, fromFile: path, toFile: scratch };
    const result = await context.host.exec.pipe([DECOMPRESS, ...stages], options);
    checkStages(context, client, what, result, beginning ? result.codes.slice(1) : result.codes);
    return context.host.files.readText(scratch, { maxBytes: 256 * 1024 * 1024 }) ?? '';
  } finally {
    context.host.files.remove(scratch);
  }
}
