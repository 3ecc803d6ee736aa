// A kernel lock on a file. It goes with this process, whatever way that ends, and never with a child.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { tryFlock } from './libc.ts';
import type { FileLock } from './port.ts';
import { errorCode, openRegular } from './safe-open.ts';

const { O_CREAT, O_RDWR } = constants;
const TRIES = 5;
const RETRY_MS = 5;

/** The path names the very file that is open as `held`. */
function names(path: string, held: Stats): boolean {
  try {
    const there = lstatSync(path);
    return there.dev === held.dev && there.ino === held.ino;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Tries for a moment: when a holder is killed while it starts a child, that child has the lock, too, until its exec has
 * closed what is close-on-exec.
 */
function flockSoon(fd: number): boolean {
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (tryFlock(fd)) return true;
    Bun.sleepSync(RETRY_MS);
  }
  return tryFlock(fd);
}

/** @returns undefined where another holds it. @throws refused where something else than a file is in its place. */
export function takeLock(path: string): FileLock | undefined {
  for (;;) {
    // openRegular opens close-on-exec: a daemon that a hook starts would otherwise keep the lock after us.
    const { fd, stat } = openRegular(path, O_RDWR | O_CREAT);
    let taken = false;
    try {
      if (!flockSoon(fd)) return undefined;
      // Somebody may have put another file there between open and flock.
      if (!names(path, stat)) continue;
      fchmodSync(fd, 0o600);
      taken = true;
      return heldLock(path, fd);
    } finally {
      if (!taken) closeSync(fd);
    }
  }
}

function heldLock(path: string, fd: number): FileLock {
  let held = true;
  return {
    write(content) {
      const bytes = new TextEncoder().encode(content);
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, done);
      ftruncateSync(fd, bytes.length);
      fsyncSync(fd);
    },
    stillHeld: () => held && names(path, fstatSync(fd)),
    release() {
      if (!held) return;
      held = false;
      ftruncateSync(fd, 0);
      closeSync(fd);
    },
  };
}
