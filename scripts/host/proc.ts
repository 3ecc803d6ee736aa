// Processes as /proc tells of them.
import { readdirSync, readFileSync } from 'node:fs';
import { errorCode } from './safe-open.ts';

export interface ProcessStat {
  state: string;
  group: number;
  /** Ticks since boot. */
  startTime: string;
}

const NOT_OURS_TO_SEE = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'];

/** undefined where there is no such process any more. A zombie is there, in state Z. */
export function processStat(pid: number): ProcessStat | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const text = readProc(pid, 'stat')?.toString('latin1');
  if (text === undefined) return undefined;
  // The command in field 2 may hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', group: Number(fields[2]), startTime: fields[19] ?? '' };
}

/** It runs: a zombie and a process that is just going away do not. */
export function isAlive(stat: ProcessStat | undefined): boolean {
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';
}

export const allPids = (): number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/** One of the process's files; undefined where it is gone or not ours to read. */
export function readProc(pid: number, name: 'stat' | 'environ' | 'cmdline'): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`);
  } catch (error) {
    if (NOT_OURS_TO_SEE.includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
