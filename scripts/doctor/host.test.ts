// The checks of programs, files, ports and clock: hosts on which each fails, and the printed command that mends it.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPaths } from '../host/paths.ts';
import { clock } from './checks/clock.ts';
import { compose, docker } from './checks/docker.ts';
import { dockerDisk } from './checks/docker-disk.ts';
import { env } from './checks/env.ts';
import { guard } from './checks/guard.ts';
import { hooks } from './checks/hooks.ts';
import { modes } from './checks/modes.ts';
import { pm2 } from './checks/pm2.ts';
import { ports } from './checks/ports.ts';
import { git, tar, zstd } from './checks/programs.ts';
import { lock } from './checks/records.ts';
import { resolve } from './checks/resolve.ts';
import { manifests, settings } from './checks/settings.ts';
import { commandLines, failures, openWard, type Ward } from './fixture.ts';

const MANIFEST = (name: string, runtime: string) =>
  `name: ${name}\nruntime: ${runtime}\ncontainers: [{ name: ${name}, role: app }]\nrequirements: { port_env: [{ env: ${name.toUpperCase()}_PORT, default: 1${name.length}123 }] }\n`;
const HOOK = 'packages/web/scripts/preflight.ts';

let ward: Ward;
const put = (path: string, text: string) => {
  mkdirSync(join(ward.root, path, '..'), { recursive: true });
  writeFileSync(join(ward.root, path), text);
};
beforeEach(() => {
  ward = openWard({
    'packages/web/manifest.yaml': MANIFEST('web', 'compose'),
    'packages/web/docker-compose.yaml': 'services: { web: { image: "web:1" } }\n',
    'packages/task/manifest.yaml': MANIFEST('task', 'pm2'),
    'packages/task/ecosystem.config.cjs':
      'module.exports = { apps: [{ name: "task", script: "x.ts", cwd: __dirname }] };\n',
    [HOOK]: 'const words: string[] = [];\nexport { words };\n',
    'packages/web/scripts/post_data_restore.sh': 'echo well\n',
    '.asd/release.yaml': 'concurrency: 2\n',
  });
  // What an operator types to install: it puts programs that are new enough on PATH.
  ward.program(
    'apt-get',
    `for p in git tar zstd docker; do rm -f "${ward.bin}/$p"; done; touch "${ward.folder}/installed-$3"`,
  );
});
afterEach(() => ward.close());

test.each([
  [git, 'git', 'echo git version 2.20.1', 'git is 2.20.1; 2.30 or newer is needed'],
  [zstd, 'zstd', 'exit 1', 'zstd does not run'],
  [tar, 'tar', 'echo bsdtar 3.6', 'tar is not GNU tar'],
])('%#: a program that is too old, or none', async (check, name, script, says) => {
  await ward.proves(check, () => ward.program(name, script), says);
});

test('Docker does not answer; Compose is too old', async () => {
  const socket = join(ward.folder, 'docker.sock');
  const engine = () =>
    Bun.serve({ unix: socket, fetch: () => Response.json({ Version: '27.1', Os: 'linux', Arch: 'amd64' }) });
  mkdirSync(join(ward.folder, 'home/.docker'), { recursive: true });
  // With this setting it is for docker to say where compose is, whatever this machine has.
  writeFileSync(join(ward.folder, 'home/.docker/config.json'), '{"cliPluginsExtraDirs": []}');
  ward.program('docker', 'echo 2.30.0');
  ward.program('systemctl', `[ "$*" = 'start docker' ] && : > ${ward.folder}/started`);
  expect(failures(await ward.examine(compose))).toEqual([]);
  const down = await ward.examine(docker);
  expect(failures(down)[0]?.what).toContain('Docker does not answer');
  expect(ward.type(commandLines(down)[0] ?? 'false')).toBe(0);
  readFileSync(join(ward.folder, 'started'));
  const started = engine();
  try {
    expect(failures(await ward.examine(docker))).toEqual([]);
    ward.program('apt-get', `printf '#!/bin/sh\\necho 2.40.1\\n' > ${ward.bin}/docker`);
    await ward.proves(compose, () => ward.program('docker', 'echo 2.19.0'), 'Docker Compose is 2.19.0');
  } finally {
    await started.stop(true);
  }
});

test('the disk of Docker is full', async () => {
  const engine = Bun.serve({
    unix: join(ward.folder, 'docker.sock'),
    fetch: () => Response.json({ DockerRootDir: '/data' }),
  });
  const df = (percent: number) => `echo Filesystem; echo "/dev/vda1 100 1 1 ${percent}% /data"`;
  ward.program('df', df(40));
  ward.program('docker', `printf '#!/bin/sh\\n${df(50).replaceAll('%', '%%')}\\n' > ${ward.bin}/df`);
  try {
    await ward.proves(dockerDisk, () => ward.program('df', df(97)), '97 % of the disk of /data is used');
    ward.program('df', df(90));
    expect((await ward.examine(dockerDisk)).findings[0]?.outcome).toBe('warn');
  } finally {
    await engine.stop(true);
  }
});

test('pm2 is not there; its daemon does not run', async () => {
  const program = join(ward.bin, 'pm2');
  ward.program('npm', `printf '#!/bin/sh\n' > ${program}; chmod +x ${program}`);
  ward.program('pm2', '');
  const engine = join(ward.folder, 'engine');
  await ward.proves(pm2, () => rmSync(program), 'pm2 was not found', { engine });
  expect((await ward.examine(pm2, { engine })).findings[0]).toMatchObject({ outcome: 'warn' });
  mkdirSync(join(ward.folder, 'home/.pm2'));
  writeFileSync(join(ward.folder, 'home/.pm2/pm2.pid'), String(process.pid));
  expect((await ward.examine(pm2, { engine })).findings[0]).toMatchObject({ outcome: 'pass' });
});

test('settings and manifests that were spoilt by hand: all problems with their places', async () => {
  await ward.proves(
    settings,
    () => put('.asd/release.yaml', 'concurency: 2\nbranch: []\n'),
    /release\.yaml:1:1: concurency: .*did you mean "concurrency".*release\.yaml:2:/s,
  );
  await ward.proves(
    manifests,
    () => put('packages/web/manifest.yaml', 'name: web\nruntime: compos\n'),
    'packages/web/manifest.yaml:2:10: runtime',
  );
});

test('a manifest asks for a variable that .env does not give', async () => {
  const text = MANIFEST('web', 'compose').replace(
    'name: web\n',
    'name: web\nimage: { name: web, tag: "$' + '{WEB_TAG}" }\n',
  );
  await ward.proves(manifests, () => put('packages/web/manifest.yaml', text), 'WEB_TAG is not set in .env');
});

test('hooks that do not parse', async () => {
  await ward.proves(hooks, () => put(HOOK, 'const = 1;\n'), /preflight.ts does not parse: line 1/);
  await ward.proves(
    hooks,
    () => put('packages/web/scripts/post_data_restore.sh', 'if then\n'),
    'post_data_restore.sh does not parse',
  );
  put(HOOK, '#!/usr/bin/env bun\nexport {};\n');
  const { findings } = await ward.examine(hooks);
  expect(findings[0]).toMatchObject({ outcome: 'warn', mends: [{ command: `chmod +x ${HOOK}` }] });
  chmodSync(join(ward.root, HOOK), 0o755);
  expect((await ward.examine(hooks)).findings[0]?.outcome).toBe('pass');
});

test('a service whose own file does not resolve', async () => {
  put('packages/task/x.ts', '');
  rmSync(join(ward.root, 'packages/web'), { recursive: true });
  await ward.proves(
    resolve,
    () => put('packages/task/ecosystem.config.cjs', 'module.exports = { apps: 3 };\n'),
    'task',
  );
});

test('.env lacks what a template and a compose file ask for', async () => {
  put('packages/web/tpl.env', "# words\nWEB_NAME='the web'\nWEB_TOKEN=\n");
  put('.env', 'WEB_NAME=x\nWEB_TOKEN=y');
  await ward.proves(env, () => put('.env', 'OTHER=1'), /no WEB_NAME, which packages\/web\/tpl.env.*no WEB_TOKEN/s);
  expect(readFileSync(join(ward.root, '.env'), 'utf8')).toBe('OTHER=1\nWEB_NAME=the web\n\nWEB_TOKEN=\n');
  const file =
    'services: { web: { image: "web:$' +
    '{TAG:-1}", environment: { A: "$' +
    '{NEEDED}", B: "$$' +
    '{NOT}" } } }\n# $' +
    '{OLD}\n';
  await ward.proves(
    env,
    () => put('packages/web/docker-compose.yaml', file),
    '.env has no NEEDED, which the compose file of web asks for',
  );
  await ward.proves(
    env,
    () => put('.asd/release.yaml', 'notify: [{ url_env: OPS }]\n'),
    '.env has no OPS, which notify in .asd/release.yaml asks for',
  );
});

test('two services on one port; a stranger on the port of a service that is down', async () => {
  put('.env', 'TASK_PORT=14999\n');
  await ward.proves(ports, () => put('.env', 'TASK_PORT=14999\nWEB_PORT=14999\n'), 'port 14999 is claimed by');

  rmSync(join(ward.root, 'packages/web'), { recursive: true });
  put('packages/task/x.ts', '');
  const program = "Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} }, }); ";
  const stranger = Bun.spawn(
    [process.execPath, '-e', `const s = ${program} console.log(s.port); setInterval(() => {}, 1000)`],
    { stdout: 'pipe' },
  );
  try {
    const { value } = await stranger.stdout.getReader().read();
    const port = new TextDecoder().decode(value).trim();
    await ward.proves(
      ports,
      () => put('.env', `TASK_PORT=${port}\n`),
      new RegExp(`port ${port} of task, which does not run, is held by .*process ${stranger.pid}`),
    );
    await stranger.exited;
  } finally {
    stranger.kill();
  }
});

test('records, .env and checkout that others may read or change', async () => {
  const workspace = join(ward.root, '.asd/workspace');
  mkdirSync(join(workspace, 'releases'), { recursive: true, mode: 0o700 });
  chmodSync(workspace, 0o700);
  put('.env', 'A=1\n');
  chmodSync(join(ward.root, '.env'), 0o640);
  const log = join(workspace, 'releases/T-1.log');
  writeFileSync(log, '', { mode: 0o600 });
  await ward.proves(modes, () => chmodSync(join(ward.root, '.env'), 0o644), 'everybody on this host may read .env');
  await ward.proves(modes, () => chmodSync(log, 0o644), 'T-1.log is open to others (mode 644)');
  await ward.proves(modes, () => chmodSync(ward.root, 0o777), 'everybody on this host may change the checkout');
  expect(statSync(log).mode & 0o777).toBe(0o600);
  await ward.proves(
    modes,
    () => symlinkSync('/etc/passwd', join(workspace, 'release.lock')),
    'release.lock is no plain file',
  );
});

test('releases wait for a confirmation, and nobody would watch over them after a reboot', async () => {
  const installed = join(ward.folder, 'installed');
  ward.program('just', `[ "$*" = guard-install ] && touch ${installed}`);
  const guarded = async () => existsSync(installed);
  expect((await ward.examine(guard, { guarded })).findings[0]).toMatchObject({ outcome: 'skip' });
  put('.asd/release.yaml', 'confirm: { within: 10m }\n');
  ward.type('just guard-install');
  await ward.proves(guard, () => rmSync(installed), 'after a reboot nobody watches', { guarded });
});

test('a clock before what is on record, and one that nobody keeps', async () => {
  ward.program(
    'timedatectl',
    `case "$1" in set-ntp) : > ${ward.folder}/synced ;; *) [ -e ${ward.folder}/synced ] && echo yes || echo no ;; esac`,
  );
  const at = (time: () => Date) => (host: Ward['host']) => ({ ...host, clock: { ...host.clock, now: time } });
  const synced = () => (existsSync(join(ward.folder, 'synced')) ? new Date() : new Date(0));
  const early = await ward.examine(clock, { host: at(synced) });
  expect(failures(early)[0]?.what).toContain('the clock says 1970-01-01');
  expect(ward.type(commandLines(early)[0] ?? 'false')).toBe(0);
  expect((await ward.examine(clock, { host: at(synced) })).findings[0]?.outcome).toBe('pass');
  rmSync(join(ward.folder, 'synced'));
  expect((await ward.examine(clock)).findings[0]?.outcome).toBe('warn');
});

test('a lock that is held fails until it is free; what a dead process left in the file does not', async () => {
  const { workspace, lock: file } = hostPaths(ward.root, ward.root, 'backups');
  mkdirSync(workspace, { recursive: true });
  writeFileSync(file, 'PID=1\nSTART_TIME=0\nBOOT_ID=other\n');
  const { machine } = ward.host;
  await ward.proves(
    lock,
    async () => {
      const holder = Bun.spawn(['flock', file, 'sleep', '0.3']);
      await Bun.sleep(50);
      const facts = {
        PID: holder.pid,
        START_TIME: machine.startTime(holder.pid),
        BOOT_ID: machine.bootId,
        COMMAND: 'release-backup',
      };
      writeFileSync(
        file,
        Object.entries(facts)
          .map(([key, value]) => `${key}=${value}\n`)
          .join(''),
      );
    },
    'it is held by release-backup',
  );
});
