// Opening files that somebody else may have replaced by a link, a FIFO or a folder.
import { closeSync, constants, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { messageOf, refused, stepFailed } from '../model/error.ts';
import { O_CLOEXEC } from './libc.ts';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

export const errorCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;

/** Closes whatever comes. @returns what `use` returns. */
export function withOpen<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Opens a regular file. @param follow the last part of the path may be a link. @throws refused for anything else in its place; the OS error. */
export function openRegular(path: string, flags: number = O_RDONLY, options: { mode?: number; follow?: boolean } = {}) {
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO without a writer would hang the open.
    fd = openSync(path, flags | O_NONBLOCK | O_CLOEXEC | (options.follow ? 0 : O_NOFOLLOW), options.mode ?? 0o600);
  } catch (error) {
    const kind = { ELOOP: 'a symbolic link', ENXIO: 'a FIFO or socket', EISDIR: 'a folder' }[errorCode(error) ?? ''];
    if (kind !== undefined) throw notRegular(path, kind, error);
    throw error;
  }
  const stat = fstatSync(fd);
  if (stat.isFile()) return { fd, stat };
  closeSync(fd);
  throw notRegular(path, stat.isDirectory() ? 'a folder' : stat.isFIFO() ? 'a FIFO' : 'a device or socket');
}

const notRegular = (path: string, kind: string, cause?: unknown) =>
  refused(
    {
      what: `${path} is ${kind}, where a plain file should be`,
      hint: 'Look who put it there; move it away, then try again.',
    },
    cause,
  );

/** Writes all of it. @throws step-failed with the path. */
export function writeAll(fd: number, content: Uint8Array, path: string): void {
  try {
    for (let done = 0; done < content.length; ) done += writeSync(fd, content, done);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** @throws step-failed; never call it again for the same data, since the kernel may have dropped what it could not write. */
export function flush(fd: number, path: string): void {
  try {
    fsyncSync(fd);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

export function cannotWrite(path: string, error: unknown) {
  const full = errorCode(error) === 'ENOSPC' || errorCode(error) === 'EDQUOT';
  return stepFailed(
    {
      what: `${path} could not be written: ${messageOf(error)}`,
      hint: full
        ? `Free space on the file system that holds ${path}.`
        : `Check the disk that holds ${path} (dmesg, df, mount).`,
    },
    error,
  );
}
