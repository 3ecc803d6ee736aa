// A folder or file as one `tar | zstd` archive that keeps owner, mode, times, links, holes, attributes and access lists, and its read-back.
// Mounts below the folder are followed on purpose (no --one-file-system): the service sees them, too.
import { basename, dirname, join } from 'node:path';
import type { RunOptions } from '../host/port.ts';
import { refused, stepFailed } from '../model/error.ts';
import { compressor, isSmall } from './compress.ts';
import type { BackupContext, BackupFile, BackupItem } from './kind.ts';
import { shellComment, shellWord } from './shell.ts';
import { checkSums } from './sums.ts';
import { checkTools, toolEnv } from './tools.ts';

export const COMPRESS = ['zstd', '-T0', '-3', '-q', '-c'] as const;
export const DECOMPRESS = ['zstd', '-d', '-q', '-c'] as const;
export const TAR_KEEPS = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'] as const;
/**
 * 64 KiB a call: by itself, tar moves 10. Whoever reads an archive says so, too: tar reads to the end of the record that the end of
 * the archive lies in, and in records of its own size it may stop while the decompressor still has some to write.
 */
const BLOCKS = '--blocking-factor=128';
export const TAR_WRITES = [
  '--create',
  '--file=-',
  '--format=posix',
  '--pax-option=delete=atime,delete=ctime',
  '--sparse',
  '--totals',
  BLOCKS,
  ...TAR_KEEPS,
] as const;
export const TAR_READS = [
  'tar',
  '--extract',
  '--file=-',
  BLOCKS,
  '--same-owner',
  '--same-permissions',
  ...TAR_KEEPS,
] as const;
/** Contents, kinds, modes, owners, sizes and times of everything in the archive against what lies in a folder. */
export const TAR_COMPARES = ['tar', '--compare', '--file=-', BLOCKS, '--numeric-owner'] as const;
/** Escaped names are one a line, whatever they hold. */
const LISTING = ['--quoting-style=escape'] as const;

/** What a run of tools needs of the context. */
export function toolOptions(context: BackupContext): RunOptions {
  const signal = context.signal === undefined ? {} : { signal: context.signal };
  // What outlives a killed engine is found by the mark, and ended before anything is begun anew.
  const mark = context.mark === undefined ? {} : { mark: `${context.mark}.backup` };
  return { env: toolEnv(context), secrets: context.secrets, timeoutMs: context.timeoutMs, ...signal, ...mark };
}

/** @throws step-failed where a command of the pipe failed or was ended. `okay` says which exit codes of the first one pass. */
export function checkPipe(
  result: { codes: Array<number | undefined>; tail: string[]; timedOut: boolean },
  what: string,
  where: string,
  okay: readonly number[] = [0],
): void {
  if (result.timedOut) throw stepFailed({ what: `${what} took too long and was ended`, where });
  if (result.codes.every((code, index) => code !== undefined && (index === 0 ? okay : [0]).includes(code))) return;
  const code = result.codes.find((each) => each !== 0);
  const changed = result.codes[0] === 1 && result.tail.some((line) => line.startsWith('tar: '));
  throw stepFailed({
    what: `${what} failed`,
    where,
    details: result.tail.slice(-10),
    ...(code === undefined ? {} : { rc: code }),
    ...(changed
      ? {
          hint: 'Something writes there although the service was held still: find it, or set backup.consistency to live.',
        }
      : {}),
  });
}

/** @param from absolute path of a folder or file. @throws step-failed; a source that changes meanwhile passes only where the item says that it may. */
export async function writeArchive(
  context: BackupContext,
  item: BackupItem,
  from: string,
  folder: string,
): Promise<BackupFile> {
  const kind = context.host.files.stat(from)?.kind;
  if (kind !== 'folder' && kind !== 'file')
    throw refused({ what: `${from} is neither a folder nor a file`, where: item.describes });
  const file = `${item.name}.tar.zst`;
  const index = join(folder, `.${item.name}.index`);
  const inside =
    kind === 'folder' ? [`--directory=${from}`, '.'] : [`--directory=${dirname(from)}`, `./${basename(from)}`];
  const tar = ['tar', ...TAR_WRITES, ...LISTING, '--verbose', `--index-file=${index}`, ...inside];
  const options = { ...toolOptions(context), toFile: join(folder, file) };
  const compress = compressor((await checkTools(context, [])).zstd ?? '', isSmall(context.host, from));
  const written = await context.host.exec.pipe([tar, compress], options);
  checkPipe(written, `archiving ${item.describes}`, from, item.mayChange ? [0, 1] : [0]);
  const listed = await context.host.exec.pipe([['tr', '-cd', '\\n']], { ...toolOptions(context), fromFile: index });
  checkPipe(listed, `counting the entries of ${item.describes}`, index);
  const facts: BackupFile['facts'] = {
    what: kind,
    entries: listed.bytes,
    listing: await context.host.files.sha256(index),
    tarBytes: tarBytes(written.tail),
    ...(written.codes[0] === 1 ? { changedWhileRead: 1 } : {}),
  };
  context.host.files.remove(index);
  return { file, bytes: written.bytes, sha256: written.sha256, facts };
}

/** tar's own last words; 0 where they are missing. */
export function tarBytes(tail: readonly string[]): number {
  const line = tail.findLast((each) => each.startsWith('Total bytes written: '));
  return Number(line?.match(/: (\d+)/)?.[1] ?? 0);
}

/** The checksum, then the names in the archive against those that were written. @throws step-failed. */
export async function checkArchive(context: BackupContext, folder: string, file: BackupFile): Promise<void> {
  const where = join(folder, file.file);
  const list = ['tar', '--list', '--file=-', BLOCKS, ...LISTING];
  const read = { ...toolOptions(context), fromFile: where };
  const byName = file.facts.listing !== undefined;
  const [sums, listed] = await Promise.allSettled([
    checkSums(context, folder, [file]),
    context.host.exec.pipe(byName ? [DECOMPRESS, list] : [DECOMPRESS, list, ['tr', '-cd', '\\n']], read),
  ]);
  // What is not what was written may fail in any way: that is said first.
  if (sums.status === 'rejected') throw sums.reason;
  if (listed.status === 'rejected') throw listed.reason;
  const result = listed.value;
  checkPipe(result, 'reading the archive back', where);
  if (byName ? result.sha256 === file.facts.listing : result.bytes === file.facts.entries) return;
  throw stepFailed({
    what: byName
      ? 'the archive does not hold the names that were written'
      : `the archive holds ${result.bytes} entries of ${file.facts.entries}`,
    where,
    hint: 'Take the backup again; if it happens twice, check memory and disk of this host.',
  });
}

/** Side by side, then swapped; what was there stays as <target>.~1~ (~2~, ...). */
export function unpackCommands(file: BackupFile, target: string): string[] {
  const unpack = TAR_READS.map(shellWord).join(' ');
  const whole = file.facts.what === 'folder';
  return [
    shellComment(`${target} is put together beside itself, then swapped; what is there now stays as ${target}.~1~`),
    `TARGET=${shellWord(target)}`,
    'rm -rf -- "$TARGET.restore"',
    'mkdir -p -- "$TARGET.restore"',
    `zstd -d -q -c -- ${shellWord(file.file)} | ${unpack} --directory="$TARGET.restore"`,
    whole
      ? 'mv --no-target-directory --backup=numbered -- "$TARGET.restore" "$TARGET"'
      : 'mv --no-target-directory --backup=numbered -- "$TARGET.restore/${TARGET##*/}" "$TARGET"',
    ...(whole ? [] : ['rmdir -- "$TARGET.restore"']),
  ];
}
