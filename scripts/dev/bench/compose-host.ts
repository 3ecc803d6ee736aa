// A host with N small compose services, a volume with data each, and new versions of all of them to release.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openScenarioHost, type ScenarioHost } from '../../../tests/scenarios/harness/host.ts';
import type { TestEngine } from '../engine/test-engine.ts';
import { withPeak } from './own-processes.ts';
import { timed } from './program.ts';
import type { Scratch } from './scratch.ts';

const MEGABYTE = 1 << 20;
const LIMIT = join(import.meta.dir, 'limit.sh');

export interface ComposeHost {
  names: string[];
  ports: number[];
  /**
   * Puts a commit with a new version of every service on the remote.
   * @param interval seconds between two of Docker's own health checks; undefined: the compose files have none.
   * @returns the version.
   */
  commit(interval?: number): Promise<string>;
  /** @returns seconds. @throws Error where it is not released. */
  releaseRun(version: string): Promise<number>;
  /** Takes a release back. @returns seconds without its push, and those of the push. @throws Error where it is not reverted. */
  revert(version: string): Promise<{ s: number; pushS: number }>;
  /** With the largest resident set of the engine's own processes meanwhile. */
  measured<T>(act: () => Promise<T>): Promise<{ value: T; mb: number }>;
  /** The bash script. @param width how many services at once. */
  limit(version: string, width: number): Promise<number>;
  /** What the records say of a release's pauses, in milliseconds. */
  pausedMs(version: string): number;
  close(): Promise<void>;
}

/** Half of it random, as data is. */
async function fillVolume(host: ScenarioHost, name: string, megabytes: number): Promise<void> {
  const found = await host.docker?.('volume', 'inspect', '--format', '{{.Mountpoint}}', `${host.prefix}${name}_files`);
  if (found?.code !== 0) throw new Error(`no volume of ${name}: ${found?.text}`);
  const fd = openSync(join(found.stdout.trim(), 'data'), 'w');
  for (let at = 0; at < megabytes; at += 1) {
    const block = Buffer.alloc(MEGABYTE, `line ${at} of the data of ${name}\n`);
    if (at % 2 === 0)
      for (let from = 0; from < MEGABYTE; from += 65_536) crypto.getRandomValues(block.subarray(from, from + 65_536));
    writeSync(fd, block);
  }
  fsyncSync(fd);
  closeSync(fd);
}

/** @param megabytes in each volume. */
export async function openComposeHost(
  scratch: Scratch,
  docker: TestEngine,
  services: number,
  megabytes: number,
): Promise<ComposeHost> {
  const names = Array.from({ length: services }, (_, at) => `bench${at}`);
  const manifest = {
    priority: 10,
    backup: { enabled: true, type: ['volume'], volumes: [{ suffix: 'files' }], consistency: 'live' },
    health: { endpoint: '/health', timeout: '60s', stable_for: '0s', version_endpoint: '/version' },
  };
  const host = await openScenarioHost(
    'compose',
    { services: Object.fromEntries(names.map((name) => [name, { manifest }])), engine: scratch.engine },
    docker,
  );
  const close = () => host.close();
  scratch.closeLater(close);
  try {
    for (const name of names) await fillVolume(host, name, megabytes);
  } catch (error) {
    await close();
    throw error;
  }
  let last = 1;
  return {
    names,
    ports: names.map(host.port),
    async commit(interval) {
      last += 1;
      const version = String(last);
      const files = Object.assign({}, ...(await Promise.all(names.map((name) => host.service(name, version)))));
      for (const name of names) {
        const path = `packages/${name}/docker-compose.yaml`;
        const check = `    healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/health"], interval: ${interval}s }\n`;
        if (interval !== undefined) files[path] = files[path].replace('    init: true\n', `    init: true\n${check}`);
      }
      await host.push(files);
      return version;
    },
    async releaseRun(version) {
      const { code, ms, text } = await host.run('run', [`V${version}`]);
      if (code !== 0) throw new Error(`release-run exited ${code}: ${text}`);
      return ms / 1000;
    },
    async revert(version) {
      const { code, ms, text } = await host.run('revert', [`V${version}`]);
      if (code !== 0) throw new Error(`release-revert exited ${code}: ${text}`);
      const push = host.log(`V${version}`).find((e) => e.step === 'push' && e.event === 'step-done');
      const pushS = Number.parseFloat(push?.fields.duration ?? '0');
      await host.git(host.dev, 'pull', '--quiet', '--ff-only', 'origin', 'main');
      return { s: ms / 1000 - pushS, pushS };
    },
    measured: (act) => withPeak(host.folder, act),
    async limit(version, width) {
      return (await timed(['bash', LIMIT, String(width), host.prefix, version], host.prod, host.env)).ms / 1000;
    },
    pausedMs: (version) =>
      host.log(`V${version}`).reduce((sum, { fields }) => sum + 1000 * Number.parseFloat(fields.paused ?? '0'), 0),
    close,
  };
}
