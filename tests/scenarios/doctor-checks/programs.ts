// What is wrong with the programs of a host: the engine's own, Docker, pm2, and what archives are made with.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_PATH } from '../../../scripts/dev/engine/packages.ts';
import { mustRun, runCommand } from '../harness/process.ts';
import type { Case } from './case.ts';
import type { WardBed } from './ward.ts';

const INSTALLS = 'it installs a package of the distribution';
const FETCHES = 'it fetches packages from their registry';
const BUN = '1.4.5';
const JUST = '1.57.0';

const engineOf = (bed: WardBed) => join(bed.folder, 'engine');
const modules = (bed: WardBed, path: string) => join(engineOf(bed), 'node_modules', path);
const JUST_FILE = 'rust-just-linux-x64/bin/just';

async function program(bed: WardBed, path: string, says: string): Promise<void> {
  const script = 'mkdir -p "${1%/*}" && printf "#!/bin/sh\\necho %s\\n" "$2" > "$1" && chmod +x "$1"';
  await mustRun(['sh', '-c', script, 'sh', modules(bed, path), says], '/', { PATH: SYSTEM_PATH });
}

/** An engine whose `bootstrap` brings its programs, and links just where it is found. */
async function engine(bed: WardBed): Promise<void> {
  mkdirSync(engineOf(bed));
  writeFileSync(join(engineOf(bed), 'package.json'), JSON.stringify({ dependencies: { bun: BUN, 'rust-just': JUST } }));
  await program(bed, 'bun/bin/bun.exe', BUN);
  await program(bed, JUST_FILE, `just ${JUST}`);
  const kept = join(bed.folder, 'kept');
  await mustRun(['cp', '-a', join(engineOf(bed), 'node_modules'), kept], '/', { PATH: SYSTEM_PATH });
  const link = `[ "$1" != --link ] || ln -sf '${modules(bed, JUST_FILE)}' '${bed.bin}/just'`;
  const text = `#!/bin/sh\nset -e\ncd '${engineOf(bed)}'\nrm -rf node_modules\ncp -a '${kept}' node_modules\n${link}\n`;
  writeFileSync(join(engineOf(bed), 'bootstrap'), text, { mode: 0o755 });
  await bed.type(`${engineOf(bed)}/bootstrap --link`);
  bed.looking = {
    engine: engineOf(bed),
    // This machine's own just is none of this host's.
    host: (host) => ({
      ...host,
      exec: {
        ...host.exec,
        which: (name, path) =>
          name !== 'just'
            ? host.exec.which(name, path)
            : existsSync(join(bed.bin, 'just'))
              ? join(bed.bin, 'just')
              : undefined,
      },
    }),
  };
}

/** What an operator types to install: it puts programs that are new enough on PATH. */
function installer(bed: WardBed): void {
  const names = ['git', 'tar', 'zstd', 'docker'].map((name) => `'${bed.bin}/${name}'`).join(' ');
  bed.program('apt-get', `[ "$1 $2" = 'install --yes' ] && rm -f ${names}`);
}

const tooOld = (check: string, script: string, says: string): Case<WardBed> => ({
  check,
  name: says,
  outcome: 'fail',
  says,
  before: installer,
  spoil: (bed) => bed.program(check, script),
  standIn: INSTALLS,
});

/** A program that answers as Docker does, on the socket of this host. @param routes expressions of Bun's, by path. */
async function startDocker(bed: WardBed, routes: string): Promise<void> {
  const socket = join(bed.folder, 'docker.sock');
  const file = join(bed.folder, 'docker.ts');
  writeFileSync(
    file,
    `import { rmSync } from 'node:fs';
const version = { 'Api-Version': '1.41', 'Content-Type': 'application/json' };
Bun.serve({ unix: ${JSON.stringify(socket)}, fetch(request) {
  const path = new URL(request.url).pathname.replace(/^\\/v[\\d.]+/, '');
  const answer = (() => { ${routes} })();
  return new Response(request.method === 'HEAD' ? null : JSON.stringify(answer ?? {}), { headers: version });
} });
`,
  );
  const pid = join(bed.folder, 'docker.pid');
  bed.program(
    'systemctl',
    `[ "$*" = 'start docker' ] || exit 1
'${process.execPath}' '${file}' > '${bed.folder}/docker.log' 2>&1 &
echo $! > '${pid}'
while ! [ -S '${socket}' ]; do sleep 0.05; done`,
  );
  bed.defer(() => stopDocker(bed));
  await bed.type('systemctl start docker');
}

async function stopDocker(bed: WardBed): Promise<void> {
  const script = 'if [ -e docker.pid ]; then kill "$(cat docker.pid)"; rm -f docker.pid docker.sock; fi';
  await runCommand(['sh', '-c', script], bed.folder, { PATH: SYSTEM_PATH });
}

const VERSION = `if (path === '/version') return { Version: '27.1', Os: 'linux', Arch: 'amd64' };`;
const full = (bed: WardBed) => join(bed.folder, 'full');

/** A disk of its own for what Docker keeps: nearly all of it are a cache and an image without a name. */
async function fullDisk(bed: WardBed): Promise<void> {
  mkdirSync(full(bed));
  await mustRun(['mount', '-t', 'tmpfs', '-o', 'size=4m,mode=700', 'tmpfs', full(bed)], '/', { PATH: SYSTEM_PATH });
  bed.defer(() => mustRun(['umount', full(bed)], '/', { PATH: SYSTEM_PATH }));
  const drop = `rmSync(${JSON.stringify(join(full(bed), 'cache'))}, { force: true }); return { SpaceReclaimed: 1, ImagesDeleted: [] };`;
  await startDocker(
    bed,
    `if (path === '/info') return { DockerRootDir: ${JSON.stringify(full(bed))} };
  if (request.method === 'POST' && (path === '/build/prune' || path === '/images/prune')) { ${drop} }`,
  );
}
const fill = (bed: WardBed, bytes: number) =>
  mustRun(['sh', '-c', `head -c ${bytes} /dev/zero > '${full(bed)}/cache'`], '/', { PATH: SYSTEM_PATH });

export const PROGRAMS: ReadonlyArray<Case<WardBed>> = [
  {
    check: 'bun',
    name: 'the engine has none',
    outcome: 'fail',
    says: 'has no bun of its own',
    before: engine,
    spoil: (bed) => rmSync(modules(bed, ''), { recursive: true }),
    standIn: FETCHES,
  },
  {
    check: 'bun',
    name: 'another one',
    outcome: 'fail',
    says: `is 1.3.0, pinned is ${BUN}`,
    before: engine,
    spoil: (bed) => program(bed, 'bun/bin/bun.exe', '1.3.0'),
    standIn: FETCHES,
  },
  {
    check: 'just',
    name: 'one that does not run',
    outcome: 'fail',
    says: 'does not run',
    before: engine,
    spoil: (bed) => writeFileSync(modules(bed, JUST_FILE), 'nonsense'),
    standIn: FETCHES,
  },
  {
    check: 'just',
    name: 'nobody finds it',
    outcome: 'warn',
    says: 'just is not on PATH',
    before: engine,
    spoil: (bed) => rmSync(join(bed.bin, 'just')),
    standIn: FETCHES,
  },
  tooOld('git', 'echo git version 2.20.1', 'git is 2.20.1; 2.30 or newer is needed'),
  tooOld('zstd', 'exit 1', 'zstd does not run'),
  tooOld('tar', 'echo bsdtar 3.6', 'tar is not GNU tar'),
  {
    check: 'docker',
    name: 'it does not answer',
    outcome: 'fail',
    says: 'Docker does not answer',
    before: async (bed) => {
      bed.program('docker', 'echo 27.1');
      await startDocker(bed, VERSION);
    },
    spoil: stopDocker,
    standIn: 'it starts a service of the machine',
  },
  {
    check: 'compose',
    name: 'too old',
    outcome: 'fail',
    says: 'Docker Compose is 2.19.0; 2.20 or newer is needed',
    async before(bed) {
      await startDocker(bed, VERSION);
      // With this setting it is for docker to say where compose is, whatever this machine has.
      bed.put('../home/.docker/config.json', '{"cliPluginsExtraDirs": []}');
      bed.program(
        'apt-get',
        `[ "$3" = docker-compose-v2 ] && printf '#!/bin/sh\\necho 2.40.1\\n' > '${bed.bin}/docker'`,
      );
      bed.program('docker', 'echo 2.30.0');
    },
    spoil: (bed) => bed.program('docker', 'echo 2.19.0'),
    standIn: INSTALLS,
  },
  {
    check: 'docker-disk',
    name: 'full',
    outcome: 'fail',
    says: /100 % of the disk of .* is used|9\d % of the disk/,
    before: fullDisk,
    spoil: (bed) => fill(bed, 4_100_000),
  },
  {
    check: 'docker-disk',
    name: 'nearly full',
    outcome: 'warn',
    says: /(?:8|9)\d % of the disk of .* is used/,
    before: fullDisk,
    spoil: (bed) => fill(bed, 3_750_000),
  },
  {
    check: 'pm2',
    name: 'it is not there',
    outcome: 'fail',
    says: 'pm2 was not found',
    before(bed) {
      const program = join(bed.bin, 'pm2');
      bed.program(
        'npm',
        `[ "$*" = 'install --global pm2' ] && printf '#!/bin/sh\\n' > '${program}' && chmod +x '${program}'`,
      );
      bed.program('pm2', '');
      bed.looking = { engine: join(bed.folder, 'engine') };
      bed.put('../home/.pm2/pm2.pid', String(process.pid));
    },
    spoil: (bed) => rmSync(join(bed.bin, 'pm2')),
    standIn: FETCHES,
  },
  {
    check: 'clock',
    name: 'nobody keeps it right',
    outcome: 'warn',
    says: 'nothing keeps the clock right',
    before(bed) {
      const synced = join(bed.folder, 'synced');
      bed.program(
        'timedatectl',
        `case "$*" in 'set-ntp true') : > '${synced}' ;; show*) [ -e '${synced}' ] && echo yes || echo no ;; esac`,
      );
      writeFileSync(synced, '');
    },
    spoil: (bed) => rmSync(join(bed.folder, 'synced')),
    standIn: 'it sets the clock of the machine',
  },
  {
    check: 'clock',
    name: 'before what is on record',
    outcome: 'fail',
    says: 'the clock says 1970-01-01',
    before(bed) {
      const synced = join(bed.folder, 'synced');
      bed.program('timedatectl', `[ "$*" = 'set-ntp true' ] || { echo yes; exit; }; : > '${synced}'`);
      writeFileSync(synced, '');
      const now = () => (existsSync(synced) ? new Date() : new Date(0));
      bed.looking = { host: (host) => ({ ...host, clock: { ...host.clock, now } }) };
    },
    spoil: (bed) => rmSync(join(bed.folder, 'synced')),
    standIn: 'it sets the clock of the machine',
  },
];
