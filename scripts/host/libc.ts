// The few system calls that node:fs does not offer: pipes and memory files for children, flock, terminals, the clock of the boot.
import { dlopen, FFIType, ptr, read } from 'bun:ffi';
import { closeSync, writeSync } from 'node:fs';

const { i32, u32 } = FFIType;
const pointer = FFIType.ptr;

const { symbols: libc } = dlopen('libc.so.6', {
  pipe2: { args: [pointer, i32], returns: i32 },
  memfd_create: { args: [pointer, u32], returns: i32 },
  lseek: { args: [i32, FFIType.i64, i32], returns: FFIType.i64 },
  flock: { args: [i32, i32], returns: i32 },
  fcntl: { args: [i32, i32, i32], returns: i32 },
  isatty: { args: [i32], returns: i32 },
  poll: { args: [pointer, FFIType.u64, i32], returns: i32 },
  clock_gettime: { args: [i32, pointer], returns: i32 },
  __errno_location: { args: [], returns: pointer },
});

export const O_CLOEXEC = 0o2000000;
const MFD_CLOEXEC = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;
const F_SETPIPE_SZ = 1031;
const POLLIN = 1;
const CLOCK_BOOTTIME = 7;

function failed(call: string): Error {
  const place = libc.__errno_location();
  return new Error(`${call} failed with errno ${place === null ? 'unknown' : read.i32(place)}`);
}

/**
 * A real pipe, both ends close-on-exec. Bun's own `pipe` is a socket pair, on which a child cannot open /dev/stderr.
 * @param bytes wished capacity; the kernel's limits may leave it at 64 KiB.
 */
export function osPipe(bytes?: number): { readEnd: number; writeEnd: number } {
  const ends = new Int32Array(2);
  if (libc.pipe2(ptr(ends), O_CLOEXEC) !== 0) throw failed('pipe2');
  const [readEnd = -1, writeEnd = -1] = ends;
  if (bytes !== undefined) libc.fcntl(writeEnd, F_SETPIPE_SZ, bytes);
  return { readEnd, writeEnd };
}

/** Whether it is a terminal. node:tty loads all of node's streams to say so. */
export const isTerminal = (fd: number): boolean => libc.isatty(fd) === 1;

/** The pipe has something to read, or its end was reached. Does not wait. */
export function hasInput(fd: number): boolean {
  const entry = new Int32Array([fd, POLLIN]);
  return libc.poll(ptr(entry), 1n, 0) > 0;
}

/** A file that exists in memory only, at its beginning, for a child's standard input. The caller closes it. */
export function memoryFile(content: Uint8Array): number {
  const fd = libc.memfd_create(ptr(new TextEncoder().encode('input\0')), MFD_CLOEXEC);
  if (fd < 0) throw failed('memfd_create');
  try {
    for (let done = 0; done < content.length; ) done += writeSync(fd, content, done);
    if (libc.lseek(fd, 0n, 0) !== 0n) throw failed('lseek');
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Takes an exclusive flock without waiting. @returns false where another open file description holds it. */
export function tryFlock(fd: number): boolean {
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const place = libc.__errno_location();
  if (place !== null && read.i32(place) === EWOULDBLOCK) return false;
  throw failed('flock');
}

/** Milliseconds since the boot, time asleep included: the same clock in every process of this machine. */
export function bootTimeMs(): number {
  const time = new BigInt64Array(2);
  if (libc.clock_gettime(CLOCK_BOOTTIME, ptr(time)) !== 0) throw failed('clock_gettime');
  const [seconds = 0n, nanoseconds = 0n] = time;
  return Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
}
