// Who has a port that a service of containers needs: another container, or Docker itself for one that is gone.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScenarioHost } from '../harness/host.ts';
import { until } from '../harness/process.ts';
import type { Case } from './case.ts';
import type { LiveBed } from './live.ts';

const web = (h: ScenarioHost) => `${h.prefix}beta-web-1`;
const squatter = (h: ScenarioHost) => `${h.prefix}squatter`;
const envFile = (h: ScenarioHost) => join(h.prod, '.env');
const settings = new WeakMap<LiveBed, string>();

/** Beta does not run, and its port is as it was. */
async function down(bed: LiveBed): Promise<void> {
  const { host: h } = bed;
  const before = settings.get(bed) ?? readFileSync(envFile(h), 'utf8');
  settings.set(bed, before);
  writeFileSync(envFile(h), before);
  await h.docker?.('stop', '--time=0', web(h));
}

async function up(bed: LiveBed): Promise<void> {
  const { host: h } = bed;
  writeFileSync(envFile(h), settings.get(bed) ?? '');
  await h.docker?.('start', web(h));
}

const ghosts = new WeakMap<LiveBed, ReturnType<typeof Bun.spawn>>();
const ghostFolder = (h: ScenarioHost) => join(h.folder, 'ghost');

/** What `systemctl restart docker` ends: a process with the name of Docker's own proxy. */
function layGhost({ host: h }: LiveBed): void {
  const bin = ghostFolder(h);
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'docker-proxy'));
  const restarts = `#!/bin/sh\n[ "$*" = 'restart docker' ] && kill "$(cat '${bin}/pid')" && sleep 0.5\n`;
  writeFileSync(join(bin, 'systemctl'), restarts, { mode: 0o755 });
  h.env.PATH = `${bin}:${h.env.PATH}`;
}

async function startGhost(bed: LiveBed): Promise<void> {
  const { host: h } = bed;
  const bin = ghostFolder(h);
  const code = `Bun.serve({ hostname: '127.0.0.1', port: ${h.port('beta')}, fetch: () => new Response('') })`;
  const child = Bun.spawn([join(bin, 'docker-proxy'), '-e', code], { stdio: ['ignore', 'ignore', 'ignore'] });
  ghosts.set(bed, child);
  writeFileSync(join(bin, 'pid'), String(child.pid));
  await until('the port is held', async () => (await h.httpVersion('beta')) !== undefined);
}

export const PORTS: ReadonlyArray<Case<LiveBed>> = [
  {
    check: 'ports',
    name: 'another container has it',
    outcome: 'fail',
    says: /port \d+ of beta, which does not have it, is held by the container \S+squatter/,
    async spoil(bed) {
      const { host: h } = bed;
      await down(bed);
      const image = (await h.docker?.('inspect', '--format={{.Image}}', web(h)))?.stdout.trim() ?? '';
      const port = `--publish=127.0.0.1:${h.port('beta')}:8080`;
      await h.docker?.('run', '--detach', '--rm', `--name=${squatter(h)}`, port, image);
    },
    async after(bed) {
      const { host: h } = bed;
      await h.docker?.('rm', '--force', squatter(h));
      await up(bed);
    },
  },
  {
    check: 'ports',
    name: 'Docker has it for a container that is gone',
    outcome: 'fail',
    says: /port \d+ of beta, which does not have it, is held by Docker, for a container that is gone/,
    before: layGhost,
    async spoil(bed) {
      await down(bed);
      await startGhost(bed);
    },
    async after(bed) {
      ghosts.get(bed)?.kill();
      await ghosts.get(bed)?.exited;
      await up(bed);
    },
    standIn: "it restarts this machine's Docker; the long form with a killed dockerd meets the real thing",
  },
];
