// What the test engine is made of: Debian's packages, and the Compose plugin of a newer Debian.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

/** Where system daemons are, whatever the caller's PATH says. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const CACHE = resolve(import.meta.dir, '../../../node_modules/.cache/belay');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const COMPOSE_SUITE = 'trixie';
const PROGRAMS: Record<string, string> = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  containerd: 'containerd',
  'docker-registry': 'docker-registry',
  busybox: 'busybox-static',
  zstd: 'zstd',
  ip: 'iproute2',
  debootstrap: 'debootstrap',
};

function run(argv: string[], env: Record<string, string> = {}): { ok: boolean; stdout: string; tail: string } {
  const [program = '', ...rest] = argv;
  const done = spawnSync(program, rest, {
    env: { PATH: SYSTEM_PATH, HOME: '/nonexistent', LC_ALL: 'C', ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 << 20,
  });
  const tail = `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`
    .trim()
    .split('\n')
    .slice(-3)
    .join(' | ');
  return { ok: done.status === 0, stdout: done.stdout ?? '', tail };
}

export const mustRun = (argv: string[], env?: Record<string, string>): string => {
  const done = run(argv, env);
  if (!done.ok) throw new Error(`${argv.slice(0, 6).join(' ')} failed: ${done.tail}`);
  return done.stdout;
};

const osRelease = (): string => (existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '');

/** Programs of the test engine that this machine lacks. */
export const missingPrograms = (): string[] =>
  Object.keys(PROGRAMS).filter((program) => Bun.which(program, { PATH: SYSTEM_PATH }) === null);

/** Installs what is missing; only as root on Debian, otherwise it does nothing. @throws Error where apt-get fails. */
export function ensureDebianPackages(): void {
  const wanted = [...new Set(missingPrograms().map((program) => PROGRAMS[program] ?? program))];
  if (wanted.length === 0 || process.getuid?.() !== 0 || !/^ID=debian$/m.test(osRelease())) return;
  // RUNLEVEL=1 keeps the packages' own services from being started.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...wanted];
  if (run(install, env).ok) return;
  mustRun(['apt-get', 'update'], env);
  mustRun(install, env);
}

/** A folder to be used as DOCKER_CONFIG, with a Compose 2 plugin in it. Downloaded once, into the checkout's node_modules. @throws Error where it cannot be had. */
export function dockerConfigFolder(): string {
  const folder = join(CACHE, 'docker');
  mkdirSync(join(folder, 'cli-plugins'), { recursive: true });
  const plugin = join(folder, 'cli-plugins', 'docker-compose');
  if (existsSync(plugin)) return folder;
  const version = run(['docker', 'compose', 'version', '--short'], { DOCKER_CONFIG: folder });
  const [major = 0, minor = 0] = version.stdout.trim().replace(/^v/, '').split('.').map(Number);
  if (version.ok && (major > 2 || (major === 2 && minor >= 20))) return folder;
  downloadPlugin(plugin);
  return folder;
}

/** The mirror that this machine's own apt uses. */
export function debianMirror(): string {
  const listed = mustRun(['apt-get', 'indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']).split('\n');
  const mirror = listed.find((uri) => /\/debian\/?$/.test(uri));
  if (mirror === undefined) throw new Error('no Debian mirror among the sources of apt');
  return mirror;
}

function downloadPlugin(plugin: string): void {
  const work = mkdtempSync(join(CACHE, 'compose-'));
  try {
    chmodSync(work, 0o755);
    const [list, lists, archives] = [join(work, 'sources.list'), join(work, 'lists'), join(work, 'archives')];
    mkdirSync(join(lists, 'partial'), { recursive: true });
    mkdirSync(join(archives, 'archives', 'partial'), { recursive: true });
    writeFileSync(list, `deb [signed-by=${KEYRING}] ${debianMirror()} ${COMPOSE_SUITE} main\n`);
    const apt = [
      'apt-get',
      '-o',
      `Dir::Etc::sourcelist=${list}`,
      '-o',
      'Dir::Etc::sourceparts=/dev/null',
      '-o',
      `Dir::State::Lists=${lists}`,
      '-o',
      `Dir::Cache=${archives}`,
      '-o',
      'APT::Sandbox::User=root',
    ];
    mustRun([...apt, 'update']);
    mustRun(['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', work, ...apt, 'download', 'docker-compose']);
    const packages = [...new Bun.Glob('docker-compose_*.deb').scanSync(work)];
    mustRun(['dpkg-deb', '-x', join(work, packages[0] ?? 'docker-compose.deb'), join(work, 'tree')]);
    const binary = join(work, 'tree/usr/libexec/docker/cli-plugins/docker-compose');
    chmodSync(binary, 0o755);
    renameSync(binary, plugin);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
