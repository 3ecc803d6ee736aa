// What is wrong with settings, packages, `.env`, ports, modes and the lock.

import { expect } from 'bun:test';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPaths } from '../../../scripts/host/paths.ts';
import type { Host } from '../../../scripts/host/port.ts';
import { startCommand, until } from '../harness/process.ts';
import type { Case } from './case.ts';
import { HOOK, manifestOf, type WardBed } from './ward.ts';

const variable = (text: string) => `$${text}`;
const workspace = (bed: WardBed) => join(bed.root, '.asd/workspace');
const envText = (bed: WardBed) => readFileSync(join(bed.root, '.env'), 'utf8');

/** Something that listens on loopback. @returns its port. */
async function stranger(bed: WardBed): Promise<string> {
  const code = `const s = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } }); console.log(s.port); setInterval(() => {}, 1000)`;
  const child = Bun.spawn([process.execPath, '-e', code], { stdout: 'pipe' });
  bed.defer(() => child.kill());
  const { value } = await child.stdout.getReader().read();
  return new TextDecoder().decode(value).trim();
}

/** A host on which SELinux enforces, and folders are labelled as `stat` on PATH says. */
function enforcing(bed: WardBed): void {
  const selinux = '/sys/fs/selinux';
  bed.looking = {
    host: (host: Host): Host => ({
      ...host,
      files: {
        ...host.files,
        stat: (path) => host.files.stat(path.startsWith(selinux) ? bed.folder : path),
        readText: (path, options) => (path.startsWith(selinux) ? '1\n' : host.files.readText(path, options)),
      },
    }),
  };
  const data = join(bed.folder, 'data');
  mkdirSync(data, { recursive: true });
  const mount = { type: 'bind', source: data, target: '/data', bind: { create_host_path: true } };
  const resolved = JSON.stringify({ name: 'web', services: { web: { image: 'web:1', volumes: [mount] } } });
  bed.program('docker', `case "$*" in *--hash*) ;; *) echo '${resolved}' ;; esac`);
  label(bed, 'container_file_t');
  bed.program(
    'semanage',
    `[ "$*" = 'fcontext --add --type container_file_t ${data}(/.*)?' ] && echo "$5" > '${bed.folder}/type'`,
  );
  const relabelled = `printf '#!/bin/sh\\necho system_u:object_r:container_file_t:s0\\n' > '${bed.bin}/stat'`;
  bed.program('restorecon', `[ "$*" = '-R ${data}' ] && [ -e '${bed.folder}/type' ] && ${relabelled}`);
}
const label = (bed: WardBed, type: string) => bed.program('stat', `echo system_u:object_r:${type}:s0`);

function well(bed: WardBed): void {
  mkdirSync(join(workspace(bed), 'releases'), { recursive: true, mode: 0o700 });
  chmodSync(workspace(bed), 0o700);
  bed.put('.env', 'A=1\n');
  chmodSync(join(bed.root, '.env'), 0o640);
  writeFileSync(join(workspace(bed), 'releases/T-1.log'), '', { mode: 0o600 });
}

export const FILES: ReadonlyArray<Case<WardBed>> = [
  {
    check: 'settings',
    name: 'spoilt by hand',
    outcome: 'fail',
    says: /release\.yaml:1:1: concurency: .*did you mean "concurrency".*release\.yaml:2:/s,
    spoil: (bed) => bed.put('.asd/release.yaml', 'concurency: 2\nbranch: []\n'),
  },
  {
    check: 'manifests',
    name: 'spoilt by hand',
    outcome: 'fail',
    says: 'packages/web/manifest.yaml:2:10: runtime',
    spoil: (bed) => bed.put('packages/web/manifest.yaml', 'name: web\nruntime: compos\n'),
  },
  {
    check: 'manifests',
    name: 'a variable that .env does not give',
    outcome: 'fail',
    says: 'WEB_TAG is not set in .env',
    spoil: (bed) =>
      bed.put(
        'packages/web/manifest.yaml',
        manifestOf('web', 'compose').replace(
          'name: web\n',
          `name: web\nimage: { name: web, tag: "${variable('{WEB_TAG}')}" }\n`,
        ),
      ),
    answers: '2026-05\n',
    after: (bed) => expect(envText(bed)).toEndWith("WEB_TAG='2026-05'\n"),
  },
  {
    check: 'services',
    name: "a service's own file, spoilt by hand",
    outcome: 'fail',
    says: 'task',
    before: (bed) => rmSync(join(bed.root, 'packages/web'), { recursive: true }),
    spoil: (bed) => bed.put('packages/task/ecosystem.config.cjs', 'module.exports = { apps: 3 };\n'),
  },
  {
    check: 'hooks',
    name: 'one that does not parse',
    outcome: 'fail',
    says: /preflight.ts does not parse: line 1/,
    spoil: (bed) => bed.put(HOOK, 'const = 1;\n'),
  },
  {
    check: 'hooks',
    name: 'one of bash that does not parse',
    outcome: 'fail',
    says: 'post_data_restore.sh does not parse',
    spoil: (bed) => bed.put('packages/web/scripts/post_data_restore.sh', 'if then\n'),
  },
  {
    check: 'hooks',
    name: 'one that is not executable',
    outcome: 'warn',
    says: 'begins with #! and is not executable',
    spoil: (bed) => bed.put(HOOK, '#!/usr/bin/env bun\nexport {};\n'),
  },
  {
    check: 'env',
    name: 'what a template has',
    outcome: 'fail',
    says: /no WEB_NAME, which packages\/web\/tpl.env.*no WEB_COLOUR.*no WEB_TOKEN/s,
    before(bed) {
      bed.put('packages/web/tpl.env', '# words\nWEB_NAME=\'the web\'\nWEB_COLOUR="#fff"\nWEB_TOKEN=\n');
      bed.put('.env', "WEB_NAME=x\nWEB_TOKEN=y\nWEB_COLOUR='#000'");
    },
    spoil: (bed) => bed.put('.env', 'OTHER=1'),
    after: (bed) => expect(envText(bed)).toBe("OTHER=1\nWEB_NAME='the web'\n\nWEB_COLOUR='#fff'\n\nWEB_TOKEN=\n"),
  },
  {
    check: 'env',
    name: 'empty here, and not in its template',
    outcome: 'warn',
    says: 'WEB_NAME is empty in .env',
    before(bed) {
      bed.put('packages/web/tpl.env', 'WEB_NAME=web\n');
      bed.put('.env', 'WEB_NAME=x\n');
    },
    spoil: (bed) => bed.put('.env', 'WEB_NAME=\n'),
  },
  {
    check: 'env',
    name: 'what a compose file asks for',
    outcome: 'fail',
    says: '.env has no NEEDED, which the compose file of web asks for',
    spoil: (bed) =>
      bed.put(
        'packages/web/docker-compose.yaml',
        `services: { web: { image: "web:${variable('{TAG:-1}')}", environment: { A: "${variable('{NEEDED}')}", B: "$${variable('{NOT}')}" } } }\n# ${variable('{OLD}')}\n`,
      ),
    answers: 'its value # all of it\n',
    after: (bed) => expect(envText(bed)).toEndWith("\nNEEDED='its value # all of it'\n"),
  },
  {
    check: 'env',
    name: 'the address of a webhook',
    outcome: 'fail',
    says: '.env has no OPS, which notify in .asd/release.yaml asks for',
    spoil: (bed) => bed.put('.asd/release.yaml', 'notify: [{ url_env: OPS }]\n'),
    answers: 'https://ops.example.org/hook?to=us\n',
  },
  {
    check: 'ports',
    name: 'two services on one',
    outcome: 'fail',
    says: 'port 14999 is claimed by',
    before: (bed) => bed.put('.env', 'TASK_PORT=14999\n'),
    spoil: (bed) => bed.put('.env', 'TASK_PORT=14999\nWEB_PORT=14999\n'),
  },
  {
    check: 'ports',
    name: 'a stranger has it',
    outcome: 'fail',
    says: /port \d+ of task, which does not run, is held by .*process \d+/,
    before: (bed) => rmSync(join(bed.root, 'packages/web'), { recursive: true }),
    spoil: async (bed) => bed.put('.env', `TASK_PORT=${await stranger(bed)}\n`),
  },
  {
    check: 'modes',
    name: '.env is open to everybody',
    outcome: 'fail',
    says: 'everybody on this host may read .env',
    safe: true,
    before: well,
    spoil: (bed) => chmodSync(join(bed.root, '.env'), 0o644),
    after: (bed) => expect(statSync(join(bed.root, '.env')).mode & 0o777).toBe(0o640),
  },
  {
    check: 'modes',
    name: 'a log is open to others',
    outcome: 'fail',
    says: 'T-1.log is open to others (mode 644)',
    safe: true,
    before: well,
    spoil: (bed) => chmodSync(join(workspace(bed), 'releases/T-1.log'), 0o644),
    after: (bed) => expect(statSync(join(workspace(bed), 'releases/T-1.log')).mode & 0o777).toBe(0o600),
  },
  {
    check: 'modes',
    name: 'everybody may change the checkout',
    outcome: 'fail',
    says: 'everybody on this host may change the checkout',
    safe: true,
    before: well,
    spoil: (bed) => chmodSync(bed.root, 0o777),
  },
  {
    check: 'modes',
    name: 'a link in the place of the lock',
    outcome: 'fail',
    says: 'release.lock is no plain file',
    before: well,
    spoil: (bed) => symlinkSync('/etc/passwd', join(workspace(bed), 'release.lock')),
  },
  {
    check: 'modes',
    name: "records are somebody else's",
    outcome: 'fail',
    says: /T-1.log belongs to user 65534/,
    before: well,
    spoil: (bed) => chownSync(join(workspace(bed), 'releases/T-1.log'), 65534, 65534),
  },
  {
    check: 'selinux',
    name: 'a folder that containers may not read',
    outcome: 'fail',
    says: /labels .*\/data as user_home_t, which web:web may not read/,
    before: enforcing,
    spoil: (bed) => label(bed, 'user_home_t'),
    standIn: 'no kernel for tests has SELinux',
  },
  {
    check: 'lock',
    name: 'somebody works',
    outcome: 'fail',
    says: 'it is held by release-backup',
    async spoil(bed) {
      const { lock } = hostPaths(bed.root, bed.root, 'backups');
      mkdirSync(workspace(bed), { recursive: true });
      // What a dead process left in the file is no lock.
      writeFileSync(lock, 'PID=1\nSTART_TIME=0\nBOOT_ID=other\n');
      const holder = startCommand(['flock', '--no-fork', lock, 'sleep', '1000'], bed.root, {
        PATH: process.env.PATH ?? '',
      });
      bed.defer(() => holder.child.kill());
      const { machine } = bed.host;
      await until('it is locked', () => Bun.spawnSync(['flock', '--nonblock', lock, 'true']).exitCode !== 0);
      const facts = { PID: holder.pid, START_TIME: machine.startTime(holder.pid), BOOT_ID: machine.bootId };
      const lines = Object.entries({ ...facts, COMMAND: 'release-backup' }).map(([key, value]) => `${key}=${value}\n`);
      writeFileSync(lock, lines.join(''));
      setHolder(bed, holder.child);
    },
    // It ends while the line waits for it.
    meanwhile: (bed) => void setTimeout(() => holders.get(bed)?.kill(), 300),
  },
];

const holders = new WeakMap<WardBed, { kill(): unknown }>();
const setHolder = (bed: WardBed, child: { kill(): unknown }) => holders.set(bed, child);
