// A Docker engine for tests: own socket, data, containerd, bridge and cgroup, never a user's.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../model/error.ts';
import { dockerConfigFolder, ensureDebianPackages, missingPrograms, SYSTEM_PATH } from './packages.ts';

export interface TestEngine {
  /** Path of its unix socket. */
  socket: string;
  /** For every process that is to talk to it. */
  env: { DOCKER_HOST: string; DOCKER_CONFIG: string };
  /** Ends it and takes away all that it made. Of a shared engine: nothing happens. */
  stop(): Promise<void>;
}

/** A test runner that started an engine for all puts its DOCKER_HOST here. */
export const SHARED_ENGINE = 'BELAY_TEST_DOCKER_HOST';

/** Why no engine can be had here; undefined where one can. Installs Debian's packages first where that is allowed. */
export function unavailableReason(): string | undefined {
  if (process.env[SHARED_ENGINE]) return undefined;
  if (process.platform !== 'linux') return 'a Docker engine needs Linux';
  if (process.getuid?.() !== 0) return 'a Docker engine of its own needs root';
  try {
    ensureDebianPackages();
    const missing = missingPrograms();
    if (missing.length > 0) return `missing: ${missing.join(', ')}`;
    dockerConfigFolder();
  } catch (error) {
    return messageOf(error);
  }
  return undefined;
}

/**
 * A shared engine where BELAY_TEST_DOCKER_HOST names one, else a new one, ready. It also ends when this process does, however it does.
 * @param own never the shared one: for what looks at all that an engine has. @throws Error where it does not start.
 */
export async function startTestEngine({ own = false } = {}): Promise<TestEngine> {
  const config = dockerConfigFolder();
  const shared = own ? undefined : process.env[SHARED_ENGINE];
  if (shared) {
    return {
      socket: shared.replace(/^unix:\/\//, ''),
      env: { DOCKER_HOST: shared, DOCKER_CONFIG: config },
      stop: () => Promise.resolve(),
    };
  }
  const root = mkdtempSync(join(tmpdir(), 'belay-engine-'));
  const id = randomBytes(4).toString('hex');
  const net = freeNetwork();
  writeFileSync(join(root, 'daemon.json'), '{}');
  const keeper = spawn(
    'sh',
    [join(import.meta.dir, 'keeper.sh'), root, `bly${id}`, `${net}.0.1/24`, `${net}.128.0/17`, `belay-${id}`],
    { detached: true, stdio: ['pipe', 'ignore', 'inherit'], env: { PATH: SYSTEM_PATH, HOME: root } },
  );
  let over = false;
  const ended = new Promise<void>((resolve) => {
    keeper.once('close', () => {
      over = true;
      resolve();
    });
  });
  const stop = async () => {
    keeper.ref();
    keeper.stdin.end();
    await ended;
  };
  const socket = join(root, 'docker.sock');
  for (let waited = 0; !(await answers(socket)); waited += 50) {
    if (over || waited > 30_000) {
      const log = join(root, 'dockerd.log');
      const tail = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' | ') : 'no log';
      await stop();
      throw new Error(`the test engine did not start: ${tail}`);
    }
    await Bun.sleep(50);
  }
  keeper.unref();
  return { socket, env: { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: config }, stop };
}

/**
 * For a test file: an engine, or undefined with the reason said in one line. All files of one process share it; it ends with the process.
 * @throws Error instead where CI=true.
 */
export async function engineForTests(): Promise<TestEngine | undefined> {
  const reason = unavailableReason();
  if (reason === undefined) {
    const engine = await startTestEngine();
    process.env[SHARED_ENGINE] = engine.env.DOCKER_HOST;
    return engine;
  }
  if (process.env.CI === 'true') throw new Error(`no Docker engine for the tests: ${reason}`);
  console.warn(`skipped, no Docker engine for the tests: ${reason}`);
  return undefined;
}

/** Whether a Docker engine answers there. */
export async function answers(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  try {
    return (await fetch('http://localhost/_ping', { unix: socket, signal: AbortSignal.timeout(1_000) })).ok;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

/** The first two numbers of a 10.x.0.0/16 that no address or route of this machine is in. */
function freeNetwork(): string {
  const taken = ['addr', 'route']
    .map((what) => spawnSync('ip', ['-4', what], { encoding: 'utf8', env: { PATH: SYSTEM_PATH } }).stdout)
    .join('\n');
  for (let attempt = 0; attempt < 100; attempt++) {
    const net = `10.${randomInt(100, 250)}`;
    if (!taken.includes(` ${net}.`) && !taken.includes(`\n${net}.`) && !taken.startsWith(`${net}.`)) return net;
  }
  throw new Error('no free 10.x.0.0/16 network for the test engine');
}
