// The port to the simulated world: the engine's own code runs on it, and cannot tell.
import { join } from 'node:path';
import type { Clock, Host, Http } from '../../host/port.ts';
import { refused } from '../../model/error.ts';
import { lives } from './beside.ts';
import { osError } from './disk.ts';
import { dockerApi, dockerEvents } from './docker-api.ts';
import { hang } from './hanging.ts';
import { Hung } from './program.ts';
import { type Orphans, simExec } from './sim-exec.ts';
import { simFiles } from './sim-files.ts';
import { Killed, type World } from './world.ts';

const ENGINE_HASH = '0123456789abcdef';
/** What the simulated machine was started with. */
export const ENVIRONMENT: Readonly<Record<string, string>> = { PATH: '/usr/bin:/bin', HOME: '/root', USER: 'root' };

/** @param root the host repository. */
export function simHost(world: World, root: string, orphans: Orphans): Host {
  return {
    files: simFiles(world),
    exec: simExec(world, orphans),
    http: simHttp(world),
    clock: simClock(world),
    machine: {
      hostname: 'simulated',
      user: 'root',
      uid: 0,
      pid: world.pid,
      cwd: root,
      startTime: (pid) => (lives(world, pid) ? String(pid) : undefined),
      bootId: world.bootId,
      cores: 2,
      env: ENVIRONMENT,
      alive: (pid) => lives(world, pid),
      terminate: () => false,
      random: (bytes) =>
        Array.from({ length: bytes }, () =>
          Math.floor(world.random() * 256)
            .toString(16)
            .padStart(2, '0'),
        ).join(''),
    },
    own: {
      engineHash: ENGINE_HASH,
      async openEngine(paths, hash) {
        const folder = join(paths.engines, hash);
        if (world.disk.find(folder) === undefined)
          throw refused({ what: `the frozen engine ${hash} cannot be used: it is not there`, where: folder });
        return { hash, folder, bun: '/usr/bin/bun', nodePath: `${folder}/node_modules`, command: () => [] };
      },
      onStop(callback) {
        world.stops.add(callback);
        return () => void world.stops.delete(callback);
      },
    },
  };
}

function simClock(world: World): Clock {
  const { clock } = world;
  return {
    now: () => new Date(clock.now()),
    monotonicMs: () => clock.now() - world.bootedMs,
    async sleep(ms, signal) {
      if (signal?.aborted || ms <= 0) return;
      await new Promise<void>((resolve) => {
        const cancel = clock.at(ms, resolve, true);
        signal?.addEventListener('abort', () => {
          cancel();
          resolve();
        });
      });
    },
    deadline(ms) {
      const controller = new AbortController();
      clock.at(ms, () => controller.abort(new DOMException('The operation timed out', 'TimeoutError')), false);
      return controller.signal;
    },
  };
}

function simHttp(world: World): Http {
  const alive = (): void => {
    if (world.dead) throw new Killed('killed before a request');
  };
  return {
    getSoon: () => undefined,
    async get(url) {
      alive();
      const { port, pathname } = new URL(url);
      const container = world.containers.onPort(port);
      if (container === undefined) throw osError('ECONNREFUSED', 'connect', url);
      const version = container.imageRef.slice(container.imageRef.lastIndexOf(':') + 1);
      const sick = version.startsWith('sick') && container.variables.MOOD !== 'healed';
      if (pathname === '/health' && sick) return { status: 503, headers: {}, body: 'sick' };
      return { status: 200, headers: {}, body: pathname === '/version' ? version : 'ok' };
    },
    async post(url) {
      alive();
      throw osError('ECONNREFUSED', 'connect', url);
    },
    async unix(_socket, method, path, options) {
      alive();
      try {
        return dockerApi(world, method, path);
      } catch (error) {
        if (!(error instanceof Hung)) throw error;
        if (await hang(world, `docker ${path}`, options))
          throw new DOMException('The operation timed out.', 'TimeoutError');
        throw options.signal?.reason;
      }
    },
    async *unixLines(_socket, path, signal) {
      alive();
      yield* dockerEvents(world, path);
      if (path.includes('until=')) return;
      if (signal.aborted) return;
      const letGo = world.clock.hold();
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      letGo();
    },
  };
}
