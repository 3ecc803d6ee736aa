// Dumps as streams: from a program in the container through zstd to the disk, and back. Nothing is whole in memory.
import { join } from 'node:path';
import { DECOMPRESS } from '../archive.ts';
import type { BackupContext, BackupFile } from '../kind.ts';
import { type Client, insideFailed } from './client.ts';

type Piped = Awaited<ReturnType<BackupContext['host']['exec']['pipe']>>;

/**
 * The server needs the cores, too: half of the work of level 3, and text of a database is no larger by it. At this verbosity zstd ends with
 * exact numbers: `12.34% (  1000 B =>    123 B, ...)`.
 */
const COUNTING = ['-1', '-c', '--no-progress', '-vv'];
const ON_HOST = ['zstd', '-T0', ...COUNTING];
/** A container may have little memory: every thread takes some. */
const INSIDE = ['zstd', '-T2', ...COUNTING];
/** Runs its arguments and compresses what they print. Exits as they do, else as zstd does. */
const COMPRESSED = `exec 3>&1
codes=$({ { "$@" 3>&- 4>&-; echo $? >&4; } | ${INSIDE.join(' ')} >&3 3>&- 4>&-; echo $? >&4; } 4>&1)
set -- $codes
[ "\${1:-1}" = 0 ] || exit "\${1:-1}"
exit "\${2:-1}"`;

/** Whether the container has a zstd that takes our options; many images have one. Asked once for all dumps of a backup. */
async function compressesInside(context: BackupContext, client: Client): Promise<boolean> {
  const answer = trials.get(client) ?? tryInside(context, client);
  trials.set(client, answer);
  return await answer;
}
const trials = new WeakMap<Client, Promise<boolean>>();

async function tryInside(context: BackupContext, client: Client): Promise<boolean> {
  const trial = client.inside('sh', '-c', `${INSIDE.join(' ')} < /dev/null`);
  return (await context.host.exec.run(trial, client.options)).code === 0;
}

/**
 * What Docker takes to pass the output of a command on costs more than the dump itself, so that it is compressed before, where that is possible.
 * What is put between sees the dump as it is.
 */
async function dumpStages(
  context: BackupContext,
  client: Client,
  command: readonly string[],
  between: ReadonlyArray<readonly string[]>,
): Promise<ReadonlyArray<readonly string[]>> {
  if (between.length === 0 && (await compressesInside(context, client)))
    return [client.inside('sh', '-c', COMPRESSED, 'sh', ...command)];
  return [client.inside(...command), ...between, ON_HOST];
}

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

const ZSTD_CHATTER =
  /^(--(?:zstd|format)=|Using std(?:in|out) for |\*\*\* Zstandard|Note: \d+ physical|Decompression will require|\/\*stdin\*\\)/;

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
  const stages = await dumpStages(context, client, command, between);
  const result = await context.host.exec.pipe(stages, { ...client.options, toFile: join(folder, file) });
  checkStages(context, client, what, result);
  const size = result.tail
    .map((line) => line.match(/\( *(\d+) B => +\d+ B, /)?.[1])
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
