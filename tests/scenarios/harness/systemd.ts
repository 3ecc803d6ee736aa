// A machine for what only a service manager shows: Debian's systemd as the first process of a container, with a host's folder and the engine in it.
import { join, resolve } from 'node:path';
import { importSystemd, SYSTEMD_FLAGS, SYSTEMD_IMAGE } from '../../../scripts/dev/engine/systemd-image.ts';
import type { TestEngine } from '../../../scripts/dev/engine/test-engine.ts';
import type { ScenarioHost } from './host.ts';
import { mustRun, type Result, runCommand, until } from './process.ts';

const CHECKOUT = resolve(join(import.meta.dir, '../../..'));

export interface Machine {
  /** In the host's checkout, with its environment. */
  run(...argv: string[]): Promise<Result>;
  /** Lets it go at once. */
  detach(...argv: string[]): Promise<void>;
  /** An orderly shutdown. */
  shutDown(): Promise<void>;
  cutPower(): Promise<void>;
  /** Until systemd has started everything. */
  boot(): Promise<void>;
  remove(): Promise<void>;
}

/** Boots it. @throws Error where the image cannot be made or systemd does not come up. */
export async function startMachine(engine: TestEngine, host: ScenarioHost): Promise<Machine> {
  await importSystemd(engine);
  const env = { ...host.env, ...engine.env };
  const docker = (...argv: string[]) => mustRun(['docker', ...argv], '/', env);
  const name = `${host.prefix}machine`;
  const inside = (flags: readonly string[], argv: readonly string[]) => [
    'docker',
    'exec',
    `--workdir=${host.prod}`,
    ...Object.entries(host.env).map(([key, value]) => `--env=${key}=${value}`),
    ...flags,
    name,
    ...argv,
  ];
  const machine: Machine = {
    run: (...argv) => runCommand(inside([], argv), '/', env),
    detach: async (...argv) => void (await mustRun(inside(['--detach'], argv), '/', env)),
    shutDown: async () => void (await docker('stop', '--time=60', name)),
    cutPower: async () => void (await docker('kill', name)),
    async boot() {
      await docker('start', name);
      let said = '';
      await until(
        () => `systemd is up; it says ${said}`,
        async () => {
          said = (await machine.run('systemctl', 'is-system-running')).text.trim();
          return said === 'running' || said === 'degraded';
        },
      );
    },
    remove: async () => void (await docker('rm', '--force', '--volumes', name)),
  };
  const mounts = [`--volume=${host.folder}:${host.folder}`, `--volume=${CHECKOUT}:${CHECKOUT}:ro`];
  await docker('create', `--name=${name}`, `--hostname=${name}`, ...SYSTEMD_FLAGS, ...mounts, SYSTEMD_IMAGE);
  try {
    await machine.boot();
  } catch (error) {
    await machine.remove();
    throw error;
  }
  return machine;
}
