// Facts of the machine, and of processes by their number.
import { readFileSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { send } from './children.ts';
import type { Machine } from './port.ts';
import { isAlive, processStat } from './proc.ts';
import { randomHex } from './random.ts';

/** From /etc/passwd, or else the number: USER is missing under cron and ssh commands, and may say anything. */
function userName(uid: number): string {
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.split(':')[2] === String(uid));
  return row?.split(':')[0] ?? String(uid);
}

/** @param env of this process, as it was started. */
export function openMachine(env: Readonly<Record<string, string>>): Machine {
  const uid = process.getuid?.() ?? 0;
  return {
    hostname: hostname(),
    user: userName(uid),
    uid,
    pid: process.pid,
    cwd: process.cwd(),
    startTime: (pid) => processStat(pid)?.startTime,
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    cores: availableParallelism(),
    env,
    alive: (pid) => isAlive(processStat(pid)),
    terminate(pid, startTime) {
      const stat = processStat(pid);
      return isAlive(stat) && stat?.startTime === startTime && send(pid, 'SIGTERM');
    },
    random: randomHex,
  };
}
