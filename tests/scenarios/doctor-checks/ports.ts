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

const answers = async (port: number): Promise<boolean> => {
  try {
    await fetch(`http://127.0.0.1:${port}/`);
    return true;
  } catch {
    return false;
  }
};

/** Has the port under the name of Docker's own proxy, until `systemctl restart docker` is typed. */
async function ghost({ host: h }: LiveBed): Promise<void> {
  const bin = join(h.folder, 'ghost');
  if (!h.env.PATH?.startsWith(`${bin}:`)) {
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'docker-proxy'));
    writeFileSync(
      join(bin, 'systemctl'),
      `#!/bin/sh\n[ "$*" = 'restart docker' ] && kill "$(cat '${bin}/pid')" && sleep 0.5\n`,
      { mode: 0o755 },
    );
    h.env.PATH = `${bin}:${h.env.PATH}`;
  }
  const code = `Bun.serve({ hostname: '127.0.0.1', port: ${h.port('beta')}, fetch: () => new Response('') })`;
  const child = Bun.spawn([join(bin, 'docker-proxy'), '-e', code], { stdio: ['ignore', 'ignore', 'ignore'] });
  writeFileSync(join(bin, 'pid'), String(child.pid));
  ghosts.set(h, [...(ghosts.get(h) ?? []), child]);
  await until('the port is held', () => answers(h.port('beta')));
}
const ghosts = new WeakMap<ScenarioHost, Array<ReturnType<typeof Bun.spawn>>>();

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
    async spoil(bed) {
      await down(bed);
      await ghost(bed);
    },
    async after(bed) {
      for (const child of ghosts.get(bed.host) ?? []) child.kill();
      await Promise.all((ghosts.get(bed.host) ?? []).map(({ exited }) => exited));
      await up(bed);
    },
    standIn: "it restarts this machine's Docker; the long form with a killed dockerd meets the real thing",
  },
];
