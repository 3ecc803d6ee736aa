// The dockerd of a test engine, which can be killed and started again as it was.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isAlive, kill, until } from '../../../../tests/scenarios/harness/process.ts';
import { answers, type TestEngine } from '../../engine/test-engine.ts';

const START_MS = 60_000;

export interface Daemon {
  /** kill -9. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it as its service manager does, and starts it. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** With live-restore, as whoever wants to restart dockerd without his services has it. */
export async function takeOver({ socket }: TestEngine): Promise<Daemon> {
  const root = dirname(socket);
  const pid = () => Number(readFileSync(join(root, 'dockerd.pid'), 'utf8'));
  const parts = (what: string) => readFileSync(`/proc/${pid()}/${what}`, 'utf8').split('\0').slice(0, -1);
  const [program = '', ...args] = parts('cmdline');
  const env = Object.fromEntries(
    parts('environ').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  writeFileSync(join(root, 'daemon.json'), '{ "live-restore": true }');
  const end = async (signal: NodeJS.Signals) => {
    const last = pid();
    kill(last, signal);
    await until('dockerd has ended', () => !isAlive(last), START_MS);
  };
  const start = async () => {
    spawn(program, args, { env, stdio: 'ignore', detached: true }).unref();
    await until('dockerd answers', () => answers(socket), START_MS);
  };
  const restart = async () => {
    await end('SIGTERM');
    await start();
  };
  await restart();
  return { kill: () => end('SIGKILL'), start, restart, stop: () => end('SIGTERM') };
}
