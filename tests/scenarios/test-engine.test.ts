// The test engine leaves nothing behind, also when whoever started it is killed.
import { expect, test } from 'bun:test';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SHARED_ENGINE, startTestEngine, unavailableReason } from '../../scripts/dev/engine/test-engine.ts';

const reason = unavailableReason();

const traces = (folder: string): string[] => {
  const processes = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout.split('\n');
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return [...processes, ...mounts].filter((line) => line.includes(folder));
};
const bridges = (): string[] =>
  [...spawnSync('ip', ['-br', 'link'], { encoding: 'utf8' }).stdout.matchAll(/^bly[0-9a-f]{8}/gm)].map(String);

test.skipIf(reason !== undefined)(
  'an engine that is stopped, and one whose owner is killed, leave nothing',
  async () => {
    const shared = process.env[SHARED_ENGINE];
    delete process.env[SHARED_ENGINE];
    const before = bridges();
    const started = startTestEngine().finally(() => {
      if (shared !== undefined) process.env[SHARED_ENGINE] = shared;
    });
    const script = `import { startTestEngine } from ${JSON.stringify(join(import.meta.dir, '..', '..', 'scripts', 'dev', 'engine', 'test-engine.ts'))};
    console.log((await startTestEngine()).socket); await Bun.sleep(60_000);`;
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => key !== SHARED_ENGINE));
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'], env });
    const socket = String(await new Promise((done) => owner.stdout.once('data', done))).trim();
    const engine = await started;
    expect(traces(dirname(socket)).length).toBeGreaterThan(0);
    expect(bridges().length).toBeGreaterThanOrEqual(before.length + 2);

    owner.kill('SIGKILL');
    await engine.stop();
    for (const folder of [dirname(engine.socket), dirname(socket)]) {
      for (let waited = 0; existsSync(folder) && waited < 20_000; waited += 50) await Bun.sleep(50);
      expect(existsSync(folder)).toBe(false);
      expect(traces(folder)).toEqual([]);
    }
  },
  60_000,
);
