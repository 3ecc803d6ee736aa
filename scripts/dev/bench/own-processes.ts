// The memory of the engine's own processes below a folder, while something runs: what it starts (tar, zstd, docker) is not its memory.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const EVERY_MS = 20;

function textOf(path: string, read: (path: string) => string): string {
  try {
    return read(path);
  } catch (error) {
    // It ended between the look at /proc and this one.
    if (error instanceof Error && 'code' in error) return '';
    throw error;
  }
}

/** In MB, the largest that one of them had so far. */
function peakNow(folder: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const own = pids.filter((pid) => {
    const exe = textOf(`/proc/${pid}/exe`, readlinkSync);
    return /\/bun(\.exe)?$/.test(exe) && textOf(`/proc/${pid}/cwd`, readlinkSync).startsWith(folder);
  });
  const sizes = own.map((pid) => {
    const kb = /^VmHWM:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`, (path) => readFileSync(path, 'latin1')))?.[1];
    return (Number(kb ?? 0) * 1024) / 1e6;
  });
  return Math.max(0, ...sizes);
}

/** @param folder that they work in. @returns what `act` does, and their largest resident set meanwhile. */
export async function withPeak<T>(folder: string, act: () => Promise<T>): Promise<{ value: T; mb: number }> {
  let mb = 0;
  const look = setInterval(() => {
    mb = Math.max(mb, peakNow(folder));
  }, EVERY_MS);
  try {
    const value = await act();
    return { value, mb };
  } finally {
    clearInterval(look);
  }
}
