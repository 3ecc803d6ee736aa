// A file that a child writes by itself, hashed behind its back while it grows: the data never passes through a pipe of ours.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { stepFailed } from '../model/error.ts';
import { O_CLOEXEC } from './libc.ts';
import { cannotWrite } from './safe-open.ts';

const CHUNK = 1024 * 1024;
const POLL_MS = 10;
/** So much is written before the disk is told to start. */
const FLUSH_BYTES = 32 * CHUNK;

export interface FollowedFile {
  /** For the child's standard output. */
  readonly fd: number;
  /** Call it when all writers are over: reads the rest, flushes to the disk. @throws step-failed where the disk fails. */
  finish(): Promise<{ bytes: number; sha256: string }>;
  close(): Promise<void>;
}

/** Makes the file anew, 0600, and begins to hash it. */
export async function followFile(path: string): Promise<FollowedFile> {
  const { O_RDWR, O_CREAT, O_TRUNC, O_NOFOLLOW, O_APPEND } = constants;
  const file = await open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0o600);
  const hasher = new Bun.CryptoHasher('sha256');
  const buffer = new Uint8Array(CHUNK);
  let over = false;
  const flush = () =>
    file.sync().catch((error) => {
      throw cannotWrite(path, error);
    });
  let bytes = 0;
  /** @returns how much was there to read, at most up to `end`. */
  const step = async (end: number): Promise<number> => {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK, end - bytes), bytes);
    hasher.update(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
    return bytesRead;
  };
  const follow = async () => {
    let flushed = 0;
    let flushing: Promise<void> | undefined;
    while (!over) {
      if ((await step(Number.POSITIVE_INFINITY)) === 0) await Bun.sleep(POLL_MS);
      if (bytes - flushed >= FLUSH_BYTES && flushing === undefined) {
        flushed = bytes;
        flushing = flush().then(() => {
          flushing = undefined;
        });
        // Awaited below; a failure must not become an unhandled one meanwhile.
        flushing.catch(() => undefined);
      }
    }
    await flushing;
  };
  const followed = follow();
  followed.catch(() => undefined);
  return {
    fd: file.fd,
    async finish() {
      over = true;
      await followed;
      await file.chmod(0o600);
      const end = (await file.stat()).size;
      const rest = async () => {
        while (bytes < end && (await step(end)) > 0);
      };
      // Both are waited for: nothing of ours is at work in the file when it is closed.
      const done = await Promise.allSettled([rest(), flush()]);
      for (const each of done) if (each.status === 'rejected') throw each.reason;
      const { size } = await file.stat();
      if (size !== bytes) {
        throw stepFailed({
          what: `${path} still grew when the command that wrote it was over`,
          hint: 'Look for what still writes to it: fuser -v FILE',
        });
      }
      return { bytes, sha256: hasher.digest('hex') };
    },
    async close() {
      over = true;
      await followed.catch(() => undefined);
      await file.close();
    },
  };
}
